/** Milliseconds since 1970 that never go back, even when somebody sets the clock: timers must not wait for an hour. */
const startedAt = Date.now() - performance.now()

export const now = (): number => startedAt + performance.now()
