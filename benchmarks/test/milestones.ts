/** Where a session stands when the relay is killed: a quarter, half and three quarters of an author's own part. */
import type { News } from './news.ts'

export const KILLS = 3

export interface Milestones {
  /** Called before each transaction: at a milestone it waits until the relay has been killed there. */
  pass(typed: number): Promise<void>
}

export const createMilestones = (
  total: number,
  news: News,
  reached: (milestone: number) => void,
): Milestones => {
  let next = 1
  return {
    pass: async (typed) => {
      if (next > KILLS || typed < Math.floor((total * next) / (KILLS + 1))) return
      reached(next)
      while (news.kills() < next) await news.changed()
      next += 1
    },
  }
}
