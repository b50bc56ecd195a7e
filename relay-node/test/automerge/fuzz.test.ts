import { vi } from 'vitest'
import { openReleased } from './fuzz-repos.ts'
import { fuzzSuite } from './fuzz-suite.ts'

// Real signatures cost more than all the rest of a world and say nothing more here.
vi.mock('../../../providers/src/crypto.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../providers/src/crypto.ts')>()
  const fake = await import('../../../providers/src/testing/fake-signing.ts')
  return { ...actual, verify: fake.fakeVerify, signingKey: fake.fakeSigning(actual.signingKey) }
})

fuzzSuite('automerge-repo 2.5', openReleased)
