/** What is remembered of a document that is held elsewhere: a bounded number of hashes and places, and its history. */

import type { Received } from '../sync/effects.ts'
import { type Change, type Chunk, isChange } from './chunk.ts'
import { createHistory, type History } from './history.ts'
import { createPlaces, type Places } from './places.ts'
import { createRecent } from './recent.ts'

export interface Memory {
  /** A chunk that the Repo has, or is about to be given. `received`: what brought it, if not the Repo told it. */
  remember(chunk: Chunk, received?: Received): void
  /** The Repo has not taken it. */
  forget(chunk: Chunk): void
  isForgotten(chunk: Chunk): boolean
  has(hash: string): boolean
  other(change: Change): ReturnType<Places['other']>
  readonly history: History
}

const REMEMBERED = 16_384

export const createMemory = (): Memory => {
  const inHand = createRecent<true>(REMEMBERED)
  const places = createPlaces(REMEMBERED)
  const forgotten = createRecent<true>(REMEMBERED)
  const history = createHistory()
  return {
    remember: (chunk, received) => {
      history.add(chunk, received)
      if (chunk.type === 'document') for (const head of chunk.heads) inHand.set(head, true)
      if (!isChange(chunk)) return
      inHand.set(chunk.hash, true)
      places.take(chunk, received?.envelopeId)
    },
    forget: (chunk) => {
      history.remove(chunk)
      if (!isChange(chunk)) return
      forgotten.set(chunk.hash, true)
      inHand.delete(chunk.hash)
      places.free(chunk)
    },
    isForgotten: (chunk) => isChange(chunk) && forgotten.has(chunk.hash),
    has: inHand.has,
    other: places.other,
    history,
  }
}
