import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cryptoReady, toHex } from 'sealsync/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeProblem } from '../src/node-version.ts'
import { startRelay } from '../src/server.ts'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { connectTo } from './socket-client.ts'

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url))

let directory = ''
const children = new Set<ChildProcess>()

beforeEach(async () => {
  await cryptoReady
  directory = await mkdtemp(join(tmpdir(), 'sealsync-'))
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  await rm(directory, { recursive: true })
})

const launch = (args: readonly string[], nodeArgs: readonly string[] = []) => {
  const argv = [
    '--conditions=sealsync-source',
    '--disable-warning=ExperimentalWarning',
    ...nodeArgs,
    BIN,
    ...args,
  ]
  const child = spawn(process.execPath, argv, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }))
  /** The address from its first line of log. */
  const url = async (): Promise<string> => {
    for await (const line of createInterface(child.stdout)) {
      const match = /"url":"(ws:[^"]+)"/.exec(line)
      if (match?.[1] !== undefined) return match[1]
    }
    throw new Error(`did not start: ${stderr}`)
  }
  return { child, ended, url }
}

test('an envelope that was acked is there after the process was killed at the ack', async () => {
  const args = ['--port', '0', '--store', 'sqlite:./data/relay.db']
  const alice = createAuthor(createTestDocument())
  const first = launch(args)
  const a = await connectTo(await first.url())
  await a.open(alice)
  const updates = alice.updates(20)
  for (const update of updates) expect(await a.push(update)).toMatchObject({ type: 'ack' })
  first.child.kill('SIGKILL')
  expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
  const second = launch(args)
  const b = await connectTo(await second.url())
  await b.open(createAuthor(alice.document), { create: false })
  const { items, through } = await b.next('deliver')
  expect(through).toBe(20)
  expect(items.at(-1)).toMatchObject({ updates: updates.map(({ id }) => ({ id })) })
})

test('SIGTERM and SIGINT let everyone go and end with 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended, url } = launch(['--port', '0', '--store', 'memory:'])
    const a = await connectTo(await url())
    await a.open(createAuthor(createTestDocument()))
    child.kill(signal)
    expect(await a.closed).toBe(1012)
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  }
})

test('the log has no keys, ids or contents', async () => {
  const { child, ended, url } = launch(['--port', '0', '--store', 'memory:', '--log-level', 'debug'])
  const alice = createAuthor(createTestDocument())
  const a = await connectTo(await url())
  await a.open(alice)
  await a.push(alice.update())
  a.socket.send('offence')
  await a.closed
  child.kill('SIGTERM')
  const { stdout } = await ended
  expect(stdout).toContain('"code":4400')
  for (const secret of [alice.document.docId, alice.certificate.author, alice.certificate.session]) {
    expect(stdout).not.toContain(toHex(secret))
  }
})

test('a port in use, an unknown option and an unknown store are one line each, and exit code 1', async () => {
  const taken = await startRelay({ port: 0, store: 'memory:' })
  const cases: [string[], RegExp][] = [
    [['--port', `${taken.port}`, '--store', 'memory:'], new RegExp(`port ${taken.port} .*in use`)],
    [['--prot', '1'], /unknown option '--prot'/],
    [['--store', 'redis:x'], /unknown store 'redis:x'/],
    [['--port', 'abc'], /port .*whole number/],
    [['--log-level', 'loud'], /'loud' is invalid/],
    [['surplus'], /too many arguments/],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await launch(args).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n {4}at /)
  }
  await taken.close()
})

test('help and version end with 0', async () => {
  const help = await launch(['--help']).ended
  expect(help).toMatchObject({ code: 0, stderr: '' })
  for (const flag of ['--port', '--host', '--store', '--log-level']) expect(help.stdout).toContain(flag)
  expect(await launch(['--version']).ended).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+/),
  })
})

test('on an older Node it says what is needed and what to do, and exits with 1', async () => {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.19.0' })`
  const url = `data:text/javascript,${encodeURIComponent(pretend)}`
  const { code, stderr } = await launch(['--port', '0'], ['--import', url]).ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/needs Node 22\.13.*this is 20\.19\.0.*Install/)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('Node 22.13 is enough, 22.12 is not', () => {
  for (const version of ['22.13.0', '22.20.1', '23.0.0', '24.21.0', '100.0.0'])
    expect(nodeProblem(version)).toBeUndefined()
  for (const version of ['22.12.0', '20.20.2', '18.0.0', '9.11.2']) expect(nodeProblem(version)).toBeDefined()
})
