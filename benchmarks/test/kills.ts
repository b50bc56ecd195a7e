/** Kills of the relay: one after the other, each when somebody has got to the next milestone. */
import type { RelayProcess } from '../src/relay.ts'

export interface Kills {
  /** The author who gets there first has the relay killed. */
  reached(milestone: number): void
  count(): number
  /** Resolves once the last one is mended; rejects if one cannot be. */
  mended(): Promise<void>
}

/** `tell` hears how many there were, while the relay is down; `back` when it answers again. */
export const createKills = (
  relay: RelayProcess,
  tell: (count: number) => void,
  back: () => void = () => undefined,
): Kills => {
  let count = 0
  /** At which milestones a kill was asked for. */
  let last = 0
  let mended = Promise.resolve()
  const kill = async (): Promise<void> => {
    await relay.kill()
    count += 1
    tell(count)
    await relay.start()
    back()
  }
  return {
    reached: (milestone) => {
      if (milestone <= last) return
      last = milestone
      mended = mended.then(kill)
      // Whoever waits for it hears of it.
      mended.catch(() => undefined)
    },
    count: () => count,
    mended: () => mended,
  }
}
