/** Documents that truly differ although both hold the same envelopes: writers have reached the two in different orders. */
import { beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import type { Script } from '../../../providers/src/testing/script.ts'
import { createStage, type Session, type Stage } from './stage.ts'

beforeAll(() => cryptoReady)

const CLIENT_ID = 77

const contentOf = (text: string): Content => {
  const doc = new Y.Doc()
  doc.clientID = CLIENT_ID
  doc.getText('shared').insert(0, text)
  return { encoding: 1, payload: Y.encodeStateAsUpdate(doc) }
}

const sharedText = ({ document }: Session): string => `${document.doc.getText('shared')}`
const heardBy = ({ hearers }: Stage, name: string): readonly string[] =>
  hearers()
    .filter((hearer) => hearer.name === name)
    .flatMap(({ alarms }) => alarms.map(({ kind, author }) => `${kind} of ${author}`))

/** Shows Bob the last two of the log, once they are there, in each other's place. */
const otherOrder = (from: number): Script => ({
  view: (log, { name }) => {
    if (name !== 'bob') return log
    const [one, other, ...rest] = log.slice(from)
    return [...log.slice(0, from), ...(one && other ? [other, one, ...rest] : [])]
  },
})

/** Alice and Bob have the same envelopes; one holds what came first to the one, the other what came first to the other. */
const parted = async () => {
  const stage = createStage(1)
  const [alice, bob] = [stage.open('alice'), stage.open('bob')]
  for (const [name, session] of Object.entries({ alice, bob })) stage.connect(name, session)
  await stage.pass(1000)
  stage.edit(alice, 'a1;')
  stage.edit(bob, 'b1;')
  await stage.pass(1000)
  stage.relay.lie(otherOrder(stage.relay.log().length))
  const writers = [stage.evilWriter(), stage.evilWriter()]
  for (const [i, text] of ['this', 'that'].entries()) {
    const eve = writers[i]
    eve?.push(eve.update(contentOf(text)))
    await stage.pass(500)
  }
  stage.relay.lie()
  await stage.pass(2000)
  return { stage, alice, bob }
}

test('who holds another document than the maker of a snapshot with nothing on top is told that they differ', async () => {
  const { stage, alice, bob } = await parted()
  expect([sharedText(alice), sharedText(bob)]).toEqual(['this', 'that'])
  for (const name of ['alice', 'bob']) expect(heardBy(stage, name)).toEqual(['clientid-conflict of eve'])
  alice.step({ type: 'snapshot' })
  await stage.pass(3000)
  expect(alice.snapshots()).toBe(1)
  // Both are honest: a conflict names who brings what comes second, and here that is Alice's snapshot.
  expect(heardBy(stage, 'bob')).toEqual([
    'clientid-conflict of eve',
    'diverged of alice',
    'clientid-conflict of alice',
  ])
  expect(heardBy(stage, 'alice')).toEqual(['clientid-conflict of eve'])
  // Nothing stops, and both keep what they hold.
  stage.edit(alice, 'a2;')
  stage.edit(bob, 'b2;')
  await stage.pass(3000)
  for (const session of [alice, bob]) {
    expect([...session.document.edits()].sort()).toEqual(['a1;', 'a2;', 'b1;', 'b2;'])
    expect(session.session.status()).toMatchObject({ sync: 'saved', pending: 0 })
  }
  expect([sharedText(alice), sharedText(bob)]).toEqual(['this', 'that'])
  // Whoever comes gets the document of the snapshot, and holds nothing that could differ from it.
  const carol = stage.open('carol')
  stage.connect('carol', carol)
  await stage.pass(3000)
  expect(sharedText(carol)).toBe('this')
  expect(heardBy(stage, 'carol')).toEqual([])
})

test('who holds the same document as the maker of a snapshot is told nothing, whatever order it came in', async () => {
  const { stage, bob } = await parted()
  const carol = stage.open('carol')
  stage.connect('carol', carol)
  await stage.pass(3000)
  const heard = heardBy(stage, 'carol')
  expect(heard).toEqual(['clientid-conflict of eve'])
  const maker = sharedText(carol) === sharedText(bob) ? 'bob' : 'alice'
  carol.step({ type: 'snapshot' })
  await stage.pass(3000)
  expect(carol.snapshots()).toBe(1)
  expect(heardBy(stage, maker)).toEqual(['clientid-conflict of eve'])
  const other = maker === 'bob' ? 'alice' : 'bob'
  expect(heardBy(stage, other)).toEqual([
    'clientid-conflict of eve',
    'diverged of carol',
    'clientid-conflict of carol',
  ])
})
