/** The relay goes back to each earlier version of its log in turn, and nobody else is there who could tell. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { scripts } from '../../../providers/src/testing/index.ts'
import { type Outcome, play, ROLES, type Role } from './play.ts'

beforeAll(() => cryptoReady)

/** What becomes of a log that is set back to each of its versions, and how far the victim had followed it. */
const outcomes = async (
  role: Role,
): Promise<{ readonly seen: number; readonly found: readonly Outcome[] }> => {
  const found: Outcome[] = []
  let seen = 0
  for (let to = 0, length = 1; to < length; to++) {
    const attack = {
      name: `R sets the log back to version ${to}`,
      isAlone: true,
      affects: { rollback: ['alice', 'dave'] },
      lie: ({ early, late }: { readonly early: number; readonly late: number }) => {
        length = late
        seen = { cold: 0, state: early, holder: late }[role]
        return [scripts.rollBack({ to })]
      },
    }
    const { outcome, violations } = await play(attack, role)
    expect(violations, attack.name).toEqual([])
    found.push(outcome)
  }
  return { seen, found }
}

test.each(ROLES)('whatever a %s client has seen is missed, and nothing else can be', async (role) => {
  const { seen, found } = await outcomes(role)
  expect(found.length).toBeGreaterThan(5)
  expect(found).toEqual(found.map((_, to) => (to < seen ? 'rollback' : 'not noticed')))
})
