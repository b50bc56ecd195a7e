/**
 * The frames of one opening, in order. What follows a snapshot whose chunks are still missing, and that nothing here
 * can stand for, waits with it: what builds on it would have nothing to stand on.
 */
import type { Item } from '../protocol/index.ts'
import type { Assembly } from './assembly.ts'
import { createBacklog, type Deliver } from './backlog.ts'
import type { Core } from './core.ts'
import type { Intake } from './intake.ts'

export interface Deliveries {
  /** Another opening, or none: nothing of the earlier one counts any more. */
  reset(): void
  /** `missing`: something before it has not come. `waits`: it counts later. */
  take(frame: Deliver): 'taken' | 'missing' | 'waits'
  isWaiting(): boolean
  /** What waited is to be taken now, in this order; `undefined` when that is too much: it has to be asked for again. */
  release(): readonly Deliver[] | undefined
  /** Fetches chunks; true when there is nothing more to wait for. */
  advance(): boolean
}

const hasSnapshot = ({ items }: Deliver): boolean => items.some(({ type }) => type === 'snapshot')

export const createDeliveries = (core: Core, intake: Intake, assembly: Assembly): Deliveries => {
  const { state } = core
  const backlog = createBacklog()
  /** How many pieces of the present load have come. */
  let pieces = 0

  const isNext = ({ load, after, piece }: Deliver): boolean => {
    const from = state.cursor?.version ?? (load === 'none' ? -1 : 0)
    return after <= from && (load === 'none' || piece === pieces)
  }

  /** Takes what stands before it, up to a snapshot that has to wait. */
  const upToWaiting = (
    frame: Deliver,
  ): { readonly rest: readonly Item[]; readonly waits: boolean } | undefined => {
    const inLoad = frame.load !== 'none'
    let rest = frame.items
    for (;;) {
      const at = rest.findIndex((item) => item.type === 'snapshot' && item.snapshot.chunks.length > 0)
      const item = rest[at]
      if (item?.type !== 'snapshot') return { rest, waits: false }
      if (at > 0 && intake.take(rest.slice(0, at), inLoad) === 'gap') return undefined
      if (intake.active.waits(item.snapshot)) return { rest: rest.slice(at), waits: true }
      if (intake.take([item], inLoad) === 'gap') return undefined
      rest = rest.slice(at + 1)
    }
  }

  return {
    reset: () => {
      pieces = 0
      backlog.clear()
      assembly.interrupt()
    },
    take: (frame) => {
      if (!backlog.isEmpty()) {
        backlog.add(frame)
        return 'waits'
      }
      if (!isNext(frame)) return 'missing'
      const step = upToWaiting(frame)
      if (step === undefined) return 'missing'
      if (step.waits) {
        backlog.add({ ...frame, items: step.rest })
        state.caughtUp = false
        return 'waits'
      }
      pieces = frame.load === 'part' ? pieces + 1 : 0
      return intake.deliver({ ...frame, items: step.rest }) === 'gap' ? 'missing' : 'taken'
    },
    isWaiting: () => !backlog.isEmpty(),
    release: () => {
      const frames = backlog.take()
      // Of several that have been made meanwhile the relay is asked for the last.
      return frames !== undefined && frames.filter(hasSnapshot).length <= 2 ? frames : undefined
    },
    advance: () => {
      assembly.advance()
      const type = assembly.standing()?.type
      return type !== undefined && type !== 'fetching'
    },
  }
}
