/** The situations in which paper review found edits lost, each played out once, by name. */
import { beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { AlarmKind } from '../../../providers/src/sync/effects.ts'
import { createDisk } from './device.ts'
import { createScene, type Scene } from './scene.ts'
import type { Tab } from './tab.ts'

beforeAll(() => cryptoReady)

const editsOf = (tab: Tab): readonly string[] => [...tab.document.edits()].sort()

/** `heard`: the alarms that the first tab, and no other, has raised. */
const expectEqual = (
  tabs: readonly Tab[],
  edits: readonly string[],
  heard: readonly AlarmKind[] = [],
): void => {
  for (const tab of tabs) {
    expect(editsOf(tab)).toEqual([...edits].sort())
    expect(tab.document.facts()).toEqual(tabs[0]?.document.facts())
    expect(tab.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
    expect(tab.alarms.map(({ kind }) => kind)).toEqual(tab === tabs[0] ? heard : [])
  }
}

test('I10: an acked edit of an idle session survives the snapshots that land and end it', async () => {
  const scene = createScene()
  const [idle, busy] = [scene.open('a'), scene.open('b')]
  idle.connect(scene.host)
  busy.connect(scene.host)
  await scene.pass(1000)
  idle.edit('idle 1')
  await scene.pass(1000)
  expect(idle.book.saved.has('idle 1')).toBe(true)
  idle.cut()
  for (const round of [1, 2, 3]) {
    busy.edit(`busy ${round}`)
    await scene.pass(1000)
    busy.step({ type: 'snapshot' })
    await scene.pass(1000)
    scene.host.prune()
  }
  expect(busy.snapshots()).toBe(3)
  idle.edit('idle 2')
  idle.connect(scene.host)
  await scene.pass(3000)
  const late = scene.open('c')
  late.connect(scene.host)
  await scene.pass(3000)
  expectEqual([idle, busy, late], ['idle 1', 'idle 2', 'busy 1', 'busy 2', 'busy 3'])
})

test('I1: the author has its ack, the reader not yet its delivery, and the link drops', async () => {
  const scene = createScene({ latencyMs: 300 })
  const [author, reader] = [scene.open('a'), scene.open('b')]
  author.connect(scene.host)
  reader.connect(scene.host)
  await scene.pass(3000)
  author.edit('one')
  while (author.session.status().pending > 0) await scene.pass(10)
  reader.cut()
  author.cut()
  author.kill()
  await scene.pass(1000)
  reader.connect(scene.host)
  await scene.pass(3000)
  expectEqual([reader], ['one'])
})

for (const fault of ['fail', 'die', 'unsure'] as const) {
  test(`I1: a commit that goes wrong (${fault}) is neither acked nor fanned out before it is made good`, async () => {
    const scene = createScene()
    const [author, reader] = [scene.open('a'), scene.open('b')]
    author.connect(scene.host)
    reader.connect(scene.host)
    await scene.pass(1000)
    scene.fault = () => fault
    author.edit('one')
    await scene.pass(500)
    // One that was made after all is found stored when it is tried again: then it may be acked.
    expect(author.book.saved.has('one')).toBe(fault === 'unsure')
    expect(editsOf(reader)).toEqual(fault === 'unsure' ? ['one'] : [])
    scene.fault = () => undefined
    scene.host.crash()
    scene.host.start()
    await scene.pass(1000)
    author.connect(scene.host)
    reader.connect(scene.host)
    await scene.pass(5000)
    expectEqual([author, reader], ['one'])
  })
}

test('I1: a relay set back to a backup is refilled by whoever holds what it lost', async () => {
  const scene = createScene()
  const [one, two] = [scene.open('a'), scene.open('b')]
  one.connect(scene.host)
  two.connect(scene.host)
  await scene.pass(1000)
  one.edit('before')
  await scene.pass(1000)
  scene.host.backUp()
  one.edit('after')
  await scene.pass(1000)
  one.kill()
  for (const raw of [true, false]) {
    scene.host.restore(raw)
    await scene.pass(1000)
    two.connect(scene.host)
    await scene.pass(5000)
    const cold = scene.open('c')
    cold.connect(scene.host)
    await scene.pass(2000)
    // Set back by hand it keeps its log id: then it has lost what it had delivered, and that is said.
    expectEqual([two, cold], ['before', 'after'], ['rollback'])
    cold.kill()
  }
})

test('I10: a snapshot that contains more than its cover leaves what is beyond in the outbox', async () => {
  // With room for two sessions, the third writer cannot send; its snapshot must not wait for its own edit.
  const scene = createScene({ openSessions: 2 })
  const tabs = ['a', 'b', 'c'].map((name) => scene.open(name))
  for (const [i, tab] of tabs.entries()) {
    tab.connect(scene.host)
    await scene.pass(1000)
    tab.edit(`edit ${i}`)
    await scene.pass(1000)
  }
  await scene.pass(20_000)
  expect(tabs.reduce((sum, tab) => sum + tab.snapshots(), 0)).toBeGreaterThan(0)
  const cold = scene.open('d')
  cold.connect(scene.host)
  await scene.pass(3000)
  expectEqual([...tabs, cold], ['edit 0', 'edit 1', 'edit 2'])
})

test('I1: one refused position in a pipelined burst costs a new session, and nothing else', async () => {
  const scene = createScene({ latencyMs: 100 })
  const [author, other] = [scene.open('a'), scene.open('b')]
  author.connect(scene.host)
  other.connect(scene.host)
  await scene.pass(2000)
  author.edit('first')
  await scene.pass(2000)
  let commits = 0
  scene.fault = () => (++commits % 2 === 1 ? 'fail' : undefined)
  for (let i = 0; i < 20; i++) {
    author.edit(`burst ${i}`)
    author.step({ type: 'flush' })
    await scene.pass(3)
  }
  await scene.pass(10_000)
  scene.fault = () => undefined
  await scene.pass(10_000)
  expectEqual([author, other], ['first', ...Array.from({ length: 20 }, (_, i) => `burst ${i}`)])
})

test('I4: a tab that dies with unsent edits leaves them to the next one, which seals them anew', async () => {
  const scene = createScene()
  const disk = createDisk()
  const first = scene.open('a', disk)
  first.connect(scene.host)
  await scene.pass(1000)
  first.cut()
  first.edit('offline 1')
  first.edit('offline 2')
  await scene.pass(100)
  expect(first.session.status()).toMatchObject({ sync: 'offline', pending: 2 })
  first.kill()
  const second = scene.open('a', disk)
  await scene.pass(2000)
  expect(second.session.status().pending).toBe(2)
  second.connect(scene.host)
  await scene.pass(3000)
  expectEqual([second], ['offline 1', 'offline 2'])
})

test('an unchanged document that is opened again sends nothing', async () => {
  const scene = createScene()
  const disk = createDisk()
  const first = scene.open('a', disk)
  first.connect(scene.host)
  await scene.pass(1000)
  first.edit('one')
  await scene.pass(2000)
  first.kill()
  const before = scene.host.commits()
  for (const keepsDisk of [true, false]) {
    const again = scene.open('a', keepsDisk ? disk : createDisk())
    if (!keepsDisk) Y.applyUpdate(again.document.doc, Y.encodeStateAsUpdate(first.document.doc), 'elsewhere')
    again.connect(scene.host)
    await scene.pass(3000)
    if (keepsDisk) expectEqual([again], ['one'])
    again.kill()
  }
  expect(scene.host.commits()).toBe(before)
})

test('I3: an update whose signature is broken counts only once a later one of its chain vouches for it', async () => {
  const scene = createScene()
  let breakNext = false
  const [writer, reader] = [
    scene.open('a', createDisk(), (vault) => ({
      ...vault,
      sealUpdate: (fields, inner) => {
        const update = vault.sealUpdate(fields, inner)
        return breakNext ? { ...update, signature: new Uint8Array(64) } : update
      },
    })),
    scene.open('b'),
  ]
  writer.connect(scene.host)
  reader.connect(scene.host)
  await scene.pass(1000)
  writer.edit('sound')
  await scene.pass(1000)
  breakNext = true
  writer.edit('broken')
  await scene.pass(1000)
  expect(editsOf(reader)).toEqual(['sound'])
  expect(reader.alarms).toMatchObject([{ kind: 'forged' }])
  // A snapshot stops before what is held, on every path.
  reader.step({ type: 'snapshot' })
  await scene.pass(3000)
  expect(reader.snapshots()).toBe(1)
  const cold = scene.open('c')
  cold.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(cold)).toEqual(['sound'])
  breakNext = false
  writer.edit('sound again')
  await scene.pass(1000)
  for (const tab of [reader, cold]) expect(editsOf(tab)).toEqual(['broken', 'sound', 'sound again'])
  const later = scene.open('d')
  later.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(later)).toEqual(['broken', 'sound', 'sound again'])
})

test('I4: an acknowledged edit stays pending until storage has it', async () => {
  const scene = createScene({ diskMs: 0 })
  const disk = createDisk()
  const tab = scene.open('a', disk)
  tab.connect(scene.host)
  await scene.pass(1000)
  disk.isStuck = true
  tab.edit('one')
  await scene.pass(2000)
  const reader = scene.open('b')
  reader.connect(scene.host)
  await scene.pass(1000)
  expect(editsOf(reader)).toEqual(['one'])
  expect(tab.session.status()).toMatchObject({ sync: 'saving', pending: 1 })
  disk.isStuck = false
  await scene.pass(2000)
  expectEqual([tab, reader], ['one'])
})

test('a frame that is lost on a link that stays up is asked for again', async () => {
  const scene = createScene()
  const [author, reader] = [scene.open('a'), scene.open('b')]
  author.connect(scene.host)
  reader.connect(scene.host)
  await scene.pass(1000)
  author.edit('one')
  await scene.pass(1000)
  scene.losesFrames = true
  author.edit('lost')
  await scene.pass(1000)
  scene.losesFrames = false
  expect(author.session.status().pending).toBe(1)
  await scene.pass(20_000)
  author.edit('next')
  await scene.pass(3000)
  expectEqual([author, reader], ['one', 'lost', 'next'])
})

/** A short life of two devices: edits on- and offline, a snapshot, a relay that loses everything. */
const liveThrough = async (scene: Scene, one: () => Tab, two: Tab): Promise<void> => {
  const meet = (): void => {
    one().connect(scene.host)
    two.connect(scene.host)
  }
  meet()
  await scene.pass(500)
  one().edit('first')
  two.edit('second')
  await scene.pass(500)
  one().cut()
  one().edit('offline')
  await scene.pass(300)
  meet()
  await scene.pass(500)
  two.step({ type: 'snapshot' })
  await scene.pass(1500)
  one().edit('on top')
  await scene.pass(300)
  scene.host.wipe()
  meet()
  await scene.pass(2000)
  one().edit('afterwards')
  await scene.pass(1000)
}

test('I1, I4: a crash right before or after any write of a client loses nothing that was written', async () => {
  let writes = 0
  for (let crashAt = 0; crashAt <= writes; crashAt++) {
    const scene = createScene()
    const disk = createDisk()
    const lives: Tab[] = []
    let moments = 0
    disk.onWrite = () => {
      moments += 1
      if (moments !== crashAt) return
      lives.at(-1)?.kill()
      lives.push(scene.open('a', disk))
      lives.at(-1)?.connect(scene.host)
    }
    lives.push(scene.open('a', disk))
    const two = scene.open('b')
    await liveThrough(scene, () => lives.at(-1) ?? two, two)
    if (crashAt === 0) writes = moments
    await scene.pass(20_000)
    lives.at(-1)?.connect(scene.host)
    two.connect(scene.host)
    await scene.pass(20_000)
    const survivors = new Set([
      ...lives.flatMap((tab) => [...tab.book.onDisk, ...tab.book.saved]),
      ...two.book.saved,
    ])
    for (const tab of [...lives.slice(-1), two]) {
      const name = `crash at moment ${crashAt} of ${writes}`
      expect(editsOf(tab), name).toEqual(editsOf(two))
      expect(editsOf(tab), name).toEqual(expect.arrayContaining([...survivors]))
      expect(tab.session.status(), name).toMatchObject({ pending: 0, sync: 'saved' })
    }
  }
  expect(writes).toBeGreaterThan(20)
})

test('I1: a relay that crashes at any of its commits, done or not, loses nothing that it acked', async () => {
  let commits = 0
  for (let crashAt = 0; crashAt <= commits; crashAt++) {
    for (const fault of ['die', 'unsure'] as const) {
      const scene = createScene()
      const [one, two] = [scene.open('a'), scene.open('b')]
      let count = 0
      scene.fault = () => {
        count += 1
        if (count !== crashAt) return undefined
        scene.clock.after(20, () => {
          scene.host.crash()
          scene.host.start()
          scene.clock.after(50, () => {
            one.connect(scene.host)
            two.connect(scene.host)
          })
        })
        return fault
      }
      await liveThrough(scene, () => one, two)
      if (crashAt === 0) commits = count
      await scene.pass(20_000)
      one.connect(scene.host)
      two.connect(scene.host)
      await scene.pass(20_000)
      expectEqual([one, two], ['first', 'second', 'offline', 'on top', 'afterwards'])
    }
  }
  expect(commits).toBeGreaterThan(4)
})

test('I1: a relay that was set back by hand and has grown past the old cursor is found out by its digest', async () => {
  const scene = createScene()
  const away = scene.open('a')
  away.connect(scene.host)
  await scene.pass(1000)
  away.edit('base')
  await scene.pass(1000)
  scene.host.backUp()
  for (const edit of ['lost 1', 'lost 2']) {
    away.edit(edit)
    await scene.pass(500)
  }
  away.cut()
  scene.host.restore(true)
  // Above the old cursor a chain of its own begins, so that no gap gives the missing part away.
  const others = [scene.open('b'), scene.open('c')]
  for (const [i, other] of others.entries()) {
    other.connect(scene.host)
    await scene.pass(1000)
    for (const round of [1, 2]) {
      other.edit(`new ${i}.${round}`)
      await scene.pass(500)
    }
  }
  away.connect(scene.host)
  await scene.pass(5000)
  const fresh = ['new 0.1', 'new 0.2', 'new 1.1', 'new 1.2']
  expectEqual([away, ...others], ['base', 'lost 1', 'lost 2', ...fresh], ['rollback'])
})
