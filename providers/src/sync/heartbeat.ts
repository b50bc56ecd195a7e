/** Whether the relay is still there: pings after silence, and when there is reason to doubt. */
export interface Heartbeat {
  /** The connection begins. */
  begin(now: number): void
  /** Something arrived. */
  heard(now: number): void
  answered(token: number): void
  /** Asks at once, and waits less long for the answer. */
  probe(now: number): void
  /** Asks when it is time to. `dead`: there was no answer. */
  check(now: number): 'alive' | 'dead'
  wakeAt(): number
}

const SILENCE_MS = 15_000
const ANSWER_MS = 5_000
const PROBE_MS = 3_000

export const createHeartbeat = (ping: (token: number) => void): Heartbeat => {
  let heardAt = 0
  let awaited: { readonly token: number; readonly patienceMs: number; until: number } | undefined
  let tokens = 0

  const ask = (patienceMs: number, now: number): void => {
    tokens += 1
    awaited = { token: tokens, patienceMs, until: now + patienceMs }
    ping(tokens)
  }

  return {
    begin: (now) => {
      heardAt = now
      awaited = undefined
    },
    heard: (now) => {
      heardAt = now
      // Bytes that arrive are a sign of life, also while the answer waits behind a long load.
      if (awaited !== undefined) awaited.until = now + awaited.patienceMs
    },
    answered: (token) => {
      if (token === awaited?.token) awaited = undefined
    },
    probe: (now) => {
      if (awaited?.patienceMs !== PROBE_MS) ask(PROBE_MS, now)
    },
    check: (now) => {
      if (awaited === undefined && heardAt + SILENCE_MS <= now) ask(ANSWER_MS, now)
      return awaited !== undefined && awaited.until <= now ? 'dead' : 'alive'
    },
    wakeAt: () => awaited?.until ?? heardAt + SILENCE_MS,
  }
}
