/** A relay that changes single bytes of its frames: what is said of it depends on the byte, what it can do does not. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { scripts } from '../../../providers/src/testing/index.ts'
import { type Attack, play, ROLES } from './play.ts'

beforeAll(() => cryptoReady)

const SEEDS = process.env.SEALSYNC_LONG === '1' ? 100 : 6
const ANYBODY = ['alice', 'dave', 'victim', 'a stranger']

const ATTACK: Attack = {
  name: 'R changes bytes of its frames',
  lie: ({ random }) => [scripts.mutate({ random, reader: 'victim' })],
  // In a changed frame an envelope may be anybody's.
  affects: { forged: ANYBODY, withheld: ANYBODY, rollback: ANYBODY, fork: ANYBODY },
  // Another log id, say, and the victim tells it to everybody.
  others: 'any',
}

test.each(ROLES)('a %s client applies none of it, loses nothing, and accuses nobody', async (role) => {
  const heard = new Set<string>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations, outcome } = await play(ATTACK, role, { seed })
    expect(violations, `seed ${seed}`).toEqual([])
    expect(outcome, `seed ${seed}`).not.toBe('not noticed')
    for (const kind of outcome.split(', ')) heard.add(kind)
  }
  // Something did arrive that was not what had been written.
  expect(heard).toContain('forged')
})
