/** Seeded dice: the same seed gives the same run, on every machine. Not for secrets. */
export interface Random {
  /** A number in [0, 1). */
  (): number
  int(below: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T | undefined
  bytes(length: number): Uint8Array
}

/** mulberry32: small, fast, good enough for tests. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number): number => Math.floor(next() * below)
  return Object.assign(next, {
    int,
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(items: readonly T[]): T | undefined => items[int(items.length)],
    bytes: (length: number): Uint8Array => Uint8Array.from({ length }, () => int(256)),
  })
}
