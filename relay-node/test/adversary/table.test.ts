import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { type Attack, play, ROLES } from './play.ts'
import { TABLE } from './table.ts'

beforeAll(() => cryptoReady)

const SEEDS = process.env.SEALSYNC_LONG === '1' ? 20 : 1

const NO_ATTACK: Attack = { name: 'nothing' }

describe.each(ROLES)('against a %s client', (role) => {
  test('without an attack nothing is wrong', async () => {
    expect(await play(NO_ATTACK, role)).toEqual({ outcome: 'prevented', violations: [], messages: [] })
  })

  test.each(TABLE)('$name', async (attack) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { outcome, violations, messages } = await play(attack, role, seed)
      expect(violations, `seed ${seed}`).toEqual([])
      expect(outcome, `seed ${seed}: ${messages.join('; ')}`).toBe(attack.outcomes[role])
    }
  })
})

test('the threat model shows this table', () => {
  const page = readFileSync(new URL('../../../docs/threat-model.md', import.meta.url), 'utf8')
  const [, section = ''] = page.split('## Attacks and what happens\n')
  const rows = [...section.matchAll(/^\| ([RWON] .+?) \| (.+?) \| (.+?) \| (.+?) \|$/gm)]
  const shown = rows.map(([, name, ...cells]) => [name, ...cells.map((cell) => cell.replaceAll('`', ''))])
  expect(shown).toEqual(TABLE.map(({ name, outcomes }) => [name, ...ROLES.map((role) => outcomes[role])]))
})
