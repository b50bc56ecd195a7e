/** Serves the subscribers of one connection that are not live, one page each in turn, while their peer keeps up. */
import type { CatchUp } from './catch-up.ts'
import type { Subscriber } from './subscriber.ts'

export interface Worker {
  /** The subscriber has something to be read for it. */
  wake(subscriber: Subscriber): void
  /** The peer keeps up again. */
  resume(): void
}

export interface WorkerOptions {
  readonly catchUp: CatchUp
  readonly isLagging: () => boolean
  readonly begin: () => () => void
  readonly defer: (run: () => void) => void
  /** The store could not be read for this subscriber. */
  readonly onFailure: (subscriber: Subscriber, error: unknown) => void
}

export const createWorker = ({ catchUp, isLagging, begin, defer, onFailure }: WorkerOptions): Worker => {
  const waiting = new Set<Subscriber>()
  let isBusy = false

  const work = async (): Promise<void> => {
    for (const subscriber of waiting) {
      if (isLagging()) return
      // Deleted and added again: a set yields what is added while it is walked, so everyone gets a turn.
      waiting.delete(subscriber)
      if (subscriber.isGone) continue
      try {
        await catchUp.advance(subscriber)
      } catch (error) {
        onFailure(subscriber, error)
      }
      if (!subscriber.isGone && (!subscriber.live || subscriber.fetches.length > 0)) waiting.add(subscriber)
      // A store that answers at once must not keep everybody else from being heard.
      if (waiting.size > 0) await new Promise<void>(defer)
    }
  }

  const start = (): void => {
    if (isBusy || waiting.size === 0) return
    isBusy = true
    const end = begin()
    void work().finally(() => {
      isBusy = false
      end()
    })
  }

  return {
    wake: (subscriber) => {
      waiting.add(subscriber)
      start()
    },
    resume: start,
  }
}
