/**
 * Drives a sans-IO machine: one input at a time, its effects in order, one timer for its `wakeAt`. What is fed while
 * effects are performed waits its turn, so a step never begins inside another one.
 */
import { now } from './clock.ts'

export interface Machine<Input, Effect> {
  step(input: Input, now: number): readonly Effect[]
  wakeAt(): number | undefined
}

export interface Loop<Input> {
  feed(...inputs: readonly Input[]): void
  /** As `feed`, but ahead of what the app has fed meanwhile: what an effect did came before what it caused. */
  answer(input: Input): void
  /** Forgets the timer and everything that waits; feeding does nothing from here on. */
  stop(): void
}

/** Browsers take longer delays for none, ms. */
const MAX_DELAY_MS = 2 ** 31 - 1

export const createLoop = <Input, Effect>(options: {
  readonly machine: Machine<Input, Effect>
  /** The input for the time that `wakeAt` named. */
  readonly woke: Input
  readonly perform: (effect: Effect) => void
  /** Called after every turn, once nothing waits any more. */
  readonly settled: () => void
}): Loop<Input> => {
  const { machine, woke, perform, settled } = options
  const answers: Input[] = []
  const inputs: Input[] = []
  let isRunning = false
  let isStopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerAt: number | undefined

  const arm = (): void => {
    const at = isStopped ? undefined : machine.wakeAt()
    if (at === timerAt) return
    clearTimeout(timer)
    timerAt = at
    if (at === undefined) return
    timer = setTimeout(
      () => {
        timerAt = undefined
        feed(woke)
      },
      Math.min(Math.max(0, at - now()), MAX_DELAY_MS),
    )
  }

  const run = (): void => {
    isRunning = true
    try {
      for (;;) {
        const input = answers.shift() ?? inputs.shift()
        if (input === undefined) break
        for (const effect of machine.step(input, now())) perform(effect)
      }
    } finally {
      isRunning = false
      arm()
    }
    settled()
  }

  const feed = (...fed: readonly Input[]): void => {
    if (isStopped) return
    inputs.push(...fed)
    if (!isRunning) run()
  }

  return {
    feed,
    answer: (input) => {
      if (isStopped) return
      answers.push(input)
      if (!isRunning) run()
    },
    stop: () => {
      isStopped = true
      answers.length = 0
      inputs.length = 0
      arm()
    },
  }
}
