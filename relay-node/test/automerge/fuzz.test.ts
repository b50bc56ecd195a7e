// Brings Automerge's WebAssembly along.
import '@automerge/automerge-repo'
import { cryptoReady } from 'sealsync/protocol'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { openNext, openReleased } from './fuzz-repos.ts'
import { FUZZ_PROFILES, runFuzz } from './fuzz-world.ts'

// Real signatures cost more than all the rest of a world and say nothing more here.
vi.mock('../../../providers/src/crypto.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../providers/src/crypto.ts')>()
  const fake = await import('../../../providers/src/testing/fake-signing.ts')
  return { ...actual, verify: fake.fakeVerify, signingKey: fake.fakeSigning(actual.signingKey) }
})

/** 204 worlds in the normal run; the size is the only difference to a long one. */
const SIZE = Number(process.env.SEALSYNC_SEEDS ?? (process.env.SEALSYNC_LONG === undefined ? 204 : 2_000))
const KINDS = { 'automerge-repo 2.5': openReleased, 'automerge-repo 2.6': openNext } as const
const EACH = Math.ceil(SIZE / FUZZ_PROFILES.length / Object.keys(KINDS).length)

beforeAll(async () => {
  await cryptoReady
  // Repos speak of every peer that is gone, and of every change that they do not take.
  for (const name of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, name).mockImplementation(() => undefined)
  return () => vi.restoreAllMocks()
})

describe.each(Object.entries(KINDS))(
  '%s: nothing is lost, all become equal, then silence',
  (kind, openRepo) => {
    for (const profile of FUZZ_PROFILES) {
      test(`${profile}: ${EACH} worlds`, { timeout: 3_600_000 }, async () => {
        const failures: string[] = []
        let survived = 0
        for (let seed = 1; seed <= EACH; seed++) {
          const outcome = await runFuzz(seed, { profile, openRepo })
          survived += outcome.survived
          if (outcome.errors.length > 0)
            failures.push(`${kind} ${profile} ${seed}: ${outcome.errors.join('; ')}`)
        }
        expect(failures).toEqual([])
        // A world in which nothing had to survive would prove nothing.
        expect(survived).toBeGreaterThan(EACH * 3)
      })
    }
  },
)
