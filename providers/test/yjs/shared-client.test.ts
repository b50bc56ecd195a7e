/** Providers that share one connection. */
import { afterEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { type Client, createClient } from '../../src/client/client.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, hurry, record, secret, textOf, until, write } from './stage.ts'

const stage = createStage()
const made: (() => void)[] = []
afterEach(() => {
  for (const end of made.splice(0).reverse()) end()
})

const RELAY = 'ws://relay.test/'

const share = (): Client => {
  const { WebSocketPolyfill } = stage.house()
  const client = createClient({ relay: RELAY, WebSocketPolyfill })
  made.push(client.close)
  return client
}

const shared = (client: Client, room: string, connect = true): SealsyncProvider => {
  const provider = new SealsyncProvider(RELAY, room, new Y.Doc(), { client, connect, secret })
  made.push(() => provider.destroy())
  return provider
}

test('two documents travel on one socket, and end alone', async () => {
  const client = share()
  const [a, b] = [shared(client, 'a'), shared(client, 'b')]
  const other = stage.open({}, undefined, 'a')
  await until(() => a.synced && b.synced && other.synced)
  expect(stage.house().open()).toBe(2)
  write(other, 'words')
  await until(() => textOf(a) === 'words')
  expect(textOf(b)).toBe('')
  a.destroy()
  await vi.advanceTimersByTimeAsync(1_000)
  expect([b.status, stage.house().open()]).toEqual(['connected', 2])
})

test('disconnect takes one document off the socket, connect puts it back', async () => {
  const client = share()
  const [a, b] = [shared(client, 'a'), shared(client, 'b')]
  const other = stage.open({}, undefined, 'a')
  await until(() => a.synced && b.synced && other.synced)
  const told = record(a)
  a.disconnect()
  write(a, 'mine ')
  write(other, 'theirs ')
  await vi.advanceTimersByTimeAsync(5_000)
  expect([textOf(a), textOf(other), a.syncStatus, b.status]).toEqual([
    ...['mine ', 'theirs ', 'offline', 'connected'],
  ])
  expect(told.slice(0, 2)).toEqual(['status {"status":"disconnected"}', 'sync false'])
  a.connect()
  // At once: the connection is there, so nothing has to be waited for.
  await vi.advanceTimersByTimeAsync(100)
  expect([a.synced, a.unsyncedChanges, textOf(a) === textOf(other)]).toEqual([true, 0, true])
  expect(stage.house().urls).toHaveLength(2)
})

test('one that waits to be connected stays off the socket, whatever happens to it', async () => {
  hurry()
  const client = share()
  const [a, b] = [shared(client, 'a', false), shared(client, 'b')]
  const told = record(a)
  const closed: unknown[] = []
  a.on('connection-close', (event) => closed.push(event))
  await until(() => b.synced)
  stage.house().cut()
  await until(() => stage.house().urls.length === 2 && b.synced)
  expect([told, closed, a.status]).toEqual([[], [], 'disconnected'])
  a.connect()
  await until(() => a.synced)
  stage.house().cut()
  await until(() => closed.length === 1)
})

test('a room may be opened again on a client once its provider has left', async () => {
  const client = share()
  const first = shared(client, 'room')
  await until(() => first.synced)
  const second = shared(client, 'room')
  await until(() => second.syncStatus === 'blocked')
  first.disconnect()
  second.connect()
  await until(() => second.synced)
  second.destroy()
  first.connect()
  await until(() => first.synced)
})

test('options of the connection belong to the client, and so does the address', () => {
  const client = share()
  expect(() => stage.open({ client, token: 'token' })).toThrow(
    'new SealsyncProvider with a client: there is no option',
  )
  const open = () => shared(createClient({ relay: 'ws://other.test/' }), 'room')
  expect(open).toThrow('the client is one of "ws://other.test/", and the address "ws://relay.test/"')
  client.setUrl('ws://moved.test/')
  expect(() => shared(client, 'room')).toThrow('the client is one of "ws://moved.test/"')
})
