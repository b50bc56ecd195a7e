/** Drops an author's link at random, by seed: at which transactions, and for how long. */
import type { Random } from 'sealsync/testing'

/** What an author is connected by. */
export interface Cable {
  connect(): void
  disconnect(): void
}

export interface Drops {
  /** Called at every transaction. */
  tick(): void
  /** Puts the link up and leaves it so; returns how often it was dropped. */
  stop(): number
}

const APART = 400
const DOWN_MS = 40

export const createDrops = (cable: Cable, random: Random): Drops => {
  let next = random.int(APART)
  let count = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const mend = (): void => {
    clearTimeout(timer)
    timer = undefined
    cable.connect()
  }
  return {
    tick: () => {
      next -= 1
      if (next > 0 || timer !== undefined) return
      next = 1 + random.int(APART)
      count += 1
      cable.disconnect()
      timer = setTimeout(mend, random.int(DOWN_MS))
    },
    stop: () => {
      mend()
      return count
    },
  }
}
