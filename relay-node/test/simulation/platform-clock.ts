/**
 * The simulated clock with the platform's timers and time put on it, for CRDTs that bring timers and promises of
 * their own. Everything that runs on the platform has settled before the next event.
 */
import { type Clock, createClock } from '../../../providers/src/testing/clock.ts'

export interface PlatformClock extends Clock {
  /** Gives the platform its own time back. What is still to fall due never does. */
  restore(): void
}

/** Some day; the simulated time begins there. */
const START_MS = Date.UTC(2026, 0, 1)
const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const

const { setImmediate } = globalThis
/** A turn of the real event loop: promises that wait for nothing outside of the process have settled then. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

type Callback = (...values: readonly unknown[]) => void

export const createPlatformClock = (): PlatformClock => {
  const clock = createClock(undefined, settle)
  const cancels = new Map<unknown, () => void>()
  const real = NAMES.map((name) => [name, globalThis[name]] as const)

  const startTimer =
    (isRepeated: boolean) =>
    (run: Callback, delayMs = 0, ...values: readonly unknown[]) => {
      const handle = { ref: () => handle, unref: () => handle, hasRef: () => true }
      const wait = (): void => {
        // As in Node, no delay is shorter.
        cancels.set(handle, clock.after(Math.max(1, delayMs), fire))
      }
      const fire = (): void => {
        if (isRepeated) wait()
        else cancels.delete(handle)
        run(...values)
      }
      wait()
      return handle
    }
  const stopTimer = (handle: unknown): void => {
    cancels.get(handle)?.()
    cancels.delete(handle)
  }
  const dateNow = (): number => START_MS + Math.floor(clock.now())

  Object.assign(globalThis, {
    setTimeout: startTimer(false),
    clearTimeout: stopTimer,
    setInterval: startTimer(true),
    clearInterval: stopTimer,
    Date: new Proxy(Date, {
      construct: (target, values, asked) =>
        Reflect.construct(target, values.length === 0 ? [dateNow()] : values, asked),
      get: (target, key) => (key === 'now' ? dateNow : Reflect.get(target, key)),
    }),
  })
  Object.defineProperty(performance, 'now', { value: clock.now, configurable: true })

  return {
    ...clock,
    restore: () => {
      Object.assign(globalThis, Object.fromEntries(real))
      Reflect.deleteProperty(performance, 'now')
    },
  }
}
