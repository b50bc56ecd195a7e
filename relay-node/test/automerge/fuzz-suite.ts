/** Worlds of one kind of Repo, as tests: the size is the only difference between a normal run and a long one. */
import { cryptoReady } from 'sealsync/protocol'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { OpenRepo } from './fuzz-repos.ts'
import { FUZZ_PROFILES, runFuzz } from './fuzz-world.ts'

const SIZE = Number(process.env.SEALSYNC_SEEDS ?? (process.env.SEALSYNC_LONG === undefined ? 102 : 1_000))
const EACH = Math.ceil(SIZE / FUZZ_PROFILES.length)

export const fuzzSuite = (kind: string, openRepo: OpenRepo): void => {
  beforeAll(async () => {
    await cryptoReady
    // Repos speak of every peer that is gone, and of every change that they do not take.
    for (const name of ['log', 'warn', 'error'] as const)
      vi.spyOn(console, name).mockImplementation(() => undefined)
    return () => vi.restoreAllMocks()
  })

  test(`${kind}: a world depends on its seed alone`, { timeout: 120_000 }, async () => {
    const first = await runFuzz(2, { profile: 'evil', openRepo })
    await runFuzz(3, { profile: 'restore', openRepo })
    expect(await runFuzz(2, { profile: 'evil', openRepo })).toEqual(first)
  })

  describe(`${kind}: nothing is lost, all become equal, then silence`, () => {
    for (const profile of FUZZ_PROFILES) {
      test(`${profile}: ${EACH} worlds`, { timeout: 3_600_000 }, async () => {
        const failures: string[] = []
        let survived = 0
        for (let seed = 1; seed <= EACH; seed++) {
          const outcome = await runFuzz(seed, { profile, openRepo })
          survived += outcome.survived
          if (outcome.errors.length > 0) failures.push(`${profile} ${seed}: ${outcome.errors.join('; ')}`)
        }
        expect(failures).toEqual([])
        // A world in which nothing had to survive would prove nothing.
        expect(survived).toBeGreaterThan(EACH * 3)
      })
    }
  })
}
