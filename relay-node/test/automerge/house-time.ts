/** Simulated time for Repos in a house: only what the platform calls time is faked, promises are real. */
import { vi } from 'vitest'

export const fakeTime = (): void => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  })
}

export const pass = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms)
}

/** Lets time pass, in steps, until it is so. */
export const until = async (condition: () => boolean, limitMs = 60_000): Promise<void> => {
  for (let step = 0; step < limitMs / 10; step++) {
    if (condition()) return
    await vi.advanceTimersByTimeAsync(10)
  }
  throw new Error(`still not: ${condition}`)
}
