/**
 * What every `Storage` must do. A storage is accepted when it passes this suite, not when it compiles.
 * Bring the test function of your runner: `storageSuite(test, async () => { … return { open } })`.
 */
import { equalBytes } from '../bytes.ts'
import type { Change, Storage } from '../client/storage.ts'

/** One place where documents are kept; fresh and empty for every test. */
export interface StoragePlace {
  /** A storage over this place: another tab, or the same one after a reload. */
  open(): Storage | Promise<Storage>
}

const fail = (message: string): never => {
  throw new Error(message)
}

const text = (entries: ReadonlyMap<string, Uint8Array>): string =>
  [...entries]
    .map(([key, value]) => `${key}=${value.join('.')}`)
    .sort()
    .join(' ')

const expectEntries = (entries: ReadonlyMap<string, Uint8Array>, expected: string): void => {
  if (text(entries) !== expected) fail(`expected "${expected}", found "${text(entries)}"`)
}

const put = (key: string, ...bytes: number[]): Change => ({ key, value: Uint8Array.from(bytes) })
const drop = (key: string): Change => ({ key, value: undefined })

const isRejected = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work
    return false
  } catch {
    return true
  }
}

export const storageSuite = (
  test: (name: string, run: () => Promise<void>) => void,
  makePlace: () => StoragePlace | Promise<StoragePlace>,
): void => {
  const withPlace = (name: string, run: (storage: Storage, place: StoragePlace) => Promise<void>): void =>
    test(name, async () => {
      const place = await makePlace()
      await run(await place.open(), place)
    })

  withPlace('a document that was never written is empty', async (storage) => {
    expectEntries(await storage.load('a'), '')
  })

  withPlace(
    'what was written is loaded, also by another that opens the same place',
    async (storage, place) => {
      await storage.write('a', [put('x', 1, 2), put('empty')])
      expectEntries(await storage.load('a'), 'empty= x=1.2')
      expectEntries(await (await place.open()).load('a'), 'empty= x=1.2')
    },
  )

  withPlace('a write replaces and deletes, in the order of its changes', async (storage) => {
    await storage.write('a', [put('x', 1), put('y', 1)])
    await storage.write('a', [put('x', 2), drop('y'), drop('never-there'), put('z', 3), drop('z')])
    expectEntries(await storage.load('a'), 'x=2')
  })

  withPlace('writes that were not waited for apply in the order of calls', async (storage) => {
    const writes = Array.from({ length: 50 }, (_, i) =>
      storage.write('a', [put('x', i), put(`k${i % 3}`, i)]),
    )
    const loading = storage.load('a')
    await Promise.all(writes)
    expectEntries(await loading, 'k0=48 k1=49 k2=47 x=49')
  })

  withPlace('loading takes its place among the writes', async (storage) => {
    const first = storage.write('a', [put('x', 1)])
    const loading = storage.load('a')
    const second = storage.write('a', [put('x', 2)])
    expectEntries(await loading, 'x=1')
    await Promise.all([first, second])
    expectEntries(await storage.load('a'), 'x=2')
  })

  withPlace('a prefix selects keys, and only whole characters of it', async (storage) => {
    await storage.write('a', [
      put('out/1/0', 1),
      put('out/1/1', 2),
      put('out/10/0', 3),
      put('output', 4),
      put('o', 5),
    ])
    expectEntries(await storage.load('a', 'out/1/'), 'out/1/0=1 out/1/1=2')
    expectEntries(await storage.load('a', 'out/'), 'out/1/0=1 out/1/1=2 out/10/0=3')
    expectEntries(await storage.load('a', 'none'), '')
  })

  withPlace('values are copies: neither side sees what the other does to its bytes', async (storage) => {
    const buffer = Uint8Array.from([9, 1, 2, 9])
    const writing = storage.write('a', [{ key: 'x', value: buffer.subarray(1, 3) }])
    buffer.fill(7)
    await writing
    const loaded = await storage.load('a')
    const value = loaded.get('x') ?? fail('x is missing')
    if (!equalBytes(value, Uint8Array.from([1, 2]))) fail('the value changed after the call')
    if (value.buffer.byteLength !== value.length) fail('the value is a view of something larger')
    value.fill(8)
    expectEntries(await storage.load('a'), 'x=1.2')
  })

  withPlace('a refused write leaves nothing behind', async (storage) => {
    const tooLong = 'k'.repeat(201)
    for (const key of ['', 'with space', 'ümlaut', tooLong]) {
      if (!(await isRejected(storage.write('a', [put('x', 1), put(key, 1)]))))
        fail(`the key "${key}" was taken`)
    }
    expectEntries(await storage.load('a'), '')
    await storage.write('a', [put('k'.repeat(200), 1)])
  })

  withPlace('a document id that no storage could name is refused', async (storage) => {
    for (const docId of ['', '../a', 'a/b', 'a'.repeat(129)]) {
      if (!(await isRejected(storage.write(docId, [put('x', 1)]))))
        fail(`the document id "${docId}" was taken`)
      if (!(await isRejected(storage.load(docId)))) fail(`the document id "${docId}" was loaded`)
    }
  })

  withPlace('many documents do not see each other', async (storage) => {
    const names = Array.from({ length: 20 }, (_, i) => `doc${i}`)
    await Promise.all(names.map((name, i) => storage.write(name, [put('x', i)])))
    for (const [i, name] of names.entries()) expectEntries(await storage.load(name), `x=${i}`)
  })

  withPlace('clear forgets one document, and writes after it count', async (storage) => {
    await storage.write('a', [put('x', 1)])
    await storage.write('b', [put('x', 2)])
    const before = storage.write('a', [put('y', 3)])
    const clearing = storage.clear('a')
    const after = storage.write('a', [put('z', 4)])
    await Promise.all([before, clearing, after])
    expectEntries(await storage.load('a'), 'z=4')
    expectEntries(await storage.load('b'), 'x=2')
    await storage.clear('never-there')
  })

  withPlace('large values and many changes come back whole', async (storage, place) => {
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
    const many = Array.from({ length: 500 }, (_, i) => put(`log/${i}`, i % 256))
    await storage.write('a', [{ key: 'large', value: large }, ...many])
    for (let i = 0; i < 5; i++) await storage.write('a', [{ key: 'large', value: large.subarray(i) }])
    const loaded = await (await place.open()).load('a')
    if (loaded.size !== 501) fail(`expected 501 entries, found ${loaded.size}`)
    if (!equalBytes(loaded.get('large') ?? new Uint8Array(0), large.subarray(4)))
      fail('the large value is wrong')
  })

  withPlace('two that opened the same place see what the other wrote', async (storage, place) => {
    const other = await place.open()
    await storage.write('a', [put('x', 1)])
    await other.write('a', [put('y', 2)])
    await Promise.all([storage.write('a', [put('x', 3)]), other.write('a', [put('z', 4)])])
    expectEntries(await storage.load('a'), 'x=3 y=2 z=4')
    expectEntries(await other.load('a'), 'x=3 y=2 z=4')
  })

  withPlace('a lock has one holder until it is given back, once', async (storage, place) => {
    const other = await place.open()
    const release = (await storage.lock('sealsync:a:1')) ?? fail('a free lock was not given')
    if ((await storage.lock('sealsync:a:1')) !== undefined) fail('a held lock was given again')
    if ((await other.lock('sealsync:a:1')) !== undefined) fail('a held lock was given to another')
    const releaseOther = (await other.lock('sealsync:a:2')) ?? fail('another name was not free')
    release()
    const again = (await eventually(() => other.lock('sealsync:a:1'))) ?? fail('a released lock was not free')
    release()
    if ((await storage.lock('sealsync:a:1')) !== undefined)
      fail('a second release took the lock from its holder')
    again()
    releaseOther()
  })
}

/** Giving a lock back may take a turn or two of the event loop. */
const eventually = async <T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> => {
  for (let tries = 0; tries < 100; tries++) {
    const result = await attempt()
    if (result !== undefined) return result
  }
  return undefined
}
