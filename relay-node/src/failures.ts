/** Failures of the store as an operator should hear of them: when they begin, now and then while they last, when they end. */
export interface Failures {
  failed(error: unknown): void
  /** Something was written. */
  written(): void
}

/** What goes on failing for the same reason is said again after this long. */
const REPEAT_MS = 60_000

export type FailureEvent =
  /** `failures`: how many there were since this was last said. */
  | { readonly type: 'store-failed'; readonly error: unknown; readonly failures: number }
  | { readonly type: 'store-recovered' }

export const createFailures = (now: () => number, log: (event: FailureEvent) => void): Failures => {
  let said: { readonly reason: string; readonly at: number } | undefined
  let failures = 0
  let isFailing = false
  return {
    failed: (error) => {
      failures += 1
      const [reason, at] = [String(error), now()]
      if (said?.reason === reason && at - said.at < REPEAT_MS) return
      said = { reason, at }
      isFailing = true
      log({ type: 'store-failed', error, failures })
      failures = 0
    },
    written: () => {
      if (!isFailing) return
      isFailing = false
      log({ type: 'store-recovered' })
    },
  }
}
