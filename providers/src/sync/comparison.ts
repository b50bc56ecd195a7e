/**
 * Whether it is settled what the document holds and the relay lacks: content from before connecting, from another
 * provider, or from a log that is no more. Settled once for every log that this client meets.
 */
export interface Comparison {
  /** With storage that stands for the log: at once. Else after the first load; after a reset, some time after it. */
  begin(when: 'now' | 'after-load' | 'after-reset', counts: boolean, now: number): void
  /** All that the relay had is applied. */
  caughtUp(now: number): void
  /** When to compare; `undefined` while there is nothing to wait for but other inputs. */
  at(): number | undefined
  /** It was asked for; gives the number of the question. */
  asked(): number
  /** False when the answer is not to the last question: it speaks of a log that is no more. */
  settle(question: number): boolean
  isDue(): boolean
  /** Whether something may be pending that nobody has counted yet. */
  mayBePending(): boolean
}

/** After a reset every client lacks the same: a random wait lets one upload serve all. */
const SPREAD_MS = 500

export const createComparison = (dice: () => number): Comparison => {
  let isDue = false
  let waitsFor: 'load' | 'reset' | undefined
  let at: number | undefined
  let counts = false
  let question = 0
  return {
    begin: (when, mayCount, now) => {
      isDue = true
      question += 1
      counts = mayCount
      at = when === 'now' ? now : undefined
      waitsFor = when === 'now' ? undefined : when === 'after-load' ? 'load' : 'reset'
    },
    caughtUp: (now) => {
      if (waitsFor === undefined) return
      at = waitsFor === 'load' ? now : now + dice() * SPREAD_MS
      waitsFor = undefined
    },
    at: () => at,
    asked: () => {
      at = undefined
      question += 1
      return question
    },
    settle: (answered) => {
      if (answered !== question) return false
      isDue = false
      counts = false
      return true
    },
    isDue: () => isDue,
    mayBePending: () => counts,
  }
}
