/**
 * Whose change has made a document such that it cannot be loaded again once it is saved. Automerge takes such changes
 * without a word, and whether it does depends on the document, so that they cannot be told at the door.
 */
import type { Received } from '../sync/effects.ts'
import type { HistoryItem } from './history.ts'
import { canSave } from './scratch.ts'

export interface Spoiler {
  /** Looks for it once, one document each turn. `found` hears whose change was the first, if that is known. */
  seek(items: readonly HistoryItem[], found: (received: Received) => void): void
  close(): void
}

export const createSpoiler = (): Spoiler => {
  let isSought = false
  let timer: ReturnType<typeof setTimeout> | undefined

  return {
    seek: (items, found) => {
      if (isSought) return
      isSought = true
      /** All up to here can be saved, all up to there cannot. */
      const narrow = (good: number, bad: number): void => {
        if (bad - good <= 1) {
          const received = items[bad - 1]?.received
          // Whoever made a snapshot has only passed it on.
          if (received?.kind === 'update') found(received)
          return
        }
        const middle = Math.floor((good + bad) / 2)
        timer = setTimeout(() => {
          if (canSave(items.slice(0, middle).map(({ chunk }) => chunk))) narrow(middle, bad)
          else narrow(good, middle)
        })
      }
      narrow(0, items.length)
    },
    close: () => clearTimeout(timer),
  }
}
