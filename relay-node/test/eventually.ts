/** Waiting in real time, for as long as a busy machine may take: Vitest by itself gives up after one second. */
import { vi } from 'vitest'

/** Resolves once `check` throws nothing, or what it returned has not rejected; fails with its last error after 20 s. */
export const eventually = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(check, { timeout: 20_000, interval: 20 })
