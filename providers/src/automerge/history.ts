/**
 * What the relay holds of a document, chunk by chunk, since a state of which it is known that it can be loaded. With it a
 * document that cannot be saved any more is still compacted, and it is found out whose change has made it so.
 */
import type { Received } from '../sync/effects.ts'
import { type Chunk, isChange } from './chunk.ts'

export interface HistoryItem {
  readonly chunk: Chunk
  /** What brought it, if it came from the relay. */
  readonly received: Received | undefined
}

export interface History {
  add(chunk: Chunk, received: Received | undefined): void
  /** It is not part of the document after all. */
  remove(chunk: Chunk): void
  /** In the order in which they came; `undefined` when they were more than is remembered. */
  items(): readonly HistoryItem[] | undefined
  /** How far it goes now. */
  end(): number
  /** These chunks hold all that came up to that end. */
  renew(chunks: readonly Chunk[], end: number): void
}

interface Numbered extends HistoryItem {
  readonly number: number
}

/** Of changes: as much as the core remembers of what lies on top of a snapshot. */
const MAX_BYTES = 4 * 1024 * 1024

export const createHistory = (): History => {
  let items: readonly Numbered[] = []
  let added: Numbered[] = []
  let bytes = 0
  let last = 0
  /** Number of the last one that was forgotten. */
  let forgotten = 0

  const all = (): readonly Numbered[] => {
    items = [...items, ...added]
    added = []
    return items
  }

  const add = (chunk: Chunk, received: Received | undefined): void => {
    last += 1
    if (forgotten > 0) return
    added.push({ chunk, received, number: last })
    if (chunk.type !== 'document') bytes += chunk.bytes.length
    if (bytes > MAX_BYTES) forget()
  }

  const forget = (): void => {
    items = []
    added = []
    bytes = 0
    forgotten = last
  }

  return {
    add,
    remove: (chunk) => {
      items = all().filter((item) => item.chunk !== chunk)
    },
    items: () => (forgotten > 0 ? undefined : all()),
    end: () => last,
    renew: (chunks, end) => {
      // What came after it was forgotten is not remembered either.
      if (forgotten > 0 && last > end) return
      const byHash = new Map(all().flatMap((item) => (isChange(item.chunk) ? [[item.chunk.hash, item]] : [])))
      const later = all().filter(({ number }) => number > end)
      forgotten = 0
      items = []
      bytes = 0
      for (const chunk of chunks) add(chunk, isChange(chunk) ? byHash.get(chunk.hash)?.received : undefined)
      for (const { chunk, received } of later) add(chunk, received)
    },
  }
}
