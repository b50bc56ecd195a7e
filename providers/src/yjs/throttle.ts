/** Runs a thing at once, and then at most once per interval, the last time included. */
export interface Throttle {
  trigger(): void
  /** Forgets a run that waits. */
  cancel(): void
}

/** Starts a timer; the result stops it. */
export type StartTimer = (run: () => void, delayMs: number) => () => void

export const startTimer: StartTimer = (run, delayMs) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}

export const createThrottle = (run: () => void, intervalMs: number, start: StartTimer): Throttle => {
  let isWaiting = false
  let stop: (() => void) | undefined

  const rest = (): void => {
    stop = start(() => {
      stop = undefined
      if (isWaiting) fire()
    }, intervalMs)
  }
  const fire = (): void => {
    isWaiting = false
    rest()
    run()
  }

  return {
    trigger: () => {
      if (stop === undefined) fire()
      else isWaiting = true
    },
    cancel: () => {
      isWaiting = false
      stop?.()
      stop = undefined
    },
  }
}
