/** Pieces of snapshots that were asked for. */
import { assembleChunk, chunkHeader, type Item, type ToClient } from '../../protocol/index.ts'
import type { Random } from '../random.ts'
import { isAmong, type Reader, type Script, type Who } from '../script.ts'
import { flipBit } from './forgery.ts'

type Chunk = Extract<Item, { readonly type: 'chunk' }>['chunk']

/** What is said instead of each chunk of an answer; nothing: that it is unknown. */
const insteadOfChunks = (reader: Who, say: (chunk: Chunk) => Chunk | undefined): Script => {
  const changed = (frame: ToClient, { name }: Reader): ToClient => {
    if (frame.type !== 'found' || !isAmong(name, reader)) return frame
    const unknown = [...frame.unknown]
    const items = frame.items.flatMap((item): readonly Item[] => {
      if (item.type !== 'chunk') return [item]
      const chunk = say(item.chunk)
      if (chunk === undefined) unknown.push(item.chunk.id)
      return chunk === undefined ? [] : [{ type: 'chunk', chunk }]
    })
    return { ...frame, items, unknown }
  }
  return { outgoing: (frame, to, hand) => hand(changed(frame, to)) }
}

/**
 * Says that it does not know the chunks that a snapshot lists (or those with these indexes).
 * The client should go on without the snapshot, take updates, and raise `withheld`.
 */
export const dropChunks = ({
  indexes,
  reader,
}: {
  readonly indexes?: readonly number[]
  readonly reader?: Who
} = {}): Script =>
  insteadOfChunks(reader, (chunk) =>
    indexes === undefined || indexes.includes(chunk.index) ? undefined : chunk,
  )

/**
 * Changes one bit of every chunk. A chunk has no signature: its id is in the snapshot.
 * The client should take it for a chunk that it has not asked for, and never apply it.
 */
export const forgeChunks = ({ random, reader }: { readonly random: Random; readonly reader?: Who }): Script =>
  insteadOfChunks(reader, (chunk) => {
    const ciphertext = flipBit(chunk.ciphertext, random)
    const header = chunkHeader(chunk, ciphertext.length)
    return assembleChunk(chunk, { header, commitment: chunk.commitment, ciphertext })
  })

/**
 * Answers with the first chunk whatever chunk was asked for.
 * The client should not put it in the place of another.
 */
export const repeatChunk = ({ reader }: { readonly reader?: Who } = {}): Script => {
  let first: Chunk | undefined
  return insteadOfChunks(reader, (chunk) => {
    first ??= chunk
    return first
  })
}
