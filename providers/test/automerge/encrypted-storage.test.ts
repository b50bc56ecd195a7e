import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { inspect } from 'node:util'
import { Repo, type StorageKey } from '@automerge/automerge-repo'
import { runStorageAdapterTests } from '@automerge/automerge-repo/helpers/tests/storage-adapter-tests.js'
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs'
import { Repo as NextRepo } from 'automerge-repo-next'
import { runStorageAdapterTests as runNextStorageAdapterTests } from 'automerge-repo-next/helpers/tests/storage-adapter-tests.js'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { EncryptedStorageAdapter, type InnerStorage } from '../../src/automerge/encrypted-storage.ts'
import { toBase64url, toHex, utf8 } from '../../src/bytes.ts'
import { generateSecret } from '../../src/index.ts'

const secret = generateSecret()

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sealsync-'))
})
afterAll(async () => {
  // A Repo may still write.
  await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const PATIENCE = { timeout: 10_000 }
const freshDirectory = () => mkdtemp(join(root, 'd'))

/** A store whose entries a test can look at and exchange; keys as JSON, in the order in which they were first saved. */
const memory = () => {
  const entries = new Map<string, Uint8Array>()
  const isBelow = (prefix: StorageKey, key: StorageKey) => prefix.every((name, i) => name === key[i])
  const below = (prefix: StorageKey) =>
    [...entries]
      .map(([text, data]): { key: StorageKey; data: Uint8Array } => ({ key: JSON.parse(text), data }))
      .filter(({ key }) => isBelow(prefix, key))
  const adapter: InnerStorage = {
    load: async (key) => entries.get(JSON.stringify(key)),
    save: async (key, data) => {
      entries.set(JSON.stringify(key), data)
    },
    remove: async (key) => {
      entries.delete(JSON.stringify(key))
    },
    loadRange: async (prefix) => below(prefix),
    removeRange: async (prefix) => {
      for (const { key } of below(prefix)) entries.delete(JSON.stringify(key))
    },
  }
  return { adapter, entries, below }
}

/** A sealed memory with three entries of one document and one of another, in a known order. */
const filled = async () => {
  const { adapter: inner, entries, below } = memory()
  const onUnreadable = vi.fn<(storedKey: StorageKey) => void>()
  const open = (given = secret) => new EncryptedStorageAdapter(inner, { secret: given, onUnreadable })
  const storage = open()
  await storage.save(['one', 'snapshot', 'a'], utf8('snapshot of one'))
  await storage.save(['one', 'incremental', 'b'], utf8('first of one'))
  await storage.save(['one', 'incremental', 'c'], utf8('second of one'))
  await storage.save(['two', 'incremental', 'b'], utf8('first of two'))
  const [snapshot, first, second, ofTwo] = [...entries.keys()]
  if (!snapshot || !first || !second || !ofTwo) throw new Error('four entries')
  const bytesAt = (name: string) => entries.get(name) ?? new Uint8Array(0)
  const keyAt = (name: string): StorageKey => JSON.parse(name)
  const names = { snapshot, first, second, ofTwo }
  return { storage, open, inner, entries, below, onUnreadable, names, bytesAt, keyAt }
}

const textsOf = (chunks: readonly { readonly data: Uint8Array | undefined }[]) =>
  chunks.map(({ data }) => new TextDecoder().decode(data))

const versions = [
  ['automerge-repo 2.5', runStorageAdapterTests],
  ['automerge-repo 2.6', runNextStorageAdapterTests],
] as const

describe.each(versions)('the acceptance suite of %s', (_, runTests) => {
  // Apart, because each run registers its own `beforeEach` where it is called.
  describe('over memory', () => {
    runTests(async () => ({ adapter: new EncryptedStorageAdapter(memory().adapter, { secret }) }))
  })

  describe('over files', () => {
    runTests(async () => {
      const files = new NodeFSStorageAdapter(await freshDirectory())
      return { adapter: new EncryptedStorageAdapter(files, { secret }) }
    })
  })
})

const filesBelow = async (directory: string) =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))

/** Empty for a file that is gone since it was listed: a Repo may still compact. */
const contentOf = (path: string) =>
  readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })

/** Which of the words are in the contents of files, in their paths, or across two directories of a path. */
const wordsOnDisk = async (directory: string, words: readonly string[]) => {
  const found: string[] = []
  for (const path of await filesBelow(directory)) {
    const places = [await contentOf(join(directory, path)), path, path.replaceAll(sep, '')]
    for (const word of words) if (places.some((place) => place.includes(word))) found.push(word)
  }
  return new Set(found)
}

describe.each([
  ['automerge-repo 2.5', Repo],
  ['automerge-repo 2.6', NextRepo],
])('a repo of %s', (_, AnyRepo) => {
  test('finds again what it stored, and nothing of it can be read on disk', async () => {
    const directory = await freshDirectory()
    const open = () => {
      const storage = new EncryptedStorageAdapter(new NodeFSStorageAdapter(directory), { secret })
      return { storage, repo: new AnyRepo({ storage }) }
    }
    const { storage, repo } = open()
    const handle = repo.create({ title: 'plan', text: '' })
    await repo.flush()
    const typed = 'nobody reads this line'
    const write = async (text: string) => {
      handle.change((doc) => {
        doc.text = text
      })
      await repo.flush()
    }
    // Random text does not compress: as a snapshot it is large enough for incremental saves beside it.
    await write(randomBytes(2_000).toString('base64'))
    let times = 0
    const kindsAfterOneMore = async () => {
      times += 1
      await write(`${typed}, ${times} times`)
      const chunks = await storage.loadRange([handle.documentId])
      return new Set(chunks.map(({ key }) => key[1]))
    }
    // A save of its own that is late makes the Repo compact once more.
    await expect.poll(kindsAfterOneMore, PATIENCE).toEqual(new Set(['snapshot', 'incremental']))
    const storedId = async () => new TextDecoder().decode(await storage.load(['storage-adapter-id']))
    await expect.poll(storedId, PATIENCE).toMatch(/^[0-9a-f-]{36}$/)
    const storageId = await storedId()
    await repo.shutdown()

    const foundAgain = async () => {
      const again = open()
      const found = await again.repo.find<{ text: string }>(handle.url)
      await again.repo.shutdown()
      return found.doc()?.text
    }
    // On a slow disk the last save ends a little after the shutdown, also without the seal.
    await expect.poll(foundAgain, PATIENCE).toBe(`${typed}, ${times} times`)

    const names = ['snapshot', 'incremental', 'sync-state', 'storage-adapter-id']
    const words = [typed, 'title', handle.documentId, storageId, secret, ...names]
    expect(await wordsOnDisk(directory, words)).toEqual(new Set())
    expect((await filesBelow(directory)).length).toBeGreaterThanOrEqual(3)
  })

  test('stored without it can be read on disk, so that the search above would have found it', async () => {
    const directory = await freshDirectory()
    const repo = new AnyRepo({ storage: new NodeFSStorageAdapter(directory) })
    const { documentId } = repo.create({ text: 'anybody reads this line' })
    await repo.flush()
    await repo.shutdown()
    const words = new Set(['anybody reads this line', documentId, 'snapshot'])
    expect(await wordsOnDisk(directory, [...words, 'nobody'])).toEqual(words)
  })

  test('takes a document whose files are all damaged for one that is not there, and loses none of them', async () => {
    const directory = await freshDirectory()
    const onUnreadable = vi.fn()
    const open = () => {
      const files = new NodeFSStorageAdapter(directory)
      return new AnyRepo({ storage: new EncryptedStorageAdapter(files, { secret, onUnreadable }) })
    }
    const repo = open()
    const handle = repo.create({ text: 'a' })
    await repo.flush()
    await repo.shutdown()
    // One component, two directories: the id of the storage. All else is of the document.
    const paths = (await filesBelow(directory)).filter((path) => path.split(sep).length > 2)
    const before = await Promise.all(paths.map((path) => readFile(join(directory, path))))
    const cutOff = before.map((bytes) => bytes.subarray(0, -1))
    const write = (contents: readonly Uint8Array[]) =>
      Promise.all(paths.map((path, i) => writeFile(join(directory, path), contents[i] ?? '')))
    await write(cutOff)

    const damaged = open()
    await expect(damaged.find(handle.url)).rejects.toThrow(/unavailable/)
    expect(onUnreadable).toHaveBeenCalledTimes(paths.length)
    // 2.5 does not shut down while it has a document that it did not find.
    await damaged.shutdown().catch(() => undefined)
    expect(await Promise.all(paths.map((path) => readFile(join(directory, path))))).toEqual(cutOff)

    await write(before)
    const healed = open()
    expect((await healed.find<{ text: string }>(handle.url)).doc()).toEqual({ text: 'a' })
    await healed.shutdown()
  })
})

describe.each([
  ['automerge-repo 2.5', Repo],
  ['automerge-repo 2.6', NextRepo],
])('a document of %s with a damaged snapshot', (_, AnyRepo) => {
  test('loses none of its changes to what is saved meanwhile, and is whole once the snapshot is', async () => {
    const { adapter, entries } = memory()
    const open = () => new AnyRepo({ storage: new EncryptedStorageAdapter(adapter, { secret }) })
    type Shape = { ballast: string; list: number[]; late?: number }
    const repo = open()
    const handle = repo.create<Shape>({ ballast: randomBytes(3_000).toString('base64'), list: [] })
    await repo.flush()
    for (const number of [1, 2, 3]) {
      handle.change((doc) => {
        doc.list.push(number)
      })
      await repo.flush()
    }
    const [name, snapshot] = [...entries].find(([, { length }]) => length > 2_500) ?? []
    if (name === undefined || snapshot === undefined) throw new Error('a snapshot')
    entries.set(name, snapshot.slice(1))

    const damaged = open()
    // What is left refers to what is missing: 2.5 shows it as empty, 2.6 as unavailable.
    const left = await damaged.find<Shape>(handle.url).catch(() => undefined)
    for (const late of [1, 2]) {
      left?.change((doc) => {
        doc.late = late
      })
      await damaged.flush()
    }

    entries.set(name, snapshot)
    const healed = (await open().find<Shape>(handle.url)).doc()
    expect(healed?.list).toEqual([1, 2, 3])
    expect(healed?.late).toBe(left === undefined ? undefined : 2)
  })
})

describe('an entry that does not open', () => {
  const damages: readonly [how: string, damage: (bytes: Uint8Array) => Uint8Array][] = [
    ['has a flipped bit in its version', (bytes) => bytes.map((byte, i) => (i === 0 ? byte ^ 2 : byte))],
    ['has a flipped bit in its nonce', (bytes) => bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte))],
    ['has a flipped bit in its data', (bytes) => bytes.map((byte, i) => (i === 50 ? byte ^ 1 : byte))],
    ['is cut off', (bytes) => bytes.slice(0, -1)],
    ['is cut off in its nonce', (bytes) => bytes.slice(0, 10)],
    ['is empty', () => new Uint8Array(0)],
    ['has more at its end', (bytes) => Uint8Array.of(...bytes, 0)],
    ['was never sealed', () => utf8('as another program would write it, in plain text')],
  ]
  test.each(damages)('because it %s is left out and reported, and stays', async (_, damage) => {
    const { storage, entries, names, bytesAt, keyAt, onUnreadable } = await filled()
    const damaged = damage(bytesAt(names.first))
    entries.set(names.first, damaged)

    expect(await storage.load(['one', 'incremental', 'b'])).toBeUndefined()
    expect(textsOf(await storage.loadRange(['one', 'incremental']))).toEqual(['second of one'])
    expect(onUnreadable.mock.calls).toEqual([[keyAt(names.first)], [keyAt(names.first)]])
    expect(bytesAt(names.first)).toBe(damaged)
    expect(entries.size).toBe(4)

    await storage.save(['one', 'incremental', 'b'], utf8('saved again'))
    expect(textsOf(await storage.loadRange(['one', 'incremental']))).toEqual(['saved again', 'second of one'])
  })

  test('because it was moved to another key is left out and reported, and stays', async () => {
    const { storage, entries, names, bytesAt, keyAt, onUnreadable } = await filled()
    const [first, second, ofTwo] = [bytesAt(names.first), bytesAt(names.second), bytesAt(names.ofTwo)]
    entries.set(names.first, second)
    entries.set(names.second, ofTwo)
    entries.set(names.ofTwo, first)
    expect(await storage.loadRange(['one', 'incremental'])).toEqual([])
    expect(await storage.load(['two', 'incremental', 'b'])).toBeUndefined()
    const reported = [names.first, names.second, names.ofTwo].map((name) => [keyAt(name)])
    expect(onUnreadable.mock.calls).toEqual(reported)
    expect(entries.size).toBe(4)
  })

  test('because the storage shows it in a range that it is not in is left out and reported', async () => {
    const { inner, names, keyAt } = await filled()
    const onUnreadable = vi.fn()
    const lying = { ...inner, loadRange: () => inner.loadRange([]) }
    const storage = new EncryptedStorageAdapter(lying, { secret, onUnreadable })
    expect(textsOf(await storage.loadRange(['one', 'incremental']))).toEqual([
      'first of one',
      'second of one',
    ])
    expect(onUnreadable.mock.calls).toEqual([[keyAt(names.snapshot)], [keyAt(names.ofTwo)]])
  })

  test('because its key is none of ours is left out and reported', async () => {
    const { storage, inner, onUnreadable, names, bytesAt } = await filled()
    const foreign = [['doc', 'snapshot'], ['ab'], ['G'.repeat(32)], []]
    for (const key of foreign) await inner.save(key, bytesAt(names.first))
    expect(await storage.loadRange([])).toHaveLength(4)
    expect(onUnreadable.mock.calls).toEqual(foreign.map((key) => [key]))
  })

  test('does not stop the others when the app throws while it is told', async () => {
    const { inner, entries, names } = await filled()
    const thrown = new Promise((resolve) => {
      vi.stubGlobal('queueMicrotask', (task: () => void) => {
        try {
          task()
        } catch (error) {
          resolve(error)
        }
      })
    })
    const mistake = new Error('a mistake of the app')
    const onUnreadable = () => {
      throw mistake
    }
    entries.set(names.first, new Uint8Array(60))
    const storage = new EncryptedStorageAdapter(inner, { secret, onUnreadable })
    expect(textsOf(await storage.loadRange(['one', 'incremental']))).toEqual(['second of one'])
    expect(await thrown).toBe(mistake)
  })
})

describe('another secret', () => {
  test('is another store beside the first, which loses nothing', async () => {
    const { storage, open, entries, onUnreadable } = await filled()
    const before = new Map(entries)
    const other = open(generateSecret())
    expect(await other.load(['one', 'snapshot', 'a'])).toBeUndefined()
    expect(await other.loadRange(['one'])).toEqual([])
    await other.save(['one', 'snapshot', 'a'], utf8('of the other'))
    await other.removeRange(['one'])
    await other.remove(['two', 'incremental', 'b'])
    // It looked under other names, so that there was nothing to report.
    expect(onUnreadable).not.toHaveBeenCalled()
    expect(entries).toEqual(before)
    expect(textsOf(await storage.loadRange(['one']))).toHaveLength(3)
  })

  test('opens nothing where the whole store is asked for, and reports all of it', async () => {
    const { open, entries, keyAt, onUnreadable } = await filled()
    expect(await open(generateSecret()).loadRange([])).toEqual([])
    expect(onUnreadable.mock.calls).toEqual([...entries.keys()].map((name) => [keyAt(name)]))
  })

  test('opens nothing that was put under its own names, and reports it', async () => {
    const { open, inner, entries, names, bytesAt, onUnreadable } = await filled()
    const other = open(generateSecret())
    const sizeBefore = entries.size
    await other.save(['one', 'snapshot', 'a'], utf8('of the other'))
    const name = [...entries.keys()][sizeBefore] ?? ''
    await inner.save(JSON.parse(name), bytesAt(names.snapshot))
    expect(await other.load(['one', 'snapshot', 'a'])).toBeUndefined()
    expect(onUnreadable.mock.calls).toEqual([[JSON.parse(name)]])
  })
})

describe('what the storage sees', () => {
  test('are names that any file system keeps apart, one per component', async () => {
    const { storage, entries, keyAt } = await filled()
    await storage.save(['../..', 'CON', 'a/b\\c', '', 'ÿ🦭'], utf8('odd'))
    await storage.save(['storage-adapter-id'], utf8('id'))
    for (const name of entries.keys()) {
      for (const component of keyAt(name)) expect(component).toMatch(/^[0-9a-f]{32}$/)
    }
    expect([...entries.keys()].map((name) => keyAt(name).length)).toEqual([3, 3, 3, 3, 5, 1])
    expect(await storage.loadRange(['../..'])).toEqual([
      { key: ['../..', 'CON', 'a/b\\c', '', 'ÿ🦭'], data: utf8('odd') },
    ])
  })

  test('shares prefixes as the keys do, and shows nothing else of equal names', async () => {
    const { names, keyAt } = await filled()
    const [snapshot, first, second, ofTwo] = [
      keyAt(names.snapshot),
      keyAt(names.first),
      keyAt(names.second),
      keyAt(names.ofTwo),
    ]
    expect(first[0]).toBe(snapshot[0])
    expect(first.slice(0, 2)).toEqual(second.slice(0, 2))
    expect(new Set([...snapshot, ...first, ...second, ...ofTwo]).size).toBe(9)
  })

  test('differs when the same is saved twice', async () => {
    const { storage, names, bytesAt } = await filled()
    const before = bytesAt(names.first)
    await storage.save(['one', 'incremental', 'b'], utf8('first of one'))
    expect(bytesAt(names.first)).not.toEqual(before)
    expect(bytesAt(names.first)).toHaveLength(before.length)
  })

  test('is larger by what the documentation says', async () => {
    const { names, bytesAt } = await filled()
    const text = 'oneincrementalb'.length + 'first of one'.length
    expect(bytesAt(names.first)).toHaveLength(42 + 3 + text)
  })

  test('does not reach names that are not well-formed Unicode', async () => {
    const { storage, entries } = await filled()
    const lone = ['one', '\ud83e']
    for (const attempt of [() => storage.save(lone, utf8('x')), () => storage.load(lone)]) {
      await expect(attempt()).rejects.toThrow(new TypeError(malformed))
    }
    expect(entries.size).toBe(4)
  })
})

const malformed =
  'component 1 of the storage key is not well-formed Unicode text: pass strings without lone surrogates'

describe('the secret', () => {
  test('may come later: operations wait for it, in their order', async () => {
    const { adapter: inner } = memory()
    let give: (given: string) => void = () => undefined
    const later = new Promise<string>((resolve) => {
      give = resolve
    })
    const storage = new EncryptedStorageAdapter(inner, { secret: () => later })
    const done = Promise.all([
      storage.save(['a'], utf8('1')),
      storage.save(['a'], utf8('2')),
      storage.load(['a']),
      storage.remove(['a']),
      storage.load(['a']),
    ])
    give(secret)
    expect(await done).toEqual([undefined, undefined, utf8('2'), undefined, undefined])
  })

  test('may be bytes, which are left as they are', async () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => i)
    const storage = new EncryptedStorageAdapter(memory().adapter, { secret: bytes })
    await storage.save(['a'], utf8('1'))
    expect(await storage.load(['a'])).toEqual(utf8('1'))
    expect(bytes).toEqual(Uint8Array.from({ length: 40 }, (_, i) => i))
  })

  test('that is wrong throws at once, or rejects every operation when it comes later', async () => {
    const { adapter: inner } = memory()
    const mistyped = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`
    expect(() => new EncryptedStorageAdapter(inner, { secret: mistyped })).toThrow(/mistyped/)
    expect(() => new EncryptedStorageAdapter(inner, { secret: new Uint8Array(31) })).toThrow(/31 bytes/)
    const late = new EncryptedStorageAdapter(inner, { secret: async () => mistyped })
    const error: unknown = await late.load(['a']).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).not.toContain(mistyped.slice(4, 12))
    await expect(late.save(['a'], utf8('1'))).rejects.toBe(error)
  })

  test('is not in the adapter, printed or serialised', async () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => 100 + i)
    const storage = new EncryptedStorageAdapter(memory().adapter, { secret: bytes })
    await storage.load(['a'])
    const shown = `${JSON.stringify(storage)}\n${inspect(storage, { showHidden: true, depth: 9 })}`
    const start = bytes.subarray(0, 6)
    for (const text of [toHex(start), toBase64url(start), start.join(', ')]) expect(shown).not.toContain(text)
  })
})

describe('a write', () => {
  const writes: readonly [keyof InnerStorage, (storage: EncryptedStorageAdapter) => Promise<void>][] = [
    ['save', (storage) => storage.save(['one', 'snapshot', 'a'], utf8('later'))],
    ['remove', (storage) => storage.remove(['one', 'snapshot', 'a'])],
    ['removeRange', (storage) => storage.removeRange(['one'])],
  ]
  test.each(writes)('ends when what is wrapped has ended it: %s', async (name, write) => {
    const { inner } = await filled()
    const written: string[] = []
    const begun = new Promise<() => void>((resolveBegun) => {
      const slow = () => new Promise<void>((end) => resolveBegun(() => end(void written.push('below'))))
      Object.assign(inner, { [name]: slow })
    })
    const writing = write(new EncryptedStorageAdapter(inner, { secret })).then(() => written.push('above'))
    const end = await begun
    await new Promise((resolve) => setTimeout(resolve))
    expect(written).toEqual([])
    end()
    await writing
    expect(written).toEqual(['below', 'above'])
  })
})

describe('close', () => {
  test('closes what it wraps, once the app asks for it, and ends its own work', async () => {
    const close = vi.fn()
    const storage = new EncryptedStorageAdapter({ ...memory().adapter, close }, { secret })
    await storage.save(['a'], utf8('1'))
    expect(close).not.toHaveBeenCalled()
    await storage.close()
    expect(close).toHaveBeenCalledOnce()
    await expect(storage.load(['a'])).rejects.toThrow(/closed/)
    await expect(storage.save(['a'], utf8('2'))).rejects.toThrow(/closed/)
  })

  test('works for adapters that cannot be closed, and before the secret has come', async () => {
    const inner = memory().adapter
    const waiting = new EncryptedStorageAdapter(inner, { secret: new Promise<string>(() => undefined) })
    await waiting.close()
    const storage = new EncryptedStorageAdapter(inner, { secret })
    await storage.close()
    await storage.close()
  })

  test('lets an operation end that has begun', async () => {
    const { inner } = await filled()
    const onUnreadable = vi.fn()
    let answer: () => void = () => undefined
    const { load } = inner
    const asked = new Promise<void>((resolveAsked) => {
      inner.load = (key) =>
        new Promise((resolve) => {
          answer = () => resolve(load(key))
          resolveAsked()
        })
    })
    const storage = new EncryptedStorageAdapter(inner, { secret, onUnreadable })
    const loading = storage.load(['one', 'snapshot', 'a'])
    await asked
    await storage.close()
    answer()
    expect(await loading).toEqual(utf8('snapshot of one'))
    await vi.waitFor(() => expect(storage.load(['a'])).rejects.toThrow(/closed/), PATIENCE)
    expect(onUnreadable).not.toHaveBeenCalled()
  })
})

describe('the constructor', () => {
  test('names what is missing and options that do not exist', () => {
    const { adapter: inner } = memory()
    const misspelt = { secret, onUnreadabel: () => undefined }
    expect(() => new EncryptedStorageAdapter(inner, misspelt)).toThrow(
      new TypeError(
        'EncryptedStorageAdapter: there is no option "onUnreadabel"; known: secret, onUnreadable',
      ),
    )
    // @ts-expect-error: no storage to wrap, which only a caller without types can do, and must be told
    expect(() => new EncryptedStorageAdapter({ secret })).toThrow(/the storage adapter to wrap first/)
    // @ts-expect-error: no options, which only a caller without types can do, and must be told
    expect(() => new EncryptedStorageAdapter(inner)).toThrow(/pass an object with secret/)
  })
})
