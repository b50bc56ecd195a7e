/** What kept seeded worlds from coming to rest, each played out once, by name. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { decodeState, STATE_KEY } from '../../../providers/src/sync/keep.ts'
import { createDisk, type Disk } from './device.ts'
import { createScene, type Scene } from './scene.ts'
import type { Tab } from './tab.ts'

beforeAll(() => cryptoReady)

const cursorOf = (disk: Disk): number => {
  const stored = disk.entries.get(STATE_KEY)
  return (stored && decodeState(stored)?.version) ?? -1
}

/** The relay has got it back, and takes a snapshot. */
const expectWhole = async (scene: Scene, tab: Tab, edit: string): Promise<void> => {
  const late = scene.open('z')
  late.connect(scene.host)
  await scene.pass(5000)
  expect([...late.document.edits()]).toContain(edit)
  tab.edit('after')
  await scene.pass(5000)
  tab.step({ type: 'snapshot' })
  await scene.pass(5000)
  expect(tab.snapshots()).toBe(1)
}

test('a need of a snapshot is over when somebody else has made one', async () => {
  const scene = createScene({ openSessions: 2 })
  const [idle, maker] = [scene.open('a'), scene.open('b')]
  for (const tab of [idle, maker]) tab.connect(scene.host)
  await scene.pass(1000)
  for (const tab of [idle, maker]) tab.edit('one')
  await scene.pass(1000)
  idle.kill()
  maker.step({ type: 'snapshot' })
  await scene.pass(1000)
  const third = scene.open('c')
  third.connect(scene.host)
  await scene.pass(1000)
  third.edit('third')
  await scene.pass(40)
  expect(third.session.status().pending).toBe(1)
  maker.step({ type: 'snapshot' })
  await scene.pass(10_000)
  expect(third.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
  expect([maker.snapshots(), third.snapshots()]).toEqual([2, 0])
})

test('what was kept while a snapshot was on its way is given back to a relay that was set back', async () => {
  const scene = createScene({ chunkBytes: 60 })
  const disk = createDisk()
  const [author, reader] = [scene.open('a'), scene.open('b', disk)]
  for (const tab of [author, reader]) tab.connect(scene.host)
  await scene.pass(1000)
  for (let i = 0; i < 100; i++) author.edit(`edit ${i}`)
  await scene.pass(3000)
  scene.host.backUp()
  const before = cursorOf(disk)
  author.step({ type: 'snapshot' })
  while (author.snapshots() === 0) await scene.pass(1)
  author.edit('lost')
  await scene.pass(40)
  expect([...reader.document.edits()]).toContain('lost')
  expect(cursorOf(disk)).toBeLessThanOrEqual(before)
  for (const tab of [author, reader]) tab.kill()
  scene.host.restore(true)
  const again = scene.open('b', disk)
  expect([...again.document.edits()]).toContain('lost')
  again.connect(scene.host)
  await scene.pass(5000)
  await expectWhole(scene, again, 'lost')
})

test('a cursor is not stored beside what the relay was set back behind', async () => {
  const scene = createScene()
  const disk = createDisk()
  const [author, reader] = [scene.open('a'), scene.open('b', disk)]
  for (const tab of [author, reader]) tab.connect(scene.host)
  await scene.pass(1000)
  author.edit('first')
  await scene.pass(1000)
  scene.host.backUp()
  const before = cursorOf(disk)
  disk.isStuck = true
  author.edit('lost')
  while (!reader.document.edits().has('lost')) await scene.pass(1)
  author.kill()
  scene.host.restore(true)
  reader.cut()
  reader.connect(scene.host)
  let wasAhead = false
  disk.onWrite = (moment) => {
    if (moment === 'before') return
    if (cursorOf(disk) > before) wasAhead = true
    // The first moment at which another run would follow the log from there.
    else if (wasAhead && cursorOf(disk) >= 0) reader.kill()
  }
  await scene.pass(40)
  // Storage was read again by now, and what was still on its way there was not in it.
  disk.isStuck = false
  await scene.pass(5000)
  expect(wasAhead).toBe(true)
  expect(reader.isAlive()).toBe(false)
  disk.onWrite = undefined
  const again = scene.open('b', disk)
  again.connect(scene.host)
  await scene.pass(5000)
  await expectWhole(scene, again, 'lost')
})
