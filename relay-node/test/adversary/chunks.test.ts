/** Snapshots in chunks: links that drop, crashes, restarts, two makers, and relays that lie about chunks. */
import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { decodeToClient, encodeToClient, type Item, toHex } from '../../../providers/src/protocol/index.ts'
import type { AlarmKind, Progress } from '../../../providers/src/sync/effects.ts'
import { createDisk, type Disk } from '../simulation/device.ts'
import type { Knobs } from '../simulation/knobs.ts'
import { createScene, type Scene } from '../simulation/scene.ts'
import type { Tab } from '../simulation/tab.ts'
import { createWatchedLine, type WatchedLine } from './watched-line.ts'

beforeAll(() => cryptoReady)

const EDITS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => name.repeat(60))
const SMALL: Partial<Knobs> = { chunkBytes: 30 }
/** Chunks that a client has under way at most. */
const WINDOW = 4

const editsOf = (tab: Tab): readonly string[] => [...tab.document.edits()].sort()

const expectWhole = (tabs: readonly Tab[], edits: readonly string[] = EDITS): void => {
  for (const tab of tabs) {
    expect(tab.alarms).toEqual([])
    expect(editsOf(tab)).toEqual([...edits].sort())
    expect(tab.document.facts()).toEqual(tabs[0]?.document.facts())
    expect(tab.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
  }
}

/** The bar in the app never goes back, and is full in the end. */
const expectProgress = ({ progress }: Tab, direction: Progress['direction']): void => {
  const told = progress.filter((one) => one.direction === direction)
  const done = told.map((one) => one.done)
  expect(done.length).toBeGreaterThan(8)
  expect(done).toEqual([...done].sort((a, b) => a - b))
  expect(told.at(-1)).toMatchObject({ done: told[0]?.total, total: told[0]?.total })
}

const kindsOf = (tab: Tab): readonly AlarmKind[] => tab.alarms.map(({ kind }) => kind)

/** A document with some edits, by a tab that is connected through `line`. */
const begun = async (changes: Partial<Knobs> = {}) => {
  const scene = createScene({ ...SMALL, ...changes })
  const author = scene.open('a')
  const line = createWatchedLine(scene.host)
  author.connect(line)
  await scene.pass(1000)
  for (const edit of EDITS) author.edit(edit)
  await scene.pass(1000)
  return { scene, author, line }
}

/** The same, with a snapshot in chunks on top of everything, and its author gone. */
const stored = async (changes: Partial<Knobs> = {}) => {
  const { scene, author, line } = await begun(changes)
  const chunks = new Set<string>()
  line.up = (frame) => {
    for (const id of pushedIn(frame)) chunks.add(id)
    return true
  }
  author.step({ type: 'snapshot' })
  await scene.pass(5000)
  expect(author.snapshots()).toBe(1)
  expect(chunks.size).toBeGreaterThan(8)
  author.kill()
  return { scene, chunks, line: createWatchedLine(scene.host) }
}

const chunksIn = (items: readonly Item[]): readonly string[] =>
  items.flatMap((item) => (item.type === 'chunk' ? [toHex(item.chunk.id)] : []))

const pushedIn = (frame: Parameters<WatchedLine['up']>[0]): readonly string[] =>
  frame.type === 'push' ? chunksIn(frame.items) : []

/** How often each of these came. */
const count = (counts: Map<string, number>, names: readonly string[]): void => {
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
}

const repeats = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, times) => sum + times - 1, 0)

const reconnecting = (scene: Scene, tab: Tab, line: Pick<WatchedLine, 'dial'>): void => {
  const dial = (): void => {
    if (!tab.isConnected()) tab.connect(line)
    if (tab.isAlive()) scene.clock.after(300, dial)
  }
  dial()
}

const coldClient = async (scene: Scene): Promise<Tab> => {
  const cold = scene.open('z')
  cold.connect(scene.host)
  await scene.pass(3000)
  return cold
}

describe('a snapshot on its way up', () => {
  for (const moment of ['a chunk leaves', 'an ack arrives'] as const) {
    test(`goes on where it was when the link drops as ${moment}, whichever`, async () => {
      let chunks = 1
      for (let at = 1; at <= chunks; at++) {
        const { scene, author, line } = await begun()
        const pushed = new Map<string, number>()
        let seen = 0
        const passed = (): boolean => {
          seen += 1
          if (seen === at) scene.clock.after(0, () => author.cut())
          return true
        }
        line.up = (frame) => {
          const ids = pushedIn(frame)
          count(pushed, ids)
          return ids.length === 0 || moment === 'an ack arrives' || passed()
        }
        line.down = (frame) => {
          const acks = frame.type === 'deliver' ? frame.items.filter(({ type }) => type === 'ack').length : 0
          if (moment === 'an ack arrives') for (let i = 0; i < acks; i++) passed()
          return frame
        }
        author.step({ type: 'snapshot' })
        reconnecting(scene, author, line)
        await scene.pass(20_000)
        expect(author.snapshots()).toBe(1)
        expect(repeats(pushed)).toBeLessThanOrEqual(WINDOW)
        expectProgress(author, 'up')
        chunks = pushed.size
        expectWhole([author, await coldClient(scene)])
      }
      expect(chunks).toBeGreaterThan(8)
    })
  }

  test('loses nothing to a relay that crashes at any of its commits, done or not', async () => {
    let commits = 1
    for (let crashAt = 0; crashAt <= commits; crashAt++) {
      for (const fault of ['die', 'unsure'] as const) {
        const { scene, author, line } = await begun()
        let seen = 0
        scene.fault = () => {
          seen += 1
          if (seen !== crashAt) return undefined
          scene.clock.after(20, () => {
            scene.host.crash()
            scene.host.start()
          })
          return fault
        }
        author.step({ type: 'snapshot' })
        reconnecting(scene, author, line)
        await scene.pass(40_000)
        if (crashAt === 0) commits = seen
        expect(author.snapshots()).toBe(1)
        expectWhole([author, await coldClient(scene)])
      }
    }
    expect(commits).toBeGreaterThan(3)
  })

  test('survives a lost chunk and a lost ack, each for one repetition', async () => {
    const { scene, author, line } = await begun()
    const pushed = new Map<string, number>()
    let [ups, downs] = [0, 0]
    line.up = (frame) => {
      const ids = pushedIn(frame)
      count(pushed, ids)
      return ids.length === 0 || ++ups !== 2
    }
    line.down = (frame) => {
      const isAck = frame.type === 'deliver' && frame.items.some(({ type }) => type === 'ack')
      return isAck && ++downs === 3 ? undefined : frame
    }
    author.step({ type: 'snapshot' })
    await scene.pass(50_000)
    expect(author.snapshots()).toBe(1)
    expect(repeats(pushed)).toBeGreaterThanOrEqual(2)
    expect(repeats(pushed)).toBeLessThanOrEqual(2 * WINDOW)
    expectWhole([author, await coldClient(scene)])
  })

  test('sends all chunks once more when the relay has forgotten some, and no edit is lost', async () => {
    const { scene, author, line } = await begun()
    let refusals = 0
    line.down = (frame) => {
      if (frame.type !== 'deliver') return frame
      // The ack of the snapshot, as a relay would answer that has lost a chunk meanwhile.
      const items = frame.items.map((item): Item => {
        if (item.type !== 'ack' || toHex(item.id) !== snapshotId || refusals > 0) return item
        refusals += 1
        return { type: 'refused', id: item.id, code: 'gap', retryAfterMs: 0, ended: [] }
      })
      return { ...frame, items }
    }
    let snapshotId = ''
    const pushed = new Map<string, number>()
    line.up = (frame) => {
      count(pushed, pushedIn(frame))
      const items = frame.type === 'push' ? frame.items : []
      for (const item of items) if (item.type === 'snapshot') snapshotId = toHex(item.snapshot.id)
      return true
    }
    author.step({ type: 'snapshot' })
    await scene.pass(20_000)
    expect(refusals).toBe(1)
    expect(repeats(pushed)).toBe(pushed.size)
    expect(author.snapshots()).toBe(1)
    expectWhole([author, await coldClient(scene)])
  })

  test('of two makers at once is one; the other one gives up, and both hold everything', async () => {
    const { scene, author, line } = await begun()
    const other = scene.open('b')
    other.connect(scene.host)
    await scene.pass(1000)
    author.step({ type: 'snapshot' })
    other.step({ type: 'snapshot' })
    reconnecting(scene, author, line)
    await scene.pass(10_000)
    expect(author.snapshots() + other.snapshots()).toBeGreaterThanOrEqual(1)
    expectWhole([author, other, await coldClient(scene)])
  })

  test('does not survive a wipe, and another one is made of what is uploaded again', async () => {
    const { scene, author, line } = await begun()
    let pushes = 0
    line.up = (frame) => {
      pushes += pushedIn(frame).length
      if (pushes === 6 && pushedIn(frame).length > 0) scene.clock.after(0, () => scene.host.wipe())
      return true
    }
    author.step({ type: 'snapshot' })
    reconnecting(scene, author, line)
    await scene.pass(20_000)
    expect(author.snapshots()).toBe(0)
    author.step({ type: 'snapshot' })
    await scene.pass(5000)
    expect(author.snapshots()).toBe(1)
    expectWhole([author, await coldClient(scene)])
  })

  test('lets edits through: each is acked while chunks are under way', async () => {
    const { scene, author, line } = await begun()
    const order: string[] = []
    line.up = (frame) => {
      if (frame.type === 'push') order.push(frame.items[0]?.type ?? '')
      return true
    }
    author.step({ type: 'snapshot' })
    while (order.length < 5) await scene.pass(1)
    author.edit('in between')
    await scene.pass(10_000)
    const [edit, last] = [order.indexOf('updates'), order.lastIndexOf('chunk')]
    expect(edit).toBeGreaterThan(0)
    expect(last).toBeGreaterThan(edit)
    expect(author.snapshots()).toBe(1)
    expectWhole([author, await coldClient(scene)], [...EDITS, 'in between'])
  })
})

describe('a snapshot on its way down', () => {
  test('goes on where it was when the link drops at any answer: no chunk comes twice', async () => {
    let answers = 1
    for (let at = 1; at <= answers; at++) {
      const { scene, chunks, line } = await stored()
      const reader = scene.open('b')
      const came = new Map<string, number>()
      let seen = 0
      line.down = (frame) => {
        if (frame.type !== 'found') return frame
        seen += 1
        count(came, chunksIn(frame.items))
        if (seen === at) scene.clock.after(0, () => reader.cut())
        return frame
      }
      reconnecting(scene, reader, line)
      await scene.pass(20_000)
      answers = Math.max(answers, seen - 1)
      expect(came.size).toBe(chunks.size)
      expect(repeats(came)).toBe(0)
      expectProgress(reader, 'down')
      expectWhole([reader])
    }
    expect(answers).toBeGreaterThan(1)
  })

  test('when a question or an answer is lost, it is asked again', async () => {
    for (const lost of ['fetch', 'found']) {
      const { scene, line } = await stored()
      const reader = scene.open('b')
      let seen = 0
      line.up = (frame) => frame.type !== lost || ++seen !== 2
      line.down = (frame) => (frame.type === lost && ++seen === 2 ? undefined : frame)
      reconnecting(scene, reader, line)
      await scene.pass(30_000)
      expect(seen).toBeGreaterThan(2)
      expectWhole([reader])
    }
  })

  test('is nothing before all of it is there: not in the document, not in storage, not caught up', async () => {
    const { scene, line } = await stored()
    const disk = createDisk()
    const reader = scene.open('b', disk)
    let isOpen = false
    line.down = (frame) => (frame.type === 'found' && !isOpen ? undefined : frame)
    const other = scene.open('c')
    other.connect(scene.host)
    reader.connect(line)
    await scene.pass(3000)
    other.edit('on top')
    await scene.pass(5000)
    expect(editsOf(reader)).toEqual([])
    expect(reader.session.status()).toMatchObject({ synced: false, sync: 'loading' })
    // But what others have named, which is still to come.
    expect([...disk.entries.keys()]).toEqual(['heads'])
    isOpen = true
    await scene.pass(20_000)
    expectWhole([reader, other], [...EDITS, 'on top'])
  })

  test('is kept with its chunks: a restart needs no relay', async () => {
    const { scene, line } = await stored()
    const disk = createDisk()
    const reader = scene.open('b', disk)
    reader.connect(line)
    await scene.pass(3000)
    reader.kill()
    const again = scene.open('b', disk)
    expect(editsOf(again)).toEqual([...EDITS].sort())
    let fetches = 0
    line.up = (frame) => {
      if (frame.type === 'fetch') fetches += 1
      return true
    }
    again.connect(line)
    await scene.pass(3000)
    expect(fetches).toBe(0)
    expectWhole([again])
  })

  test('begins anew after a restart at any answer, and is then complete', async () => {
    for (let at = 1; at <= 4; at++) {
      const { scene, line } = await stored()
      const disk = createDisk()
      const first = scene.open('b', disk)
      let seen = 0
      line.down = (frame) => {
        if (frame.type === 'found' && ++seen === at) scene.clock.after(0, () => first.kill())
        return frame
      }
      first.connect(line)
      await scene.pass(3000)
      const second = scene.open('b', disk)
      second.connect(scene.host)
      await scene.pass(5000)
      expectWhole([second])
    }
  })

  test('holds up nobody who has all of it already; only its own place in storage waits', async () => {
    const { scene, author, line } = await begun()
    const disk = createDisk()
    const [reader, other] = [scene.open('b', disk), scene.open('c')]
    const readerLine = createWatchedLine(scene.host)
    reader.connect(readerLine)
    other.connect(scene.host)
    await scene.pass(1000)
    let isOpen = false
    readerLine.down = (frame) => (frame.type === 'found' && !isOpen ? undefined : frame)
    author.step({ type: 'snapshot' })
    reconnecting(scene, author, line)
    await scene.pass(3000)
    expect(author.snapshots()).toBe(1)
    other.edit('meanwhile')
    await scene.pass(1000)
    expectWhole([reader, other], [...EDITS, 'meanwhile'])
    // As after a crash right now: what is on the disk leads back to everything.
    const twin = scene.open('b', copyOf(disk))
    expect(editsOf(twin)).toEqual([...EDITS, 'meanwhile'].sort())
    twin.connect(scene.host)
    isOpen = true
    await scene.pass(30_000)
    expectWhole([twin, reader, other], [...EDITS, 'meanwhile'])
    // It knows the active snapshot: its own takes the place of that one.
    twin.step({ type: 'snapshot' })
    await scene.pass(5000)
    expect(twin.snapshots()).toBe(1)
    reader.kill()
    const again = scene.open('b', disk)
    expect(editsOf(again)).toEqual([...EDITS, 'meanwhile'].sort())
  })

  test('that was replaced while it came is not fetched to its end if the relay has dropped it', async () => {
    const { scene, line } = await stored({ graceMs: 1 })
    const reader = scene.open('b')
    let isOpen = false
    line.up = (frame) => frame.type !== 'fetch' || isOpen
    reader.connect(line)
    await scene.pass(1000)
    const maker = await coldClient(scene)
    maker.edit('newer')
    await scene.pass(1000)
    maker.step({ type: 'snapshot' })
    await scene.pass(5000)
    expect(maker.snapshots()).toBe(1)
    scene.host.prune()
    await scene.pass(100)
    isOpen = true
    reconnecting(scene, reader, line)
    await scene.pass(40_000)
    expectWhole([reader, maker], [...EDITS, 'newer'])
  })

  test('drops what waits behind it beyond a limit, and gets that once more', async () => {
    const { scene, line } = await stored()
    const reader = scene.open('b')
    let isOpen = false
    line.down = (frame) => (frame.type === 'found' && !isOpen ? undefined : frame)
    reader.connect(line)
    const other = await coldClient(scene)
    const large = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(1_000_000))
    for (const edit of large) {
      other.edit(edit)
      await scene.pass(500)
    }
    isOpen = true
    await scene.pass(30_000)
    expectWhole([reader, other], [...EDITS, ...large])
  })
})

describe('a relay that lies about chunks', () => {
  const lies: Readonly<Record<string, (items: readonly Item[]) => readonly Item[]>> = {
    'gives one for the other': (items) =>
      items.map((_, i) => items[(i + 1) % items.length]).flatMap((one) => one ?? []),
    'gives each twice': (items) => items.flatMap((item) => [item, item]),
    'gives them backwards': (items) => [...items].reverse(),
  }
  for (const [name, lie] of Object.entries(lies)) {
    test(`and ${name} does no harm`, async () => {
      const { scene, line } = await stored()
      const reader = scene.open('b')
      line.down = (frame) => (frame.type === 'found' ? { ...frame, items: lie(frame.items) } : frame)
      reconnecting(scene, reader, line)
      await scene.pass(20_000)
      expectWhole([reader])
    })
  }

  const withholding: Readonly<Record<string, WatchedLine['down']>> = {
    'never answers': (frame) => (frame.type === 'found' ? undefined : frame),
    'knows none of them': (frame) =>
      frame.type === 'found'
        ? {
            ...frame,
            items: [],
            unknown: frame.items.flatMap((item) => (item.type === 'chunk' ? [item.chunk.id] : [])),
          }
        : frame,
    'changes a byte in each': (frame) =>
      frame.type === 'found' ? { ...frame, items: frame.items.map(spoilt) } : frame,
    'answers with nothing': (frame) => (frame.type === 'found' ? { ...frame, items: [] } : frame),
  }
  for (const [name, down] of Object.entries(withholding)) {
    test(`and ${name} is named as withholding, in bounded time`, async () => {
      const { scene, line } = await stored()
      const reader = scene.open('b')
      line.down = down
      reconnecting(scene, reader, line)
      await scene.pass(70_000)
      expect(kindsOf(reader)).toEqual(['withheld'])
      expect(editsOf(reader)).toEqual([])
      // It goes on with what comes after.
      const other = await coldClient(scene)
      other.edit('later')
      await scene.pass(3000)
      expect(reader.session.status()).toMatchObject({ sync: 'saved' })
    })

    test(`and ${name}, and then gives them, is believed: at the next connection, or within a minute`, async () => {
      for (const reconnects of [true, false]) {
        const { scene, line } = await stored()
        const disk = createDisk()
        const reader = scene.open('b', disk)
        line.down = down
        reconnecting(scene, reader, line)
        await scene.pass(70_000)
        expect([kindsOf(reader), editsOf(reader)]).toEqual([['withheld'], []])
        line.down = (frame) => frame
        if (reconnects) reader.cut()
        await scene.pass(reconnects ? 3000 : 60_000)
        expect(editsOf(reader)).toEqual([...EDITS].sort())
        // It may cover what it knows now, and keeps it.
        reader.step({ type: 'snapshot' })
        await scene.pass(5000)
        expect([kindsOf(reader), reader.snapshots()]).toEqual([['withheld'], 1])
        reader.kill()
        expect(editsOf(scene.open('b', disk))).toEqual([...EDITS].sort())
        expect(editsOf(await coldClient(scene))).toEqual([...EDITS].sort())
      }
    })

    test(`and ${name} harms nobody who has all of it already, and who then makes another snapshot`, async () => {
      const { scene, author, line } = await begun()
      const reader = scene.open('b')
      const readerLine = createWatchedLine(scene.host)
      reader.connect(readerLine)
      await scene.pass(1000)
      readerLine.down = down
      author.step({ type: 'snapshot' })
      reconnecting(scene, author, line)
      reconnecting(scene, reader, readerLine)
      await scene.pass(90_000)
      expect(kindsOf(reader)).toEqual(['withheld'])
      expect(reader.snapshots()).toBe(1)
      expect(editsOf(reader)).toEqual([...EDITS].sort())
    })
  }
})

const spoilt = (item: Item): Item => {
  if (item.type !== 'chunk') return item
  const { chunk } = item
  const ciphertext = chunk.ciphertext.slice()
  ciphertext[0] = (ciphertext[0] ?? 0) ^ 1
  const bytes = encodeToClient({
    type: 'found',
    channel: 1,
    items: [{ type: 'chunk', chunk: { ...chunk, ciphertext } }],
    unknown: [],
  })
  const frame = decodeToClient(bytes, () => chunk.docId)
  if (!frame.ok || frame.value.type !== 'found') throw new Error('it still decodes')
  return frame.value.items[0] ?? item
}

const copyOf = (disk: Disk): Disk => {
  const copy = createDisk()
  for (const [key, value] of disk.entries) copy.entries.set(key, value)
  return copy
}
