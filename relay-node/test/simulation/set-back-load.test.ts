/** A relay that is set back by hand while somebody loads: the cursor still stands below, and tells nothing. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { createScene } from './scene.ts'

beforeAll(() => cryptoReady)

test.each<readonly [name: string, rounds: readonly (readonly ('old' | 'new')[])[]]>([
  ['a parent of the one that it had shown, though no session has gone on since', [['new']]],
  ['one that goes back in a session, though it is no parent', [['old'], ['old', 'new']]],
])('it is the relay that is accused, and not the maker of the snapshot, of %s', async (_, rounds) => {
  const scene = createScene({ storeMs: 60 })
  const [old, away] = [scene.open('a'), scene.open('b')]
  const tabs = { old, new: scene.open('c') }
  old.connect(scene.host)
  away.connect(scene.host)
  await scene.pass(1000)
  old.edit('base')
  await scene.pass(1000)
  away.cut()
  old.edit('covered')
  await scene.pass(1000)
  old.step({ type: 'snapshot' })
  await scene.pass(1000)
  scene.host.backUp()
  tabs.new.connect(scene.host)
  await scene.pass(1000)
  const lost: string[] = []
  for (const [i, writers] of rounds.entries()) {
    for (const writer of writers) {
      lost.push(`${writer} ${i}`)
      tabs[writer].edit(`${writer} ${i}`)
      await scene.pass(1000)
    }
    tabs.new.step({ type: 'snapshot' })
    await scene.pass(1000)
  }
  expect(tabs.new.snapshots()).toBe(rounds.length)
  tabs.new.edit('on top')
  await scene.pass(1000)
  away.connect(scene.host)
  while (!away.document.edits().has(lost.at(-1) ?? '')) await scene.pass(1)
  away.cut()
  // The end of the load has not come, or the cursor would stand above what the relay is going to have.
  expect(away.document.edits().has('on top')).toBe(false)
  old.kill()
  tabs.new.kill()
  scene.host.restore(true)
  away.connect(scene.host)
  await scene.pass(10_000)
  expect(away.alarms.map(({ kind }) => kind)).toEqual(['rollback'])
  const late = scene.open('d')
  late.connect(scene.host)
  await scene.pass(3000)
  for (const tab of [away, late]) {
    expect([...tab.document.edits()].sort()).toEqual(['base', 'covered', ...lost].sort())
    expect(tab.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
  }
  expect(late.alarms).toEqual([])
})
