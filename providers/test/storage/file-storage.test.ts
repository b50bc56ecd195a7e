import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStorage } from '../../src/node/index.ts'
import { encodeRecord, JOURNAL_HEADER, replay } from '../../src/node/journal.ts'
import { takeLockFile } from '../../src/node/lock-file.ts'
import { storageSuite } from '../../src/testing/storage-suite.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sealsync-'))
})
afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})
const freshDirectory = () => mkdtemp(join(root, 'd'))

const put = (key: string, ...bytes: number[]) => ({ key, value: Uint8Array.from(bytes) })
const asObject = (entries: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...entries].map(([key, value]) => [key, [...value]]))

describe('file storage', () => {
  storageSuite(test, async () => {
    const directory = await freshDirectory()
    return { open: () => fileStorage({ directory }) }
  })
})

const states = [{}, { x: [1], y: [1, 2, 3] }, { x: [2], z: [] }, { x: [2], z: [], w: [5, 5] }]
const writes = [
  [put('x', 1), put('y', 1, 2, 3)],
  [put('x', 2), { key: 'y', value: undefined }, put('z')],
  [put('w', 5, 5)],
]

test('a crash at any byte of a write leaves all of it or nothing, and the file takes more', async () => {
  const directory = await freshDirectory()
  const path = join(directory, 'a.journal')
  for (const changes of writes) await fileStorage({ directory }).write('a', changes)
  const whole = await readFile(path)
  for (let length = 0; length <= whole.length; length++) {
    const torn = whole.subarray(0, length)
    let sound = JOURNAL_HEADER.length
    let survived = 0
    for (const changes of writes) {
      sound += encodeRecord(changes).length
      if (length >= sound) survived += 1
    }
    await writeFile(path, torn)
    const storage = fileStorage({ directory })
    expect(asObject(await storage.load('a')), `cut at ${length}`).toEqual(states[survived])
    await storage.write('a', [put('more', 7)])
    expect(asObject(await fileStorage({ directory }).load('a')), `cut at ${length}`).toEqual({
      ...states[survived],
      more: [7],
    })
  }
})

test('zeros and old bytes where the last record should be are a torn tail', () => {
  const sound = Buffer.concat([JOURNAL_HEADER, encodeRecord(writes[0] ?? [])])
  for (const tail of [new Uint8Array(4096), new Uint8Array(100).fill(255), Uint8Array.of(0, 0, 0, 1)]) {
    expect(replay(Buffer.concat([sound, tail]))).toMatchObject({ type: 'replayed', length: sound.length })
  }
})

test('damage before the last record is reported and nothing is overwritten', async () => {
  const directory = await freshDirectory()
  const path = join(directory, 'a.journal')
  const storage = fileStorage({ directory })
  for (const changes of writes) await storage.write('a', changes)
  const damaged = await readFile(path)
  damaged[JOURNAL_HEADER.length + 14] = 255
  await writeFile(path, damaged)
  const reopened = fileStorage({ directory })
  await expect(reopened.load('a')).rejects.toThrow(/a\.journal is damaged at byte 19/)
  await expect(reopened.write('a', [put('x', 9)])).rejects.toThrow(/damaged/)
  expect(await readFile(path)).toEqual(damaged)
})

test('a file that is no journal is not touched', async () => {
  const directory = await freshDirectory()
  await writeFile(join(directory, 'a.journal'), 'my diary')
  await expect(fileStorage({ directory }).write('a', [put('x', 9)])).rejects.toThrow(/damaged at byte 0/)
  expect(await readFile(join(directory, 'a.journal'), 'utf8')).toBe('my diary')
})

test('a journal of many overwrites stays small and keeps its content', async () => {
  const directory = await freshDirectory()
  const storage = fileStorage({ directory })
  const value = new Uint8Array(2000).fill(1)
  await storage.write('a', [put('kept', 1, 2, 3)])
  for (let i = 0; i < 100; i++) await storage.write('a', [{ key: 'x', value: value.fill(i) }])
  expect((await stat(join(directory, 'a.journal'))).size).toBeLessThan(70_000)
  const loaded = await fileStorage({ directory }).load('a')
  expect(loaded.get('kept')).toEqual(Uint8Array.of(1, 2, 3))
  expect(loaded.get('x')?.[0]).toBe(99)
})

test('a crash while a journal is rewritten leaves the old one', async () => {
  const directory = await freshDirectory()
  await fileStorage({ directory }).write('a', [put('x', 1)])
  await writeFile(join(directory, 'a.journal.new'), 'half of i')
  expect(asObject(await fileStorage({ directory }).load('a'))).toEqual({ x: [1] })
})

test('a write that cannot be made rejects, leaves nothing, and the next one works', async () => {
  const directory = await freshDirectory()
  const blocked = join(directory, 'not-a-directory')
  await writeFile(blocked, '')
  const storage = fileStorage({ directory: blocked })
  await expect(storage.write('a', [put('x', 1)])).rejects.toThrow()
  await rm(blocked)
  await storage.write('a', [put('y', 2)])
  expect(asObject(await storage.load('a'))).toEqual({ y: [2] })
})

test('only the owner can read the files', async () => {
  const directory = await freshDirectory()
  await fileStorage({ directory }).write('a', [put('x', 1)])
  expect((await stat(join(directory, 'a.journal'))).mode & 0o077).toBe(0)
})

describe('a lock file', () => {
  const childOf = async (script: string) => {
    const child = spawn(
      process.execPath,
      ['--conditions=sealsync-source', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [ready] = await once(child.stdout, 'data')
    return { child, ready: String(ready).trim() }
  }
  const moduleUrl = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

  test('is held by another process until that process is killed', async () => {
    const path = join(await freshDirectory(), 'l.lock')
    const { child, ready } = await childOf(`
      import { takeLockFile } from ${moduleUrl('../../src/node/lock-file.ts')}
      console.log(takeLockFile(${JSON.stringify(path)}) === undefined ? 'refused' : 'held')
      setInterval(() => {}, 1000)`)
    expect(ready).toBe('held')
    expect(takeLockFile(path)).toBeUndefined()
    child.kill('SIGKILL')
    await once(child, 'exit')
    const release = takeLockFile(path)
    expect(release).toBeDefined()
    release?.()
    expect(await readdir(join(path, '..'))).toEqual([])
  })

  test('of a process of the same id before a restart counts for nothing', async () => {
    const path = join(await freshDirectory(), 'l.lock')
    await writeFile(path, `${process.pid}\n`)
    expect(takeLockFile(path)).toBeUndefined()
    await utimes(path, 1000, 1000)
    takeLockFile(path)?.()
    expect(await readdir(join(path, '..'))).toEqual([])
  })

  test('without a process id is waited for, and not for ever', async () => {
    const path = join(await freshDirectory(), 'l.lock')
    await writeFile(path, '')
    expect(takeLockFile(path)).toBeUndefined()
    const past = Date.now() / 1000 - 10
    await utimes(path, past, past)
    expect(takeLockFile(path)).toBeDefined()
  })

  test('whose breaking was interrupted can be broken', async () => {
    const path = join(await freshDirectory(), 'l.lock')
    for (const file of [path, `${path}.break`]) {
      await writeFile(file, '')
      await utimes(file, 1000, 1000)
    }
    expect(takeLockFile(path)).toBeUndefined()
    expect(takeLockFile(path)).toBeDefined()
  })

  test('a process killed in the middle of its writes loses none that it was promised', async () => {
    const directory = await freshDirectory()
    const { child, ready } = await childOf(`
      import { fileStorage } from ${moduleUrl('../../src/node/index.ts')}
      const storage = fileStorage({ directory: ${JSON.stringify(directory)} })
      for (let i = 0; ; i++) {
        await storage.write('a', [{ key: 'i', value: new Uint8Array([i >> 8, i]) }, { key: 'k' + i, value: new Uint8Array(500) }])
        console.log(i)
      }`)
    let promised = ready
    child.stdout.on('data', (chunk) => {
      promised += `\n${chunk}`
    })
    while (promised.split('\n').length < 60) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const last = Math.max(...promised.split('\n').map(Number))
    const storage = fileStorage({ directory })
    const loaded = await storage.load('a')
    const [high = 0, low = 0] = loaded.get('i') ?? []
    expect(high * 256 + low).toBeGreaterThanOrEqual(last)
    for (let i = 0; i <= last; i++) expect(loaded.has(`k${i}`)).toBe(true)
    await storage.write('a', [put('after', 1)])
    expect((await fileStorage({ directory }).load('a')).has('after')).toBe(true)
  })

  test('two processes that write one document lose nothing to each other', async () => {
    const directory = await freshDirectory()
    const writer = (name: string) =>
      childOf(`
        import { fileStorage } from ${moduleUrl('../../src/node/index.ts')}
        const storage = fileStorage({ directory: ${JSON.stringify(directory)} })
        const value = new Uint8Array(3000)
        for (let i = 0; i < 60; i++) await storage.write('a', [{ key: '${name}' + i, value: new Uint8Array([i]) }, { key: 'big', value }])
        console.log('done')`)
    const children = await Promise.all([writer('p'), writer('q')])
    expect(children.map(({ ready }) => ready)).toEqual(['done', 'done'])
    const loaded = await fileStorage({ directory }).load('a')
    expect(loaded.size).toBe(121)
  })
})

test('a torn tail of another process is cut before more is written', async () => {
  const directory = await freshDirectory()
  const storage = fileStorage({ directory })
  await storage.write('a', [put('x', 1)])
  await appendFile(join(directory, 'a.journal'), encodeRecord([put('y', 2)]).subarray(0, 10))
  await storage.write('a', [put('z', 3)])
  expect(asObject(await storage.load('a'))).toEqual({ x: [1], z: [3] })
})
