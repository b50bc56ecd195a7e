/** Simulated time, ms: nothing happens but what was scheduled, in the order of time, then of scheduling. */
export interface Clock {
  now(): number
  /** Runs `run` after `delayMs`; the result takes it back. */
  after(delayMs: number, run: () => void): () => void
  /** Advances to `timeMs`, running what falls due. Promises settle between any two events. */
  runUntil(timeMs: number): Promise<void>
  events(): number
}

interface Event {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Long enough for any chain of promises that one event sets off in a relay or a storage. */
const MICROTASKS = 12

const settleShortly = async (): Promise<void> => {
  for (let i = 0; i < MICROTASKS; i++) await Promise.resolve()
}

/** `settle` waits for the promises that an event has set off. */
export const createClock = (maxEvents = 2_000_000, settle: () => Promise<void> = settleShortly): Clock => {
  const heap: Event[] = []
  let now = 0
  let order = 0
  let count = 0

  const push = (event: Event): void => {
    let i = heap.push(event) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, event)) break
      heap[i] = above
      heap[parent] = event
      i = parent
    }
  }

  const pop = (): Event | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let i = 0; ; ) {
      let child = 2 * i + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (left === undefined) break
      if (right !== undefined && isBefore(right, left)) child += 1
      const smallest = heap[child]
      if (smallest === undefined || isBefore(last, smallest)) break
      heap[i] = smallest
      heap[child] = last
      i = child
    }
    return first
  }

  return {
    now: () => now,
    after: (delayMs, run) => {
      const event: Event = { at: now + Math.max(0, delayMs), order: order++, run }
      push(event)
      return () => {
        event.run = undefined
      }
    },
    runUntil: async (timeMs) => {
      for (let next = heap[0]; next !== undefined && next.at <= timeMs; next = heap[0]) {
        pop()
        if (next.run === undefined) continue
        now = next.at
        count += 1
        if (count > maxEvents) throw new Error(`event storm: more than ${maxEvents} events`)
        next.run()
        await settle()
      }
      now = timeMs
    },
    events: () => count,
  }
}
