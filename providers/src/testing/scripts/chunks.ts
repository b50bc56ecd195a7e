/** Pieces of snapshots that were asked for. */
import { assembleChunk, chunkHeader, type Item, type ToClient } from '../../protocol/index.ts'
import type { Random } from '../random.ts'
import { isAmong, type Reader, type Script, type Who } from '../script.ts'
import { flipBit } from './forgery.ts'

type Chunk = Extract<Item, { readonly type: 'chunk' }>['chunk']

/** No ciphertext is shorter. */
const TAG_BYTES = 16

/** What is said instead of each chunk of an answer, which has these; nothing: that it is unknown. */
const insteadOfChunks = (
  reader: Who,
  say: (chunk: Chunk, answer: readonly Chunk[]) => Chunk | undefined,
): Script => {
  const changed = (frame: ToClient, { name }: Reader): ToClient => {
    if (frame.type !== 'found' || !isAmong(name, reader)) return frame
    const unknown = [...frame.unknown]
    const answer = frame.items.flatMap((item) => (item.type === 'chunk' ? [item.chunk] : []))
    const items = frame.items.flatMap((item): readonly Item[] => {
      if (item.type !== 'chunk') return [item]
      const chunk = say(item.chunk, answer)
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
  insteadOfChunks(reader, (chunk) =>
    holding(chunk, { ...chunk, ciphertext: flipBit(chunk.ciphertext, random) }),
  )

/**
 * Puts into each chunk what the next one of the same answer holds, and into the last what the first one holds. An answer
 * with a single chunk stays as it is. Another order alone would change nothing: chunks are told apart by their ids.
 * The client should put together nothing from them, and raise `withheld` when it has asked in vain.
 */
export const swapChunks = ({ reader }: { readonly reader?: Who } = {}): Script =>
  insteadOfChunks(reader, (chunk, answer) =>
    holding(chunk, answer[(answer.indexOf(chunk) + 1) % answer.length] ?? chunk),
  )

/**
 * Cuts off the second half of the ciphertext of every chunk.
 * The client should put together nothing from them, and raise `withheld` when it has asked in vain.
 */
export const truncateChunks = ({ reader }: { readonly reader?: Who } = {}): Script =>
  insteadOfChunks(reader, (chunk) => {
    const half = Math.max(TAG_BYTES, Math.floor(chunk.ciphertext.length / 2))
    return holding(chunk, { ...chunk, ciphertext: chunk.ciphertext.slice(0, half) })
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

/** The same place with another content, and the id that it then has. */
const holding = (chunk: Chunk, { commitment, ciphertext }: Pick<Chunk, 'commitment' | 'ciphertext'>): Chunk =>
  assembleChunk(chunk, { header: chunkHeader(chunk, ciphertext.length), commitment, ciphertext })
