/**
 * What the relay delivered and the Repo has not been given yet. A change costs the Repo a walk through the whole
 * document, so changes gather: until a load is over, and then for as long as giving the last ones took, times three.
 */
import type { Received } from '../sync/effects.ts'
import type { Chunk } from './chunk.ts'

export interface InboxItem {
  readonly chunk: Chunk
  readonly received: Received
}

export interface Inbox {
  add(item: InboxItem, isDurable: boolean): void
  flush(): void
  /** From now on nothing waits for the end of a load. */
  open(): void
  /** How long the Repo took for the last ones, ms. */
  took(ms: number): void
  close(): void
}

const MAX_WINDOW_MS = 500
const TIMES = 3

export const createInbox = (options: {
  readonly windowMs: number | 'adaptive'
  /** `isDurable`: the relay holds all of it. */
  readonly deliver: (items: readonly InboxItem[], isDurable: boolean) => void
}): Inbox => {
  const { windowMs, deliver } = options
  let items: InboxItem[] = []
  let isDurable = true
  let isOpen = false
  let tookMs = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (items.length === 0) return
    const batch = items
    const wasDurable = isDurable
    items = []
    isDurable = true
    deliver(batch, wasDurable)
  }

  const schedule = (): void => {
    if (!isOpen || timer !== undefined || items.length === 0) return
    const waitMs = windowMs === 'adaptive' ? Math.min(MAX_WINDOW_MS, TIMES * tookMs) : windowMs
    timer = setTimeout(flush, waitMs)
  }

  return {
    add: (item, durable) => {
      items.push(item)
      isDurable &&= durable
      schedule()
    },
    flush,
    open: () => {
      isOpen = true
      flush()
    },
    took: (ms) => {
      tookMs = ms
    },
    close: () => {
      clearTimeout(timer)
      items = []
    },
  }
}
