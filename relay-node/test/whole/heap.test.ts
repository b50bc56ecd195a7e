/** I7: what a relay process has in its memory after it has served a session: nothing that it should not know. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSecret } from 'sealsync'
import { SealsyncProvider } from 'sealsync/yjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { freePort, textOf, type, until } from './stage.ts'

const BIN = new URL('../../src/bin.ts', import.meta.url).pathname

let directory = ''
let child: ChildProcess | undefined
const providers: SealsyncProvider[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealsync-'))
})
afterEach(() => {
  for (const provider of providers.splice(0)) provider.destroy()
  child?.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** A relay that writes a heap snapshot when it is told to, and has never been told anything else. */
const startRelayProcess = async (): Promise<{ readonly url: string; readonly pid: number }> => {
  const port = await freePort()
  const nodeArgs = [
    '--conditions=sealsync-source',
    '--heapsnapshot-signal=SIGUSR2',
    `--diagnostic-dir=${directory}`,
  ]
  const started = spawn(
    process.execPath,
    [...nodeArgs, BIN, '--port', `${port}`, '--store', `sqlite:${join(directory, 'relay.db')}`],
    // Not even by its environment.
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } },
  )
  child = started
  let output = ''
  for (const stream of [started.stdout, started.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  await until(() => output.includes('the relay is up'), 'the relay')
  return { url: `ws://127.0.0.1:${port}`, pid: started.pid ?? 0 }
}

/** What the heap's graph and strings hold; the snapshot is complete when its JSON is. */
const heapSnapshot = async (pid: number): Promise<Buffer> => {
  process.kill(pid, 'SIGUSR2')
  let path = ''
  await until(() => {
    const name = readdirSync(directory).find((file) => file.endsWith('.heapsnapshot'))
    path = name === undefined ? '' : join(directory, name)
    return path !== '' && endOf(path).endsWith(']}')
  }, 'the heap snapshot')
  return readFileSync(path)
}

const endOf = (path: string): string => {
  const file = openSync(path, 'r')
  try {
    const end = Buffer.alloc(16)
    const length = readSync(file, end, 0, end.length, Math.max(0, statSync(path).size - end.length))
    return end.toString('latin1', 0, length).trimEnd()
  } finally {
    closeSync(file)
  }
}

/** All that the process can write to: heaps, buffers, libsodium's memory, stacks, SQLite's pages. Linux only. */
const memoryOf = function* (pid: number): Generator<Buffer> {
  const file = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      if (from === undefined || to === undefined) continue
      yield* pagesOf(file, Number.parseInt(from, 16), Number.parseInt(to, 16))
    }
  } finally {
    closeSync(file)
  }
}

const CHUNK = 16 * 1024 * 1024
/** So that nothing is missed at a seam. */
const OVERLAP = 4096
const ZEROS = Buffer.alloc(CHUNK)

const pagesOf = function* (file: number, from: number, to: number): Generator<Buffer> {
  for (let at = from; at < to; at += CHUNK - OVERLAP) {
    const used = readPages(file, at, Math.min(CHUNK, to - at))
    // Most of what is only reserved is zeros, which hold nothing.
    if (!used.equals(ZEROS.subarray(0, used.length))) yield used
  }
}

const readPages = (file: number, at: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, at))
  } catch (error) {
    // Reserved, and not there at all.
    if (error instanceof Error && 'code' in error && error.code === 'EIO') return Buffer.alloc(0)
    throw error
  }
}

/** As it is, in UTF-16, in hex, in base64 at each of three offsets. */
const disguises = (needle: Buffer): readonly Buffer[] => {
  const base64 = [0, 1, 2].flatMap((pad) => {
    const middle = Buffer.concat([Buffer.alloc(pad), needle])
      .toString('base64')
      .slice(4, -4)
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const texts = new Set([needle.toString('hex'), ...base64])
  return [
    needle,
    Buffer.from(needle.toString('latin1'), 'utf16le'),
    ...[...texts].map((text) => Buffer.from(text)),
  ]
}

const found = (
  haystacks: Iterable<Buffer>,
  needles: ReadonlyMap<string, readonly Buffer[]>,
): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const haystack of haystacks)
    for (const [name, forms] of needles)
      if (!names.has(name) && forms.some((form) => haystack.includes(form))) names.add(name)
  return names
}

test('I7: text, key, room and user name are nowhere in the memory of the relay, which has the document id', async () => {
  const { url, pid } = await startRelayProcess()
  const secret = generateSecret()
  const [room, text, user] = ['canary-room-of-the-sparrow', 'the canary sings at midnight', 'Canary McTypist']
  const open = (): SealsyncProvider => {
    const provider = new SealsyncProvider(url, room, new Y.Doc(), {
      secret,
      snapshot: false,
      compress: false,
    })
    providers.push(provider)
    return provider
  }
  const [one, two] = [open(), open()]
  one.awareness.setLocalStateField('user', { name: user })
  await until(() => one.synced && two.synced, 'both synced')
  for (const letter of text) type(one, letter)
  type(two, text)
  await until(() => textOf(one) === textOf(two) && textOf(one).length === 2 * text.length, 'same text')
  await until(() => two.awareness.getStates().size === 2, 'presence')
  expect(await one.snapshot()).toBe(true)
  await one.saved()
  await two.saved()
  // Read again, so that envelopes go through the relay's memory in both directions.
  const late = open()
  await until(() => textOf(late) === textOf(one), 'a load')

  const key = Buffer.from(secret.slice(4), 'base64url').subarray(0, 32)
  const canaries = new Map(
    Object.entries({ room, text, user, secret, key }).map(([name, value]) => [
      name,
      disguises(Buffer.from(value)),
    ]),
  )
  const docId = Buffer.from(one.docId ?? '', 'hex')
  expect(docId).toHaveLength(32)
  const known = new Map([
    ['as text', [Buffer.from(docId.toString('hex'))]],
    ['as bytes', [docId]],
  ])

  const snapshot = [await heapSnapshot(pid)]
  expect([...found(snapshot, canaries)]).toEqual([])
  // The search itself works: the document id is in the snapshot, as the key under which the relay keeps the document.
  expect([...found(snapshot, known)]).toEqual(['as text'])

  // Buffers are not part of a snapshot, so where the system lets one look, all of the process' memory is searched.
  if (process.platform !== 'linux') return
  const memory = [...memoryOf(pid)]
  expect([...found(memory, canaries)]).toEqual([])
  expect([...found(memory, known)].sort()).toEqual(['as bytes', 'as text'])
})
