/**
 * A hostile but ordered link, like TCP over bad radio: it delays, stops, and breaks; it never reorders or alters. When
 * it breaks, what is on its way is lost, or still arrives before the other side notices.
 */
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export interface Pipe {
  send(bytes: Uint8Array): void
}

export interface Wire {
  /** Towards the relay. */
  readonly up: Pipe
  /** Towards the client. */
  readonly down: Pipe
  /** Breaks it; the client knows at once, the relay up to `noticeMs` later. */
  cut(): void
  readonly isOpen: () => boolean
}

export const createWire = (deps: {
  readonly clock: Clock
  readonly random: Random
  /** The longest delay of one message, ms. */
  readonly latencyMs: number
  readonly noticeMs?: number
  readonly toRelay: (bytes: Uint8Array) => void
  readonly toClient: (bytes: Uint8Array) => void
  readonly relayNotices: () => void
}): Wire => {
  const { clock, random, latencyMs, noticeMs = 500, toRelay, toClient, relayNotices } = deps
  let isOpen = true
  let upIsOpen = true
  const pipe = (deliver: (bytes: Uint8Array) => void, isAlive: () => boolean): Pipe => {
    let last = 0
    return {
      send: (bytes) => {
        last = Math.max(last + 0.001, clock.now() + 0.2 + random() * latencyMs)
        clock.after(last - clock.now(), () => {
          if (isAlive()) deliver(bytes)
        })
      },
    }
  }
  return {
    up: pipe(toRelay, () => upIsOpen),
    down: pipe(toClient, () => isOpen),
    cut: () => {
      if (!isOpen) return
      isOpen = false
      const lostOnTheWay = random.chance(0.5)
      if (lostOnTheWay) upIsOpen = false
      clock.after(lostOnTheWay ? 0 : random() * noticeMs, () => {
        upIsOpen = false
        relayNotices()
      })
    },
    isOpen: () => isOpen,
  }
}
