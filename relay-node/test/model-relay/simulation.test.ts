import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { Profile } from '../simulation/knobs.ts'
import { runSeed } from '../simulation/world.ts'
import { createModelHost } from './model-host.ts'

beforeAll(() => cryptoReady)

/** `crowded` needs a limit that the model does not have. */
const WORLDS: Readonly<Partial<Record<Profile, number>>> = { plain: 24, restore: 6, raw: 6, wipe: 6, evil: 6 }

for (const [profile, seeds] of Object.entries(WORLDS) as [Profile, number][]) {
  test(`the simulation cannot tell the model relay from the real one: ${profile}, ${seeds} seeds`, async () => {
    const failures: string[] = []
    let saved = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = await runSeed(seed, profile, { host: createModelHost })
      saved += outcome.saved
      if (outcome.errors.length > 0) failures.push(`${profile} ${seed}: ${outcome.errors.join('; ')}`)
    }
    expect(failures).toEqual([])
    expect(saved).toBeGreaterThan(seeds * 5)
  })
}
