/** Ids at the last few positions of each chain: what others say of them can then be compared. */
import { equalBytes } from '../protocol/index.ts'

export interface RecentIds {
  /** `chain` is a key of `chainKey`. Positions come in order. */
  add(chain: string, seq: number, id: Uint8Array): void
  at(chain: string, seq: number): Uint8Array | undefined
  has(id: Uint8Array): boolean
  reset(): void
}

const REMEMBERED = 64

export const createRecentIds = (): RecentIds => {
  const chains = new Map<string, Map<number, Uint8Array>>()
  return {
    add: (chain, seq, id) => {
      const ids = chains.get(chain) ?? new Map<number, Uint8Array>()
      ids.set(seq, id)
      ids.delete(seq - REMEMBERED)
      chains.set(chain, ids)
    },
    at: (chain, seq) => chains.get(chain)?.get(seq),
    has: (id) => [...chains.values()].some((ids) => [...ids.values()].some((other) => equalBytes(other, id))),
    reset: () => chains.clear(),
  }
}
