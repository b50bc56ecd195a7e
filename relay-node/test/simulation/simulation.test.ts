import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { KIND_NAMES, KINDS, type SimKind } from './kinds.ts'
import { PROFILES } from './knobs.ts'
import { runSeed } from './world.ts'

/** 560 seeds of Yjs in the normal run, of which 28 with real signatures; the size is the only difference to a long one. */
const SIZE = Number(process.env.SEALSYNC_SEEDS ?? (process.env.SEALSYNC_LONG === undefined ? 76 : 2000))
const REAL_EACH = 4

/** The other kinds are there for the seam: what is between documents has been found out with the first. */
const SHARES: Readonly<Record<SimKind, number>> = {
  yjs: 1,
  counter: 0.1,
  'late-counter': 0.05,
  automerge: 0.1,
}

beforeAll(() => cryptoReady)

for (const kind of KIND_NAMES) {
  const seedsEach = Math.ceil(SIZE * SHARES[kind])
  const realEach = kind === 'yjs' ? REAL_EACH : 0

  describe(`${kind}: I1, I2, I4, I8, I10 hold in a hostile world`, () => {
    for (const profile of PROFILES) {
      test(`${profile}: ${seedsEach} seeds with fake, ${realEach} with real signatures`, {
        timeout: 3_600_000,
      }, async () => {
        const failures: string[] = []
        let saved = 0
        for (let seed = 1; seed <= seedsEach + realEach; seed++) {
          const outcome = await runSeed(seed, profile, {
            kind: KINDS[kind],
            realSignatures: seed > seedsEach,
          })
          saved += outcome.saved
          if (outcome.errors.length > 0) failures.push(`${profile} ${seed}: ${outcome.errors.join('; ')}`)
        }
        expect(failures).toEqual([])
        // A world in which nothing was ever saved would prove nothing.
        expect(saved).toBeGreaterThan(seedsEach * 5)
      })
    }
  })
}
