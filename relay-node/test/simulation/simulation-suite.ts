/** Worlds of some profiles, for every kind of document. The size is the only difference between a short and a long run. */
import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { KIND_NAMES, KINDS, type SimKind } from './kinds.ts'
import { PROFILES, type Profile } from './knobs.ts'
import { runSeed } from './world.ts'

const IS_LONG = process.env.SEALSYNC_LONG !== undefined
/** Of Yjs documents, over all profiles. */
const SEEDS = Number(process.env.SEALSYNC_SEEDS ?? (IS_LONG ? 100_000 : 2_000))
/** Of those, with real signatures. */
const REAL_SHARE = 0.055

/** The other kinds are there for the seam: what is between documents has been found out with the first. */
const SHARES: Readonly<Record<SimKind, number>> = {
  yjs: 1,
  counter: 0.028,
  'late-counter': 0.014,
  automerge: 0.028,
}

export const simulationSuite = (...profiles: readonly Profile[]): void => {
  beforeAll(() => cryptoReady)

  for (const kind of KIND_NAMES) {
    const each = Math.ceil((SEEDS * SHARES[kind]) / PROFILES.length)
    const real = kind === 'yjs' ? Math.ceil(each * REAL_SHARE) : 0

    describe(`${kind}: I1, I2, I4, I8, I10 hold in a hostile world, and nobody raises a false alarm`, () => {
      test.each(profiles)(
        `%s: ${each} seeds, ${real} of them with real signatures`,
        {
          timeout: 24 * 3_600_000,
        },
        async (profile) => {
          const failures: string[] = []
          let saved = 0
          for (let seed = 1; seed <= each; seed++) {
            const realSignatures = seed > each - real
            const outcome = await runSeed(seed, profile, { kind: KINDS[kind], realSignatures })
            saved += outcome.saved
            if (outcome.errors.length > 0) failures.push(`${profile} ${seed}: ${outcome.errors.join('; ')}`)
          }
          expect(failures).toEqual([])
          // A world in which nothing was ever saved would prove nothing.
          expect(saved).toBeGreaterThan(each * 5)
        },
      )
    })
  }
}
