import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { createScene } from './scene.ts'

beforeAll(() => cryptoReady)

/** Of three one has written, and one has gone since. */
const begun = async () => {
  const scene = createScene()
  const [early, away, maker] = [scene.open('a'), scene.open('b'), scene.open('c')]
  for (const tab of [early, away, maker]) tab.connect(scene.host)
  await scene.pass(1000)
  early.edit('early')
  await scene.pass(1000)
  away.cut()
  return { scene, early, away, maker }
}

test('nobody names a head that a snapshot has ended which it never saw: others could not know it', async () => {
  const { scene, early, away, maker } = await begun()
  early.kill()
  // One that covers the session, one that ends it, and one that does not mention it any more.
  for (const round of [1, 2, 3]) {
    maker.edit(`round ${round}`)
    await scene.pass(1000)
    maker.step({ type: 'snapshot' })
    await scene.pass(1000)
    scene.host.prune()
  }
  expect(maker.snapshots()).toBe(3)
  const late = scene.open('d')
  late.connect(scene.host)
  away.connect(scene.host)
  await scene.pass(3000)
  away.edit('back')
  await scene.pass(30_000)
  for (const tab of [away, maker, late]) {
    expect(tab.alarms).toEqual([])
    expect([...tab.document.edits()]).toContain('back')
  }
})

test('nobody names the head of an ended session because that session has made the snapshot that all load', async () => {
  const { scene, early: ended, away, maker } = await begun()
  ended.cut()
  // One that covers the session, and one that ends it.
  for (const round of [1, 2]) {
    maker.edit(`round ${round}`)
    await scene.pass(1000)
    maker.step({ type: 'snapshot' })
    await scene.pass(1000)
  }
  // Back, it writes nothing: the next snapshot is signed in the session that has ended.
  ended.connect(scene.host)
  await scene.pass(1000)
  maker.edit('round 3')
  await scene.pass(1000)
  ended.step({ type: 'snapshot' })
  await scene.pass(1000)
  scene.host.prune()
  expect([maker.snapshots(), ended.snapshots()]).toEqual([2, 1])
  const late = scene.open('d')
  late.connect(scene.host)
  away.connect(scene.host)
  await scene.pass(3000)
  away.edit('back')
  await scene.pass(30_000)
  for (const tab of [away, maker, late]) {
    expect(tab.alarms).toEqual([])
    expect([...tab.document.edits()]).toContain('back')
  }
})
