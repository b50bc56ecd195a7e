/** Writers with valid keys and bad intentions: the document stays usable, they are named, and it can be compacted. */
import { beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { cryptoReady, signingKey } from '../../../providers/src/crypto.ts'
import { toHex } from '../../../providers/src/protocol/index.ts'
import {
  decodeSnapshotInner,
  decodeUpdateInner,
  encodeSnapshotInner,
  encodeUpdateInner,
  type SnapshotInner,
  type UpdateInner,
} from '../../../providers/src/sync/content.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { createDisk } from '../simulation/device.ts'
import { createScene } from '../simulation/scene.ts'
import type { Tab } from '../simulation/tab.ts'

beforeAll(() => cryptoReady)

const editsOf = (tab: Tab): readonly string[] => [...tab.document.edits()].sort()
const kindsOf = (tab: Tab): readonly string[] => tab.alarms.map(({ kind }) => kind)

/** The device key of the tab that a scene opens under this name. */
const keyOf = (name: string): string =>
  toHex(signingKey(new Uint8Array(32).fill(name.charCodeAt(0))).publicKey)

/** What was heard of whom, each alarm by itself. */
const heardBy = (tab: Tab): readonly (readonly [kind: string, author: string | undefined])[] =>
  tab.alarms.map(({ kind, author }) => [kind, author])

/** Another hand on the seal: what this device writes is changed before it is sealed. */
const rewriting =
  (changes: {
    readonly update?: (inner: UpdateInner) => UpdateInner
    readonly snapshot?: (inner: SnapshotInner) => SnapshotInner
  }) =>
  (vault: Vault): Vault => ({
    ...vault,
    sealUpdate: (fields, inner) => {
      const honest = decodeUpdateInner(inner, fields.padded)
      if (!honest.ok || changes.update === undefined) return vault.sealUpdate(fields, inner)
      return vault.sealUpdate(fields, encodeUpdateInner(changes.update(honest.value), fields.padded))
    },
    sealSnapshot: (fields, inner) => {
      const honest = decodeSnapshotInner(inner, fields.padded)
      if (!honest.ok || changes.snapshot === undefined) return vault.sealSnapshot(fields, inner)
      return vault.sealSnapshot(fields, encodeSnapshotInner(changes.snapshot(honest.value), fields.padded))
    },
  })

const plain = (payload: Uint8Array): Omit<SnapshotInner, 'claims'> => ({
  encoding: 2,
  inflatedLength: undefined,
  digest: new Uint8Array(0),
  payload,
})

const garbage = Uint8Array.of(9, 9, 9)

test('a poison snapshot is named, replaced by whoever holds what it covers, and loses nothing', async () => {
  const scene = createScene({ snapshotAfter: 50 })
  const disk = createDisk()
  let poison = false
  const evil = scene.open(
    'e',
    createDisk(),
    rewriting({ snapshot: (inner) => (poison ? { ...inner, ...plain(garbage) } : inner) }),
  )
  const warm = scene.open('a', disk)
  for (const tab of [evil, warm]) tab.connect(scene.host)
  await scene.pass(1000)
  warm.edit('kept')
  evil.edit('from evil')
  await scene.pass(1000)
  // The only one who holds it is away, and what it keeps survives its restart.
  warm.kill()
  poison = true
  evil.step({ type: 'snapshot' })
  await scene.pass(3000)
  expect(evil.snapshots()).toBe(1)
  poison = false
  evil.kill()
  const cold = scene.open('c')
  cold.connect(scene.host)
  await scene.pass(3000)
  expect(heardBy(cold)).toEqual([['quarantined', keyOf('e')]])
  cold.edit('typed meanwhile')
  await scene.pass(1000)
  expect(cold.session.status()).toMatchObject({ sync: 'saved', pending: 0 })
  // Whoever lacks what it covers must not make another.
  cold.step({ type: 'snapshot' })
  await scene.pass(5000)
  expect(cold.snapshots()).toBe(0)
  const back = scene.open('a', disk)
  expect(editsOf(back)).toEqual(['from evil', 'kept'])
  back.connect(scene.host)
  await scene.pass(5000)
  expect(back.snapshots()).toBe(1)
  const late = scene.open('d')
  late.connect(scene.host)
  await scene.pass(3000)
  for (const tab of [back, cold, late]) {
    expect(editsOf(tab)).toEqual(['from evil', 'kept', 'typed meanwhile'])
    expect(tab.session.status()).toMatchObject({ sync: 'saved', pending: 0 })
  }
  expect(kindsOf(late)).toEqual([])
})

test('a client that restarts between a poison snapshot and its successor still holds everything', async () => {
  const scene = createScene()
  const disk = createDisk()
  const evil = scene.open(
    'e',
    createDisk(),
    rewriting({ snapshot: (inner) => ({ ...inner, ...plain(garbage) }) }),
  )
  const warm = scene.open('a', disk)
  for (const tab of [evil, warm]) tab.connect(scene.host)
  await scene.pass(1000)
  warm.edit('kept')
  await scene.pass(1000)
  evil.step({ type: 'snapshot' })
  await scene.pass(60)
  expect(heardBy(warm)).toEqual([['quarantined', keyOf('e')]])
  warm.kill()
  evil.kill()
  scene.host.prune()
  const back = scene.open('a', disk)
  expect(editsOf(back)).toEqual(['kept'])
  back.connect(scene.host)
  await scene.pass(5000)
  const cold = scene.open('c')
  cold.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(cold)).toEqual(['kept'])
})

test('a snapshot that lacks what it covers is named, and what it lacks is published again', async () => {
  const scene = createScene()
  const nothing = Y.encodeStateAsUpdateV2(new Y.Doc())
  const evil = scene.open(
    'e',
    createDisk(),
    rewriting({ snapshot: (inner) => ({ ...inner, ...plain(nothing) }) }),
  )
  const warm = scene.open('a')
  for (const tab of [evil, warm]) tab.connect(scene.host)
  await scene.pass(1000)
  warm.edit('kept')
  evil.edit('also')
  await scene.pass(1000)
  evil.step({ type: 'snapshot' })
  await scene.pass(2000)
  expect(heardBy(warm)).toEqual([['snapshot-dropped', keyOf('e')]])
  const cold = scene.open('c')
  cold.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(cold)).toEqual(['also', 'kept'])
  expect(cold.alarms).toEqual([])
})

test('a snapshot whose maker says that its state is another one raises diverged, and nothing stops', async () => {
  const scene = createScene()
  const digest = new Uint8Array(32).fill(1)
  const evil = scene.open('e', createDisk(), rewriting({ snapshot: (inner) => ({ ...inner, digest }) }))
  const warm = scene.open('a')
  for (const tab of [evil, warm]) tab.connect(scene.host)
  await scene.pass(1000)
  warm.edit('kept')
  await scene.pass(1000)
  evil.step({ type: 'snapshot' })
  await scene.pass(1000)
  expect(heardBy(warm)).toEqual([['diverged', keyOf('e')]])
  warm.edit('goes on')
  await scene.pass(1000)
  expect(editsOf(evil)).toEqual(['goes on', 'kept'])
})

test('what a newer version writes is kept, sending goes on, and no snapshot covers it', async () => {
  const scene = createScene()
  const disk = createDisk()
  const newer = scene.open('n', createDisk(), rewriting({ update: (inner) => ({ ...inner, encoding: 9 }) }))
  const older = scene.open('a', disk)
  for (const tab of [newer, older]) tab.connect(scene.host)
  await scene.pass(1000)
  newer.edit('in new form')
  await scene.pass(1000)
  older.edit('in old form')
  await scene.pass(1000)
  expect(older.alarms).toEqual([])
  expect(older.session.status()).toMatchObject({ sync: 'saved', pending: 0, upgradeNeeded: true })
  older.step({ type: 'snapshot' })
  await scene.pass(5000)
  scene.host.prune()
  // Everything else is compacted; the part that nobody here can read stays on top, for those who can.
  expect(older.snapshots()).toBe(1)
  const other = scene.open('c')
  other.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(other)).toEqual(['in old form'])
  expect(other.session.status().upgradeNeeded).toBe(true)
})

test('a poison author is named for each of its envelopes, once and nobody else, and the others go on', async () => {
  const scene = createScene()
  const evil = scene.open(
    'e',
    createDisk(),
    rewriting({
      update: (inner) => ({ ...inner, payload: garbage }),
      snapshot: (inner) => ({ ...inner, ...plain(garbage) }),
    }),
  )
  const [a, b] = [scene.open('a'), scene.open('b')]
  for (const tab of [evil, a, b]) tab.connect(scene.host)
  await scene.pass(1000)
  for (const round of [1, 2, 3]) {
    evil.edit(`poison ${round}`)
    a.edit(`a ${round}`)
    await scene.pass(500)
  }
  expect(editsOf(b)).toEqual(['a 1', 'a 2', 'a 3'])
  const updates = Array.from({ length: 3 }, () => ['quarantined', keyOf('e')])
  for (const tab of [a, b]) expect(heardBy(tab)).toEqual(updates)
  // Another offence, and then all of it once more, as every load brings it. It goes before it is answered.
  evil.step({ type: 'snapshot' })
  await scene.pass(60)
  expect(evil.snapshots()).toBe(1)
  evil.kill()
  for (const tab of [a, b]) {
    tab.cut()
    await scene.pass(500)
    tab.connect(scene.host)
    await scene.pass(3000)
    expect(heardBy(tab)).toEqual([...updates, ['quarantined', keyOf('e')]])
    expect(new Set(tab.alarms.map(({ envelopeId }) => envelopeId)).size).toBe(4)
  }
  b.step({ type: 'snapshot' })
  await scene.pass(3000)
  expect(b.snapshots()).toBeGreaterThan(0)
  const cold = scene.open('c')
  cold.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(cold)).toEqual(['a 1', 'a 2', 'a 3'])
  expect(cold.alarms).toEqual([])
})

test('much that nobody here can read does not make snapshots without end', async () => {
  const scene = createScene({ snapshotAfter: 3 })
  const newer = scene.open('n', createDisk(), rewriting({ update: (inner) => ({ ...inner, encoding: 9 }) }))
  const older = scene.open('a')
  for (const tab of [newer, older]) tab.connect(scene.host)
  await scene.pass(1000)
  // The newer one reads no more than we do here: it must not make snapshots either.
  for (let round = 0; round < 8; round++) {
    newer.edit(`new ${round}`)
    await scene.pass(200)
  }
  newer.kill()
  older.edit('old')
  await scene.pass(60_000)
  const made = older.snapshots()
  await scene.pass(60_000)
  expect(older.snapshots()).toBe(made)
  expect(made).toBeLessThan(4)
})
