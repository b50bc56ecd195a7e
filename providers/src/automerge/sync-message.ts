/**
 * The messages of Automerge's sync protocol, read and written without Automerge.
 *
 *   type 0x42 (V1) or 0x43 (V2)
 *   heads: hashes     need: hashes
 *   have: count, then { lastSync: hashes, Bloom filter: length and bytes } each
 *   changes: count, then { length, chunks } each
 *   flags, absent in old messages: length and bytes
 */
import { createReader, createWriter, type Reader } from '../bytes.ts'
import { err, ok, type Result } from '../result.ts'
import { HASH_BYTES, readHashes, writeHashes } from './hashes.ts'

const TYPE_V1 = 0x42
const TYPE_V2 = 0x43

/** The one flag of the first protocol with flags; every later Automerge still takes it for "reads whole documents". */
const READS_WHOLE_DOCUMENTS = Uint8Array.of(0x02)

/** Change hashes are lower-case hex. */
export interface SyncMessage {
  readonly heads: readonly string[]
  readonly need: readonly string[]
  readonly have: readonly Have[]
  /** Chunks as sent, as views: V1 has one change in each item, V2 one item of concatenated chunks. */
  readonly changes: readonly Uint8Array[]
  readonly version: 1 | 2
}

interface Have {
  readonly lastSync: readonly string[]
  /** How many changes after `lastSync` the Bloom filter holds. */
  readonly entries: number
}

export interface SyncMessageParts {
  readonly heads: readonly string[]
  readonly need?: readonly string[]
  /**
   * The `lastSync` of each have. The filter is always empty: "I have nothing after lastSync, send everything".
   * Without any have the receiver sends only what `need` names.
   */
  readonly have: readonly (readonly string[])[]
  /** Chunks, or concatenations of chunks. */
  readonly changes?: readonly Uint8Array[]
  /** Says that we read whole documents in place of changes. Receivers remember it until the connection ends. */
  readonly asksWhole?: boolean
}

/** Reads a message of any Automerge from 2.2 on; what later versions may add behind the flags is passed over. */
export const decodeSyncMessage = (bytes: Uint8Array): Result<SyncMessage> => {
  const reader = createReader(bytes)
  const type = reader.u8()
  if (type !== TYPE_V1 && type !== TYPE_V2) return err('sync message: unknown type')
  const message: SyncMessage = {
    heads: readHashes(reader),
    need: readHashes(reader),
    have: readList(reader, readHave),
    changes: readList(reader, readBlob),
    version: type === TYPE_V1 ? 1 : 2,
  }
  if (reader.remaining() > 0) readBlob(reader)
  return reader.sound() ? ok(message) : err('sync message: malformed')
}

/**
 * Writes a V1 message, which every Automerge reads. All changes go as one item: Automerge 3.0 applies item after item
 * at the price of a walk over the document for each, and later ones join the items anyway.
 */
export const encodeSyncMessage = ({
  heads,
  need = [],
  have,
  changes = [],
  asksWhole = false,
}: SyncMessageParts): Uint8Array => {
  const changesBytes = changes.reduce((sum, chunk) => sum + chunk.length, 0)
  const hashCount = heads.length + need.length + have.flat().length
  const writer = createWriter(64 + 6 * have.length + HASH_BYTES * hashCount + changesBytes).u8(TYPE_V1)
  writeHashes(writer, heads)
  writeHashes(writer, need)
  writer.varint(have.length)
  for (const lastSync of have) writeHashes(writer, lastSync).varint(0)
  if (changesBytes === 0) writer.varint(0)
  else writer.varint(1).varint(changesBytes)
  for (const chunk of changes) writer.bytes(chunk)
  if (asksWhole) writer.blob(READS_WHOLE_DOCUMENTS)
  return writer.done()
}

const readList = <T>(reader: Reader, readItem: (reader: Reader) => T): readonly T[] => {
  const items: T[] = []
  for (let left = reader.varint(); left > 0 && reader.sound(); left--) items.push(readItem(reader))
  return items
}

const readHave = (reader: Reader): Have => {
  const lastSync = readHashes(reader)
  const filter = createReader(readBlob(reader))
  const entries = filter.remaining() === 0 ? 0 : filter.varint()
  if (!filter.sound()) reader.fail()
  return { lastSync, entries }
}

const readBlob = (reader: Reader): Uint8Array => reader.blob(Number.MAX_SAFE_INTEGER)
