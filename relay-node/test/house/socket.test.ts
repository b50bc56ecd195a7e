import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, type ClientOptions, createClient, generateSecret } from 'sealsync'
import { fileStorage } from 'sealsync/node'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'
import { type RunningRelay, startRelay } from '../../src/server.ts'
import { eventually } from '../eventually.ts'
import { createWords } from './edits.ts'

let directory = ''
let relay: RunningRelay | undefined
const clients: Client[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sealsync-'))
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await relay?.close()
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const secret = generateSecret()

const open = (options: ClientOptions) => {
  const client = createClient(options)
  clients.push(client)
  const words = createWords()
  const document = client.open({ secret, room: 'r' }, words.replica)
  return { client, document, words, type: (word: string) => document.push(words.add(word)) }
}

test.each([
  ['the global WebSocket', {}],
  ['the one of ws', { WebSocketPolyfill: NodeWebSocket }],
])('edits travel through a real relay by %s', async (_name, options) => {
  relay = await startRelay({ port: 0, store: 'memory:' })
  const [a, b] = [open({ relay: relay.url, ...options }), open({ relay: relay.url, ...options })]
  a.type('one')
  await a.document.saved()
  await eventually(() => expect([...b.words.words]).toEqual(['one']))
  b.type('two')
  await eventually(() => expect([...a.words.words]).toEqual(['one', 'two']))
})

test('a relay that restarts loses nothing, and clients come back by themselves', async () => {
  const store = `sqlite:${join(directory, 'relay.db')}` as const
  relay = await startRelay({ port: 0, store })
  const { url, port } = relay
  const [a, b] = [open({ relay: url }), open({ relay: url })]
  a.type('one')
  await eventually(() => expect([...b.words.words]).toEqual(['one']))
  await relay.close()
  await eventually(() => expect(a.document.status().connection).not.toBe('connected'))
  a.type('two')
  b.type('three')
  relay = await startRelay({ port, store })
  await Promise.all([a.document.saved(), b.document.saved()])
  await eventually(() => {
    expect([...a.words.words].sort()).toEqual(['one', 'three', 'two'])
    expect([...b.words.words].sort()).toEqual(['one', 'three', 'two'])
  })
})

test('a Node client that keeps its document in files finds it again without the relay', async () => {
  relay = await startRelay({ port: 0, store: 'memory:' })
  const storage = () => fileStorage({ directory: join(directory, 'client') })
  const a = open({ relay: relay.url, storage: storage() })
  a.type('one')
  await a.document.saved()
  a.client.disconnect()
  a.type('two')
  a.client.close()
  const b = open({ relay: relay.url, storage: storage(), connect: false })
  await eventually(() => expect([...b.words.words].sort()).toEqual(['one', 'two']))
  b.client.connect()
  await b.document.saved()
  const c = open({ relay: relay.url })
  await eventually(() => expect([...c.words.words].sort()).toEqual(['one', 'two']))
})
