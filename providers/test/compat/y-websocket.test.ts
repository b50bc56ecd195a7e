/** What y-websocket's provider has and does, of its sealed look-alike. */
import { expect, test, vi } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { WebsocketProvider, type WebsocketProviderOptions } from '../../src/compat/y-websocket.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, hurry, RELAY, secret, textOf, until, write } from './stage.ts'

const stage = createStage()

const open = (options: WebsocketProviderOptions = {}, doc = new Y.Doc(), url = RELAY): WebsocketProvider => {
  const { WebSocketPolyfill } = stage.house()
  return stage.keep(new WebsocketProvider(url, 'room', doc, { secret, WebSocketPolyfill, ...options }))
}

test('two apps meet, and what the other writes comes with the provider as origin', async () => {
  const [a, b] = [open(), open()]
  const origins: unknown[] = []
  b.doc.on('update', (_: Uint8Array, origin: unknown) => origins.push(origin))
  write(a, 'words')
  await until(() => textOf(b) === 'words')
  expect(origins).toEqual([b])
})

test('it meets a SealsyncProvider of the same room', async () => {
  const { WebSocketPolyfill } = stage.house()
  const plain = stage.keep(new SealsyncProvider(RELAY, 'room', new Y.Doc(), { secret, WebSocketPolyfill }))
  const other = open()
  write(plain, 'words')
  await until(() => textOf(other) === 'words')
  expect(other).toBeInstanceOf(SealsyncProvider)
})

test('addresses are taken as y-websocket takes them, and shown without the name of the room', async () => {
  const provider = open({ params: { team: 'blue' } }, new Y.Doc(), 'http://relay.test///')
  expect(provider.serverUrl).toBe('http://relay.test')
  expect(open({ connect: false }, new Y.Doc(), 'https://relay.test').url).toBe('wss://relay.test/')
  expect(provider.url).toBe('ws://relay.test/?team=blue')
  await until(() => provider.synced)
  expect(stage.house().urls).toEqual(['ws://relay.test/?team=blue'])
})

test('params are read at each attempt', async () => {
  const provider = open({ params: { token: 'old' } })
  await until(() => provider.synced)
  provider.params = { token: 'new' }
  stage.house().cut(1012)
  await until(() => stage.house().urls.length === 2)
  expect(stage.house().urls).toEqual(['ws://relay.test/?token=old', 'ws://relay.test/?token=new'])
  provider.params = { ...provider.params, more: 'yes' }
  expect(provider.url).toBe('ws://relay.test/?token=new&more=yes')
})

test('subprotocols reach the WebSocket', async () => {
  const offered: unknown[] = []
  class Socket extends stage.house().WebSocketPolyfill {
    constructor(url: string, protocols?: string[]) {
      super(url)
      offered.push(protocols)
    }
  }
  const provider = open({ protocols: ['one', 'two'], WebSocketPolyfill: Socket })
  await until(() => provider.synced)
  expect(offered).toEqual([['one', 'two']])
  expect(provider.protocols).toEqual(['one', 'two'])
})

test('options that mean nothing here are taken, and others refused', async () => {
  const provider = open({ resyncInterval: 10, disableBc: false, maxBackoffTime: 100, connect: false })
  expect([provider.disableBc, provider.maxBackoffTime]).toEqual([false, 100])
  expect(() => open({ connect: false, ...{ conect: false } })).toThrow(
    'new WebsocketProvider: there is no option "conect"; known: secret, connect,',
  )
})

test('what others have got is told to who asks for receipts', async () => {
  const [a, b] = [open({ receipts: true }), open({ receipts: true })]
  await until(() => a.synced && b.synced)
  write(a, 'words')
  await until(() => a.receipts()[0]?.missing === 0)
  expect(a.receipts()).toHaveLength(1)
})

test('options may be there and undefined', async () => {
  const provider = open({ connect: undefined, awareness: undefined, params: undefined, protocols: undefined })
  await until(() => provider.synced)
  expect(provider.awareness).toBeInstanceOf(Awareness)
})

test('sync and synced are told as booleans on both edges, and once more to who connects again', async () => {
  const provider = open({ connect: false })
  const told: unknown[] = []
  provider.on('synced', (isSynced) => told.push(['synced', isSynced]))
  provider.on('sync', (isSynced) => told.push(['sync', isSynced]))
  provider.connect()
  await until(() => provider.synced)
  provider.connect()
  await vi.advanceTimersByTimeAsync(1)
  provider.disconnect()
  const up = [
    ['synced', true],
    ['sync', true],
  ]
  expect(told).toEqual([...up, ...up, ['synced', false], ['sync', false]])
})

test('synced can be set, which tells listeners', () => {
  const provider = open({ connect: false })
  const told: boolean[] = []
  provider.on('sync', (isSynced) => told.push(isSynced))
  provider.synced = true
  provider.synced = true
  expect(told).toEqual([true])
  expect(provider.synced).toBe(true)
})

test('a failed attempt is told as events of the DOM', async () => {
  hurry()
  stage.house().isUp = false
  const provider = open()
  const told: unknown[] = []
  provider.on('connection-error', ({ type }, from) => told.push([type, from === provider]))
  provider.on('connection-close', (event, from) => {
    told.push([event?.type, event?.code, event?.wasClean, from === provider])
  })
  await until(() => told.length >= 2)
  expect(told).toContainEqual(['error', true])
  expect(told).toContainEqual(['close', 1006, false, true])
})

test('shouldReconnect can end what would go on', async () => {
  const asked: unknown[] = []
  const provider = open({
    shouldReconnect: (event, from) => {
      asked.push([event.code, from === provider])
      return false
    },
  })
  const closed: unknown[] = []
  provider.on('closed', ({ code }) => closed.push(code))
  await until(() => provider.synced)
  stage.house().cut(1012)
  await until(() => closed.length > 0)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual([[1012, true]])
  expect(closed).toEqual([1012])
  expect([provider.shouldConnect, provider.wsconnected, stage.house().urls.length]).toEqual([false, false, 1])
  provider.connect()
  await until(() => provider.synced)
})

test('shouldReconnect can go on where it would end, after a pause', async () => {
  const provider = open({ shouldReconnect: () => true, maxBackoffTime: 5_000 })
  const closed: unknown[] = []
  provider.on('closed', (event) => closed.push(event))
  await until(() => provider.synced)
  stage.house().cut(4401)
  await until(() => !provider.wsconnected)
  await vi.advanceTimersByTimeAsync(4_900)
  expect(stage.house().urls).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(200)
  await until(() => provider.synced)
  expect(closed).toEqual([])
  provider.shouldReconnect = () => false
  stage.house().cut(4401)
  await until(() => closed.length === 1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(stage.house().urls).toHaveLength(2)
})

test('who leaves while another attempt waits is not brought back', async () => {
  const provider = open({ shouldReconnect: () => true })
  await until(() => provider.synced)
  stage.house().cut(4401)
  await until(() => !provider.wsconnected)
  provider.disconnect()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([provider.wsconnected, stage.house().urls.length]).toEqual([false, 1])
})

test('a document that the relay closes alone is told of, too', async () => {
  const provider = open({ create: false })
  const told: unknown[] = []
  provider.on('closed', ({ code }, from) => told.push([code, from === provider]))
  provider.on('connection-close', () => told.push('connection-close'))
  await until(() => told.length > 0)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told).toEqual([[4404, true]])
  expect([provider.shouldConnect, provider.syncStatus]).toEqual([false, 'not-found'])
  const maker = open()
  write(maker, 'words')
  await until(() => !maker.hasUnsyncedChanges)
  provider.connect()
  await until(() => provider.synced)
})

test('why the relay ended it remains to be seen', async () => {
  const provider = open()
  await until(() => provider.synced)
  stage.house().cut(4401)
  await until(() => !provider.shouldConnect)
  expect(provider.syncStatus).toBe('blocked')
})

test('shouldConnect set to false lets the connection end by itself', async () => {
  const provider = open()
  await until(() => provider.synced)
  provider.shouldConnect = false
  expect(provider.wsconnected).toBe(true)
  stage.house().cut(1012)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([provider.shouldConnect, provider.wsconnected, stage.house().urls.length]).toEqual([false, false, 1])
})

test('presence of the app outlives the provider, one of its own does not', async () => {
  const doc = new Y.Doc()
  const awareness = new Awareness(doc)
  const [a, b] = [open({ awareness }, doc), open()]
  a.awareness.setLocalStateField('user', { name: 'Ada' })
  await until(() => b.awareness.getStates().get(doc.clientID)?.user !== undefined)
  const destroyed: string[] = []
  awareness.on('destroy', () => destroyed.push('the app’s'))
  b.awareness.on('destroy', () => destroyed.push('its own'))
  a.destroy()
  b.destroy()
  expect(destroyed).toEqual(['its own'])
  expect(awareness.getLocalState()).toEqual({ user: { name: 'Ada' } })
  awareness.destroy()
})

test('listeners come and go as in y-websocket', async () => {
  const provider = open({ connect: false })
  const told: string[] = []
  const listener = provider.on('status', ({ status }) => told.push(`on ${status}`))
  provider.once('status', ({ status }) => told.push(`once ${status}`))
  provider.emit('status', [{ status: 'connected' }])
  provider.emit('status', [{ status: 'disconnected' }])
  provider.off('status', listener)
  provider.emit('status', [{ status: 'connecting' }])
  expect(told).toEqual(['on connected', 'once connected', 'on disconnected'])
})

test('what only a SealsyncProvider tells is told here, too', async () => {
  const provider = open()
  const told = new Set<string>()
  const names = ['unsyncedChanges', 'local-changes', 'change', 'new', 'frame', 'destroy'] as const
  for (const name of names) provider.on(name, () => told.add(name))
  await until(() => provider.synced)
  write(provider, 'words')
  await provider.saved()
  provider.destroy()
  expect([...told].sort()).toEqual([...names].sort())
})

test('when the relay was last heard is shown as a time', async () => {
  const [a, b] = [open({ connect: false }), open()]
  await until(() => b.synced)
  expect(a.wsLastMessageReceived).toBe(0)
  stage.house().isFrozen = true
  await until(() => b.status === 'disconnected')
  expect(Date.now() - b.wsLastMessageReceived).toBeGreaterThan(5_000)
  stage.house().isFrozen = false
  await until(() => b.synced)
  expect(Date.now() - b.wsLastMessageReceived).toBeLessThan(100)
  a.connect()
  await until(() => a.synced)
  await vi.advanceTimersByTimeAsync(9_000)
  write(a, 'words')
  expect(Date.now() - b.wsLastMessageReceived).toBeGreaterThan(5_000)
  await until(() => textOf(b) === 'words')
  expect(Date.now() - b.wsLastMessageReceived).toBeLessThan(100)
})

test('awareness: null shows nobody', async () => {
  const [a, b] = [open({ awareness: null }), open()]
  a.awareness.setLocalStateField('user', 'Ada')
  b.awareness.setLocalStateField('user', 'Bob')
  await until(() => a.synced && b.synced)
  await vi.advanceTimersByTimeAsync(1_000)
  expect([a.awareness.getStates().size, b.awareness.getStates().size]).toEqual([1, 1])
})

test('tabs have no door of their own', () => {
  const provider = open({ connect: false })
  provider.connectBc()
  provider.disconnectBc()
  expect([provider.bcconnected, provider.ws]).toEqual([false, null])
})

test('it ends with its document', async () => {
  const provider = open()
  await until(() => provider.synced)
  provider.doc.destroy()
  expect(() => provider.connect()).toThrow('destroyed')
  await until(() => stage.house().open() === 0)
})
