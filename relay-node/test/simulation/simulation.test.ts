import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { PROFILES } from './knobs.ts'
import { runSeed } from './world.ts'

/** 560 seeds in the normal run, of which 28 with real signatures; the size is the only difference to a long one. */
const SEEDS_EACH = Number(process.env.SEALSYNC_SEEDS ?? (process.env.SEALSYNC_LONG === undefined ? 76 : 2000))
const REAL_EACH = 4

beforeAll(() => cryptoReady)

describe('I1, I2, I4, I8, I10 hold in a hostile world', () => {
  for (const profile of PROFILES) {
    test(`${profile}: ${SEEDS_EACH} seeds with fake, ${REAL_EACH} with real signatures`, {
      timeout: 3_600_000,
    }, async () => {
      const failures: string[] = []
      let saved = 0
      for (let seed = 1; seed <= SEEDS_EACH + REAL_EACH; seed++) {
        const outcome = await runSeed(seed, profile, seed > SEEDS_EACH)
        saved += outcome.saved
        if (outcome.errors.length > 0) failures.push(`${profile} ${seed}: ${outcome.errors.join('; ')}`)
      }
      expect(failures).toEqual([])
      // A world in which nothing was ever saved would prove nothing.
      expect(saved).toBeGreaterThan(SEEDS_EACH * 5)
    })
  }
})
