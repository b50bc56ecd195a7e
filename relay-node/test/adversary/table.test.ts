import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { SLOWER, untimely, WITHIN } from './bounds.ts'
import { type Attack, play, ROLES } from './play.ts'
import { TABLE } from './table.ts'

beforeAll(() => cryptoReady)

const SEEDS = process.env.SEALSYNC_LONG === '1' ? 20 : 1

const NO_ATTACK: Attack = { name: 'nothing' }

describe.each(ROLES)('against a %s client', (role) => {
  test('without an attack nothing is wrong', async () => {
    expect(await play(NO_ATTACK, role)).toEqual({
      outcome: 'prevented',
      violations: [],
      messages: [],
      delays: new Map(),
    })
  })

  test.each(TABLE)('$name', async (attack) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { outcome, violations, messages, delays } = await play(attack, role, { seed })
      expect(violations, `seed ${seed}`).toEqual([])
      expect(outcome, `seed ${seed}: ${messages.join('; ')}`).toBe(attack.outcomes[role])
      expect(untimely(attack.name, role, delays), `seed ${seed}`).toEqual([])
    }
  })
})

const page = readFileSync(new URL('../../../docs/threat-model.md', import.meta.url), 'utf8')
const bare = (cell: string): string => cell.replaceAll('`', '')

/** The table below this heading of the page, without its head. */
const tableBelow = (heading: string): readonly (readonly string[])[] => {
  const [, below = ''] = page.split(`\n${heading}\n`)
  const [section = ''] = below.split(/^#/m)
  const lines = [...section.matchAll(/^\| (.+) \|$/gm)].slice(1)
  return lines.map(([, line = '']) => bare(line).split(' | '))
}

describe('the threat model shows', () => {
  test('what becomes of each attack', () => {
    const rows = TABLE.map(({ name, outcomes }) => [bare(name), ...ROLES.map((role) => outcomes[role])])
    expect(tableBelow('## Attacks and what happens')).toEqual(rows)
  })

  test('what the others hear', () => {
    const rows = TABLE.flatMap(({ name, others }) =>
      others === undefined || others === 'any'
        ? []
        : [[bare(name), ...['alice', 'dave'].map((one) => others[one] ?? 'nothing')]],
    )
    expect(tableBelow('### What the others hear')).toEqual(rows)
  })

  test('how soon each kind of alarm comes', () => {
    const shown = tableBelow('### How soon an alarm comes').map((cells) => cells.slice(0, 2))
    expect(shown).toEqual(Object.entries(WITHIN).map(([kind, seconds]) => [kind, `${seconds} s`]))
    const raised = TABLE.flatMap(({ outcomes }) =>
      Object.values(outcomes).flatMap((cell) => cell.split(', ')),
    )
    const kinds = new Set(raised.filter((word) => word !== 'prevented' && word !== 'not noticed'))
    expect(new Set(Object.keys(WITHIN))).toEqual(kinds)
  })

  test('which cells are slower', () => {
    const names = { cold: 'cold', state: 'with state', holder: 'holder' }
    const rows = SLOWER.map(({ attack, roles, kind, within }) => {
      const clients = roles === ROLES ? 'all' : roles.map((role) => names[role]).join(', ')
      return [bare(attack), clients, kind, `${within} s`]
    })
    expect(tableBelow('### Cells that are slower')).toEqual(rows)
    for (const { attack, roles, kind } of SLOWER) {
      const row = TABLE.find(({ name }) => name === attack)
      for (const role of roles) expect(row?.outcomes[role].split(', ')).toContain(kind)
    }
  })
})
