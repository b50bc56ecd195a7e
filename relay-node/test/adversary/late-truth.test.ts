/** A relay that has lied about one envelope, and from then on is honest: the cursor is past it, others tell of it. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { ToClient } from '../../../providers/src/protocol/index.ts'
import type { Script } from '../../../providers/src/testing/script.ts'
import { createStage } from './stage.ts'

beforeAll(() => cryptoReady)

type Deliver = ToClient & { readonly type: 'deliver' }

/** What becomes of the updates of a delivery, while its place in the log is told as it is. */
const inPlace = (change: (items: Deliver['items']) => Deliver['items']): Script => ({
  outgoing: (frame, { name }, say) =>
    say(frame.type === 'deliver' && name === 'victim' ? { ...frame, items: change(frame.items) } : frame),
})

const lies = {
  'spoils its signature': inPlace((items) =>
    items.map((item) =>
      item.type === 'updates'
        ? { ...item, updates: item.updates.map((update) => ({ ...update, signature: new Uint8Array(64) })) }
        : item,
    ),
  ),
  'leaves it out': inPlace((items) => items.filter(({ type }) => type !== 'updates')),
}

/** Three who are there, one edit that all have, and all have said so. */
const begun = async () => {
  const stage = createStage(1, { receipts: false })
  const [alice, dave, victim] = [stage.open('alice'), stage.open('dave'), stage.open('victim')]
  for (const [name, session] of Object.entries({ alice, dave, victim })) stage.connect(name, session)
  await stage.pass(1000)
  stage.edit(alice, 'one;')
  await stage.pass(16_000)
  return { stage, alice, victim }
}

test.each(Object.entries(lies))(
  'a relay that %s once is asked for all of it, as soon as somebody knows more',
  async (_, lie) => {
    const { stage, alice, victim } = await begun()
    stage.relay.lie(lie)
    stage.edit(alice, 'two;')
    await stage.pass(1000)
    stage.relay.lie()
    expect([...victim.document.edits()]).toEqual(['one;'])
    await stage.pass(25_000)
    expect([...victim.document.edits()].sort()).toEqual(['one;', 'two;'])
    expect(victim.session.status()).toMatchObject({ synced: true, sync: 'saved' })
    expect(victim.alarms.map(({ kind }) => kind).filter((kind) => kind !== 'forged')).toEqual([])
  },
)

test('a relay that gives it by id and claims that there is nothing to load is named', async () => {
  const { stage, alice, victim } = await begun()
  stage.relay.lie(lies['leaves it out'], {
    outgoing: (frame, { name }, say) =>
      say(frame.type === 'opened' && name === 'victim' ? { ...frame, complete: false } : frame),
  })
  stage.edit(alice, 'two;')
  await stage.pass(60_000)
  expect(victim.alarms.map(({ kind }) => kind)).toEqual(['withheld'])
})
