/**
 * How many changes of each actor a document holds, read from its storage chunk without Automerge. An actor's changes are
 * numbered from 1 without gaps, so that this tells which places are taken.
 *
 *   body of a document chunk: actors, heads, columns of changes, columns of operations (count, then { kind, length } each),
 *   then the data of both
 *   column of actors: runs of { count, index }, or { −count, indexes }, as signed and unsigned LEB128
 */
import { createReader, type Reader, toHex } from '../bytes.ts'
import { inflateWithin } from '../client/inflate.ts'
import { type Change, type Chunk, isChange } from './chunk.ts'
import { readHashes } from './hashes.ts'

const ACTORS = 1
const DEFLATED = 8
const MAX_COLUMN_BYTES = 16 * 1024 * 1024
/** magic 4, checksum 4, kind 1 */
const BEFORE_LENGTH = 9

/** Whether one of these has a change in this place. */
export const hasPlace = (chunks: readonly Chunk[], { actor, seq }: Change): boolean =>
  chunks.some((chunk) => {
    if (isChange(chunk)) return chunk.actor === actor && chunk.seq === seq
    return chunk.type === 'document' && (changesByActor(chunk.bytes).get(actor) ?? 0) >= seq
  })

/** Empty when the document cannot be read. */
export const changesByActor = (document: Uint8Array): ReadonlyMap<string, number> => {
  const reader = createReader(document)
  reader.bytes(BEFORE_LENGTH)
  reader.varint()
  const actors: string[] = []
  for (let left = reader.varint(); left > 0 && reader.sound(); left--) {
    actors.push(toHex(reader.blob(Number.MAX_SAFE_INTEGER)))
  }
  readHashes(reader)
  const columns = readColumns(reader)
  readColumns(reader)
  const counts = new Map<string, number>()
  for (const { kind, length } of columns) {
    const data = reader.bytes(length)
    if (!reader.sound()) return new Map()
    if ((kind & ~DEFLATED) !== ACTORS) continue
    const column = (kind & DEFLATED) === 0 ? data : inflateWithin(data, MAX_COLUMN_BYTES)
    countRuns(createReader(column ?? new Uint8Array(0)), (index, times) => {
      const actor = actors[index]
      if (actor !== undefined) counts.set(actor, (counts.get(actor) ?? 0) + times)
    })
  }
  return counts
}

const readColumns = (reader: Reader): readonly { readonly kind: number; readonly length: number }[] => {
  const columns: { kind: number; length: number }[] = []
  for (let left = reader.varint(); left > 0 && reader.sound(); left--) {
    columns.push({ kind: reader.varint(), length: reader.varint() })
  }
  return columns
}

const countRuns = (reader: Reader, count: (index: number, times: number) => void): void => {
  while (reader.remaining() > 0 && reader.sound()) {
    const length = readSigned(reader)
    // A run of nulls, which this column does not have.
    if (length === 0) reader.varint()
    else if (length > 0) count(reader.varint(), length)
    else for (let left = -length; left > 0 && reader.remaining() > 0; left--) count(reader.varint(), 1)
  }
}

const readSigned = (reader: Reader): number => {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = reader.u8()
    value += (byte & 127) * scale
    scale *= 128
    if (byte < 128) return (byte & 64) === 0 ? value : value - scale
    if (!reader.sound() || scale > Number.MAX_SAFE_INTEGER) return 0
  }
}
