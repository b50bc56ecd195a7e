/**
 * Which change is the n-th of an actor. A second one in the same place would make a Repo refuse all that comes with it,
 * so it is held back: the first that arrived stays.
 */
import type { Change } from './chunk.ts'
import { createRecent } from './recent.ts'

interface First {
  readonly hash: string
  /** The envelope that brought it, 32 bytes; `undefined` when the Repo told it. */
  readonly envelopeId: Uint8Array | undefined
}

export interface Places {
  /** Takes the place, unless it is taken. */
  take(change: Change, envelopeId: Uint8Array | undefined): void
  /** Another change that has the place of this one. */
  other(change: Change): First | undefined
  /** It was not taken after all. */
  free(change: Change): void
}

export const createPlaces = (limit: number): Places => {
  const firsts = createRecent<First>(limit)
  const placeOf = ({ actor, seq }: Change): string => `${actor} ${seq}`
  return {
    take: (change, envelopeId) => {
      const place = placeOf(change)
      if (!firsts.has(place)) firsts.set(place, { hash: change.hash, envelopeId })
    },
    other: (change) => {
      const first = firsts.get(placeOf(change))
      return first?.hash === change.hash ? undefined : first
    },
    free: (change) => {
      const place = placeOf(change)
      if (firsts.get(place)?.hash === change.hash) firsts.delete(place)
    },
  }
}
