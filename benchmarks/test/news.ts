/** What an author hears of the rest of the world, and a way to wait for the next of it. */
import type { Agent } from './ancestors.ts'

export interface News {
  /** So many transactions of this author are on the relay's disk, at least. */
  visible(agent: Agent): number
  /** So many of ours the other author holds, and hears no more for now. */
  taken(): number
  /** How often the relay was killed. */
  kills(): number
  /** Resolves once something of it has changed. */
  changed(): Promise<void>
}

export interface Newsroom extends News {
  sawVisible(agent: Agent, count: number): void
  sawTaken(count: number): void
  sawKill(count: number): void
  /** Something else is different. */
  stir(): void
}

export const createNewsroom = (): Newsroom => {
  const visible = [0, 0]
  let taken = 0
  let kills = 0
  let waiters: (() => void)[] = []
  const stir = (): void => {
    const resolvers = waiters
    waiters = []
    for (const resolve of resolvers) resolve()
  }
  return {
    visible: (agent) => visible[agent] ?? 0,
    taken: () => taken,
    kills: () => kills,
    changed: () => new Promise((resolve) => waiters.push(resolve)),
    sawVisible: (agent, count) => {
      visible[agent] = count
      stir()
    },
    sawTaken: (count) => {
      taken = count
      stir()
    },
    sawKill: (count) => {
      kills = count
      stir()
    },
    stir,
  }
}
