/**
 * A writer signs a snapshot that covers more of somebody than that one has written, and a relay that is with it shows it:
 * whatever the other one writes from then on has a position that counts as covered.
 */
import { beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { equalBytes } from '../../../providers/src/bytes.ts'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { AlarmKind } from '../../../providers/src/sync/effects.ts'
import * as scripts from '../../../providers/src/testing/scripts/index.ts'
import { createStage, type Session } from './stage.ts'

beforeAll(() => cryptoReady)

const HEAD = new Uint8Array(32).fill(9)

/**
 * Alice is there and writes. Eve makes a snapshot that covers `more` of her than she has written, or another head, and
 * `reader` is shown it in the place of an honest one. Then Alice writes on.
 */
const shown = async ({ more, reader }: { readonly more: number; readonly reader?: string }) => {
  const stage = createStage(1)
  const [alice, victim] = [stage.open('alice'), stage.open('victim')]
  stage.connect('alice', alice)
  await stage.pass(1000)
  stage.edit(alice, 'one;')
  await stage.pass(1000)
  const eve = stage.evilWriter()
  const content = { encoding: 2, payload: Y.encodeStateAsUpdateV2(alice.document.doc) }
  const snapshot = eve.snapshot(content)
  const isOfAlice = equalTo(alice.session.name().author)
  const cover = eve
    .cover()
    .map((entry) => (isOfAlice(entry.author) ? { ...entry, seq: entry.seq + more, head: HEAD } : entry))
  stage.relay.lie(scripts.substitute({ id: snapshot.id, by: eve.snapshot(content, cover), reader }))
  eve.push(snapshot)
  stage.connect('victim', victim)
  await stage.pass(1000)
  stage.edit(alice, 'two;')
  await stage.pass(60_000)
  return { alice, victim, eve }
}

const equalTo = (one: Uint8Array) => (other: Uint8Array) => equalBytes(one, other)

const editsOf = (session: Session): readonly string[] => [...session.document.edits()].sort()

const kindsOf = (session: Session): readonly AlarmKind[] => session.alarms.map(({ kind }) => kind)

test.each([
  [1_000_000, ['forged'], []],
  [1, ['forged'], []],
  // The others believe the other head, and tell her, as she tells them.
  [0, ['forged', 'fork'], ['fork']],
] as const)(
  'shown to all: the one who is covered %i positions too far names the maker, and is heard on',
  async (more, kinds, others) => {
    const { alice, victim, eve } = await shown({ more })
    expect(kindsOf(alice)).toEqual(kinds)
    expect(alice.alarms[0]?.author).toBe(eve.author)
    expect(alice.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
    for (const session of [alice, victim]) expect(editsOf(session)).toEqual(['one;', 'two;'])
    expect(kindsOf(victim)).toEqual(others)
  },
)

test('shown to one reader only: both hear that they stand on different snapshots', async () => {
  const { alice, victim } = await shown({ more: 1_000_000, reader: 'victim' })
  expect(editsOf(victim)).toEqual(['one;'])
  expect(kindsOf(victim)).toEqual(['withheld'])
  expect(new Set(kindsOf(alice))).toEqual(new Set(['withheld']))
})
