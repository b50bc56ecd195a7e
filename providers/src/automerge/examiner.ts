/**
 * Looks whether documents can be loaded, by loading them aside. With a large one that stops everything else for a second
 * or two, so that it rests afterwards: no more than a fiftieth of the time goes into it.
 */
import type { Chunk } from './chunk.ts'
import { canLoad } from './scratch.ts'

export interface Examiner {
  /** Now, rested or not. */
  canLoad(chunks: readonly Chunk[]): boolean
  isResting(): boolean
  /** As soon as it has rested, and in place of what else was to be looked at by then. */
  lookLater(chunks: readonly Chunk[], cannotBeLoaded: () => void): void
  close(): void
}

const RESTS = 49

export const createExaminer = (): Examiner => {
  let restsUntil = 0
  let next: { readonly chunks: readonly Chunk[]; readonly cannotBeLoaded: () => void } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const look = (chunks: readonly Chunk[]): boolean => {
    const startedAt = Date.now()
    const outcome = canLoad(chunks)
    const endedAt = Date.now()
    restsUntil = endedAt + RESTS * (endedAt - startedAt)
    return outcome
  }

  const wait = (): void => {
    timer ??= setTimeout(
      () => {
        timer = undefined
        if (Date.now() < restsUntil) {
          wait()
          return
        }
        const due = next
        next = undefined
        if (due !== undefined && !look(due.chunks)) due.cannotBeLoaded()
      },
      Math.max(0, restsUntil - Date.now()),
    )
  }

  return {
    canLoad: look,
    isResting: () => Date.now() < restsUntil,
    lookLater: (chunks, cannotBeLoaded) => {
      next = { chunks, cannotBeLoaded }
      wait()
    },
    close: () => {
      clearTimeout(timer)
      next = undefined
    },
  }
}
