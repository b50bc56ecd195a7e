/** Disks that are full: the relay's, in a process of its own with real clients, and a client's. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateSecret, type Storage } from 'sealsync'
import { fileStorage } from 'sealsync/node'
import { SealsyncProvider } from 'sealsync/yjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { freePort, textOf, type, until } from '../whole/stage.ts'

const BIN = new URL('../../src/bin.ts', import.meta.url).pathname
const LIMITER = new URL('page-limit.mjs', import.meta.url).pathname
const KiB = 1024

let directory = ''
const ends: (() => void | Promise<void>)[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealsync-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(directory, { recursive: true, force: true })
})

interface RelayProcess {
  readonly url: string
  readonly child: ChildProcess
  lines(type: string): readonly string[]
}

const startRelayProcess = async (database: string, port: number): Promise<RelayProcess> => {
  const argv = [
    '--conditions=sealsync-source',
    '--disable-warning=ExperimentalWarning',
    '--import',
    LIMITER,
    BIN,
  ]
  const child = spawn(process.execPath, [...argv, '--port', `${port}`, '--store', `sqlite:${database}`], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  ends.push(async () => {
    child.kill('SIGKILL')
    await gone
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk
    })
  await until(() => output.includes('the relay is up') || child.exitCode !== null, 'the relay')
  expect(child.exitCode, output).toBeNull()
  return {
    url: `ws://127.0.0.1:${port}`,
    child,
    lines: (type) => output.split('\n').filter((line) => line.includes(`"type":"${type}"`)),
  }
}

const limitPages = async ({ child }: RelayProcess, pages: number | undefined): Promise<void> => {
  const answered = new Promise((resolve) => child.once('message', resolve))
  child.send({ pages })
  await answered
}

const connect = (url: string, secret: string, storage?: Storage): SealsyncProvider => {
  const provider = new SealsyncProvider(url, 'a room', new Y.Doc(), {
    ...{ secret, compress: false, snapshot: false },
    ...(storage && { storage }),
  })
  ends.push(() => provider.destroy())
  return provider
}

/** Text that takes pages: 4 KiB of it is one. */
const page = (letter: string): string => letter.repeat(8 * KiB)

/** What must hold on every full disk; `fill` and `free` are its operator. */
const outlast = async (relay: RelayProcess, fill: () => unknown, free: () => unknown): Promise<void> => {
  const secret = generateSecret()
  const [writer, reader] = [connect(relay.url, secret), connect(relay.url, secret)]
  const sizes: string[] = []
  writer.on('frame', ({ direction, bytes }) => {
    if (direction === 'sent' && bytes[0] === 3) sizes.push(`${bytes.length}`)
  })
  await until(() => writer.synced && reader.synced, 'both synced')
  type(writer, 'before ')
  await writer.saved()
  await fill()
  // Until it really is full: what is acknowledged until then must last.
  let acked = textOf(writer)
  for (let i = 0; i < 400 && relay.lines('store-failed').length === 0; i++) {
    type(writer, page('x'))
    const isSaved = await Promise.race([
      writer.saved().then(() => true),
      until(() => relay.lines('store-failed').length > 0, 'a failure').then(() => false),
    ])
    if (isSaved) acked = textOf(writer)
  }
  expect(relay.lines('store-failed'), 'the disk is full').toHaveLength(1)
  expect(relay.lines('store-failed')[0]).toMatch(/full/)

  // Readers go on: those that are there, with presence, and those who come now, with all that was acknowledged.
  reader.awareness.setLocalStateField('user', { name: 'still here' })
  await until(() => [...writer.awareness.getStates().values()].some((state) => 'user' in state), 'presence')
  const late = connect(relay.url, secret)
  await until(() => late.synced, 'a load')
  expect(textOf(late).startsWith(acked)).toBe(true)

  // Those who write are told to come again, and do, at the pace that they were told; nobody's edits are called saved.
  type(writer, ' more')
  type(reader, page('y'))
  const cpuFrom = cpuTicks(relay)
  const sentFrom = sizes.length
  const from = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  const seconds = (performance.now() - from) / 1000
  expect(writer.hasUnsyncedChanges && reader.hasUnsyncedChanges).toBe(true)
  const tries = sizes.length - sentFrom
  expect(tries).toBeGreaterThanOrEqual(1)
  expect(tries).toBeLessThanOrEqual(seconds + 2)
  expect(cpuTicks(relay) - cpuFrom, 'it does not spin').toBeLessThan(seconds * 50)
  expect(relay.child.exitCode).toBeNull()
  expect(relay.lines('store-failed'), 'once, and not per push').toHaveLength(1)

  await free()
  await until(
    () => !writer.hasUnsyncedChanges && !reader.hasUnsyncedChanges,
    'what was pending goes up by itself',
  )
  await until(() => relay.lines('store-recovered').length > 0, 'and the log says so')
  const newcomer = connect(relay.url, secret)
  await until(() => newcomer.synced && textOf(newcomer) === textOf(writer), 'a newcomer has it all')
  expect(textOf(newcomer)).toContain(' more')
  expect(textOf(newcomer)).toContain(page('y'))
  expect(textOf(late)).toBe(textOf(newcomer))
}

/** CPU time of the process in hundredths of a second; elsewhere than on Linux nobody counts. */
const cpuTicks = ({ child }: RelayProcess): number => {
  const { stdout } = spawnSync('ps', ['-o', 'cputimes=', '-p', `${child.pid}`], { encoding: 'utf8' })
  return Number(stdout.trim() || 0) * 100
}

test('a relay whose database may not grow keeps what it acked, serves readers, and goes on when it may', async () => {
  const relay = await startRelayProcess(join(directory, 'relay.db'), await freePort())
  await outlast(
    relay,
    () => limitPages(relay, 60),
    () => limitPages(relay, undefined),
  )
})

/** A disk of a few MiB, where this process may make one. */
const mountDisk = (): string | undefined => {
  const disk = join(directory, 'disk')
  mkdirSync(disk)
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk])
  if (status !== 0) return undefined
  ends.unshift(() => void spawnSync('umount', ['-l', disk]))
  return disk
}

const fillUp = (disk: string, ballast: string, leaveBytes: number): void => {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(ballast, new Uint8Array(Math.max(0, bavail * bsize - leaveBytes)))
}

test('a relay on a disk that is really full does the same', async ({ skip }) => {
  const disk = mountDisk()
  if (disk === undefined)
    return skip('only root on Linux can mount a small disk; a page limit stands for it above')
  const relay = await startRelayProcess(join(disk, 'relay.db'), await freePort())
  const ballast = join(disk, 'ballast')
  await outlast(
    relay,
    () => fillUp(disk, ballast, 300 * KiB),
    () => rmSync(ballast),
  )
})

test('a client whose disk is full says so, still sends, and keeps what it could not as soon as it can', async ({
  skip,
}) => {
  const disk = mountDisk()
  if (disk === undefined) return skip('only root on Linux can mount a small disk')
  const relay = await startRelayProcess(join(directory, 'relay.db'), await freePort())
  const secret = generateSecret()
  const [client, peer] = [
    connect(relay.url, secret, fileStorage({ directory: join(disk, 'client') })),
    connect(relay.url, secret),
  ]
  const errors: Error[] = []
  client.on('storage-error', (error) => errors.push(error))
  await until(() => client.synced && peer.synced, 'both synced')
  type(client, 'kept ')
  await client.saved()
  const ballast = join(disk, 'ballast')
  fillUp(disk, ballast, 0)
  type(client, page('z'))
  await until(() => errors.length > 0, 'a storage error')
  expect(errors[0]?.message).toMatch(/ENOSPC|no space/)
  await until(() => textOf(peer) === textOf(client), 'it is sent all the same')
  expect(client.unsyncedChanges).toBeGreaterThan(0)
  type(client, ' and more')
  await until(() => textOf(peer).endsWith(' and more'), 'the next as well')
  expect(client.unsyncedChanges).toBeGreaterThan(1)
  expect(client.syncStatus).not.toBe('saved')

  rmSync(ballast)
  await client.saved()
  expect(client.unsyncedChanges).toBe(0)
  client.destroy()
  // What the disk has now is the whole document: it is there before any relay answers.
  const again = connect('ws://127.0.0.1:9', secret, fileStorage({ directory: join(disk, 'client') }))
  await until(() => textOf(again) === textOf(peer), 'a restart without a relay')
})
