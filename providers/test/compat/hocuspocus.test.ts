/** What the classes of Hocuspocus have and do, of their sealed look-alikes. */
import { expect, test, vi } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import {
  AwarenessError,
  HocuspocusProvider,
  type HocuspocusProviderConfiguration,
  HocuspocusProviderWebsocket,
  type HocuspocusProviderWebsocketConfiguration,
  WebSocketStatus,
} from '../../src/compat/hocuspocus.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, pushes, RELAY, secret, textOf, until, write } from './stage.ts'

const stage = createStage()

const open = (options: Partial<HocuspocusProviderConfiguration> = {}): HocuspocusProvider => {
  const { WebSocketPolyfill } = stage.house()
  return stage.keep(
    new HocuspocusProvider({
      ...{ url: RELAY, name: 'room', secret, WebSocketPolyfill },
      ...options,
      websocketProvider: undefined,
    }),
  )
}

const openSocket = (
  options: Partial<HocuspocusProviderWebsocketConfiguration> = {},
): HocuspocusProviderWebsocket => {
  const { WebSocketPolyfill } = stage.house()
  return stage.keep(new HocuspocusProviderWebsocket({ url: RELAY, WebSocketPolyfill, ...options }))
}

const join = (
  websocketProvider: HocuspocusProviderWebsocket,
  options: Partial<Omit<HocuspocusProviderConfiguration, 'url' | 'websocketProvider'>> = {},
): HocuspocusProvider =>
  stage.keep(new HocuspocusProvider({ name: 'room', secret, ...options, websocketProvider }))

test('two apps meet, and what the other writes comes with the provider as origin', async () => {
  const [a, b] = [open(), open()]
  const origins: unknown[] = []
  b.document.on('update', (_: Uint8Array, origin: unknown) => origins.push(origin))
  write(a, 'words')
  await until(() => textOf(b) === 'words')
  expect(origins).toEqual([b])
  expect(b).toBeInstanceOf(SealsyncProvider)
})

test('every callback gets what Hocuspocus hands out', async () => {
  const told: unknown[] = []
  const tell = (name: string) => (data: unknown) => void told.push([name, data])
  const provider = open({
    onStatus: tell('status'),
    onOpen: ({ event }) => told.push(['open', event.type]),
    onConnect: () => told.push(['connect']),
    onAuthenticated: tell('authenticated'),
    onSynced: tell('synced'),
    onDisconnect: tell('disconnect'),
    onClose: tell('close'),
    onDestroy: () => told.push(['destroy']),
  })
  await until(() => provider.isSynced)
  provider.disconnect()
  // As of a WebSocket that is closed without a code.
  const end = { event: { code: 1005, reason: '' } }
  expect(told).toEqual([
    ['status', { status: 'connecting' }],
    ['status', { status: 'connected' }],
    ['open', 'open'],
    ['connect'],
    ['authenticated', { scope: 'read-write' }],
    ['synced', { state: true }],
    ['status', { status: 'disconnected' }],
    ['disconnect', end],
    ['close', end],
  ])
  told.length = 0
  provider.destroy()
  expect(told).toEqual([['destroy']])
})

test('presence is told as a list, and edits as a number', async () => {
  const told: unknown[] = []
  const [a, b] = [
    open({
      onAwarenessUpdate: ({ states }) => told.push(['update', states]),
      onAwarenessChange: ({ states }) => told.push(['change', states]),
      onUnsyncedChanges: ({ number }) => told.push(number),
    }),
    open({ awareness: null }),
  ]
  await until(() => a.synced && b.synced && !a.hasUnsyncedChanges)
  told.length = 0
  a.setAwarenessField('user', { name: 'Ada' })
  const states = [{ clientId: a.document.clientID, user: { name: 'Ada' } }]
  expect(told).toEqual([
    ['change', states],
    ['update', states],
  ])
  told.length = 0
  write(a, 'words')
  expect([told, a.unsyncedChanges, a.hasUnsyncedChanges]).toEqual([[1], 1, true])
  await until(() => !a.hasUnsyncedChanges)
  expect(told).toEqual([1, 0])
})

test('awareness: null shows nobody, and says so to who uses it', async () => {
  const [a, b] = [open(), open({ awareness: null })]
  a.setAwarenessField('user', 'Ada')
  await until(() => a.synced && b.synced)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(() => b.setAwarenessField('user', 'Bob')).toThrow(AwarenessError)
  expect(b.configuration.awareness).toBe(null)
  b.awareness.setLocalStateField('user', 'Bob')
  await vi.advanceTimersByTimeAsync(1_000)
  expect([...a.awareness.getStates().keys()]).toEqual([a.document.clientID])
  expect([...b.awareness.getStates().keys()]).toEqual([b.document.clientID])
})

test('stateless messages reach the others, sealed, and not who sent them', async () => {
  const told: string[] = []
  const [a, b] = ['a', 'b'].map((name) =>
    open({ onStateless: ({ payload }) => told.push(`${name}: ${payload}`) }),
  )
  if (a === undefined || b === undefined) throw new Error('two were made')
  await until(() => a.synced && b.synced)
  a.sendStateless('naïve')
  await until(() => told.length > 0)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual(['b: naïve'])
  expect(() => a.sendStateless('ä'.repeat(40_000))).toThrow(RangeError)
})

test('frames are told as they come and leave', async () => {
  const [sent, received]: [number[], number[]] = [[], []]
  const provider = open({
    onOutgoingMessage: ({ message }) => sent.push(message.toUint8Array().length),
    onMessage: ({ event, message }) => received.push(Math.min(event.data.length, message.data.length)),
  })
  await until(() => provider.synced)
  expect([sent.length > 0, received.length > 0]).toEqual([true, true])
  expect(Math.min(...sent, ...received)).toBeGreaterThan(0)
})

test('off without a listener removes all of that name, and chains', async () => {
  const told: string[] = []
  const provider = open({ autoConnect: false, onSynced: () => told.push('option') })
  const listener = (): unknown => told.push('one')
  const chained = provider
    .on('synced', listener)
    .on('synced', () => told.push('two'))
    .on('status', ({ status }) => told.push(status))
  expect(chained).toBe(provider)
  expect(provider.off('synced', listener).off('status')).toBe(provider)
  provider.connect()
  await until(() => provider.synced)
  expect(told).toEqual(['option', 'two'])
  provider.off('synced')
  provider.disconnect()
  provider.connect()
  await until(() => provider.synced)
  expect(told).toEqual(['option', 'two'])
  provider.on('status', ({ status }) => told.push(status)).removeAllListeners()
  provider.disconnect()
  expect(told).toHaveLength(2)
  expect([provider.isAuthenticated, provider.synced, provider.status]).toEqual([false, false, 'disconnected'])
})

test('connect and disconnect may follow each other in any order, as in StrictMode', async () => {
  const provider = open({ autoConnect: false })
  provider.disconnect()
  provider.connect()
  provider.disconnect()
  provider.connect()
  await until(() => provider.synced)
  expect(stage.house().open()).toBe(1)
  const told: unknown[] = []
  provider.on('sync', (isSynced) => told.push(isSynced))
  provider.on('open', () => told.push('open'))
  provider.on('connect', () => told.push('connect'))
  provider.connect()
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual([true])
})

test('a token that cannot be had fails the authentication, and is asked for again', async () => {
  const reasons: string[] = []
  let isSignedIn = false
  const provider = open({
    token: () => (isSignedIn ? Promise.resolve('token') : Promise.reject(new Error('signed out'))),
    onAuthenticationFailed: ({ reason }) => reasons.push(reason),
  })
  await until(() => reasons.length > 0)
  expect(reasons[0]).toBe('Failed to get token: Error: signed out')
  isSignedIn = true
  await until(() => provider.isAuthenticated)
  expect(await provider.getToken()).toBe('token')
})

test('setConfiguration changes the token, and refuses what needs another provider', async () => {
  const provider = open({ autoConnect: false })
  provider.setConfiguration({ token: () => 'another' })
  expect(await provider.getToken()).toBe('another')
  expect(() => provider.setConfiguration({ name: 'other' })).toThrow('"name" cannot be changed')
  provider.setConfiguration({ name: 'room' })
  expect(() => provider.setConfiguration({ secret: 'another' })).toThrow('"secret" cannot be changed')
  expect(JSON.stringify(Object.entries(provider.configuration).map(String))).not.toContain(secret)
})

test.each(['flushPendingUpdates', 'forceSync', 'startSync'] as const)(
  '%s ends the gathering that flushDelay asks for',
  async (method) => {
    const provider = open({ flushDelay: 2_000 })
    await until(() => provider.synced)
    const sent = pushes(provider)
    // Without acknowledgements, what follows an edit gathers.
    stage.house().isFrozen = true
    write(provider, 'one')
    await vi.advanceTimersByTimeAsync(1)
    write(provider, 'two')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(sent).toHaveLength(1)
    provider[method]()
    expect(sent).toHaveLength(2)
    write(provider, 'three')
    await vi.advanceTimersByTimeAsync(1_900)
    expect(sent).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(200)
    expect(sent).toHaveLength(3)
  },
)

test('synced can be set, which tells listeners of true, until the connection knows better', async () => {
  const provider = open({ autoConnect: false })
  const told: unknown[] = []
  provider.on('synced', (data) => told.push(data))
  provider.synced = true
  provider.synced = true
  expect([provider.synced, provider.isSynced, told]).toEqual([true, true, [{ state: true }]])
  provider.synced = false
  expect([provider.synced, told.length]).toEqual([false, 1])
  provider.connect()
  await until(() => provider.synced)
  expect([provider.isAuthenticated, told.length]).toEqual([true, 2])
  provider.synced = false
  expect(provider.synced).toBe(false)
  provider.disconnect()
  provider.connect()
  await until(() => provider.synced)
})

test('the configuration shows what Hocuspocus has for options that were not given', async () => {
  const given: object = { delay: 5, token: undefined, providerMap: undefined }
  const provider = open({ ...given })
  const { configuration } = provider
  expect(configuration).toMatchObject({ token: null, sessionAwareness: false, forceSyncInterval: false })
  expect(configuration.flushDelay).toBe(false)
  expect(configuration.onSynced({ state: true })).toBe(undefined)
  const { configuration: shared } = configuration.websocketProvider
  expect(shared).toMatchObject({ autoConnect: true, delay: 5, factor: 2, maxAttempts: 0, maxDelay: 30_000 })
  expect(open({ autoConnect: false }).configuration.websocketProvider.configuration.autoConnect).toBe(false)
  await until(() => provider.synced)
})

test('the map of providers may be that of the app', () => {
  const providerMap = new Map<string, HocuspocusProvider>()
  const socket = openSocket({ providerMap, autoConnect: false })
  const provider = join(socket)
  provider.attach()
  expect(providerMap.get('room')).toBe(provider)
  expect(open({ providerMap, autoConnect: false, name: 'other' }).isAttached).toBe(true)
  expect([...providerMap.keys()]).toEqual(['room', 'other'])
})

test('a provider with a connection of its own tells that its attempts are used up', async () => {
  stage.house().isUp = false
  const onMaxAttemptsFailed = vi.fn()
  open({ maxAttempts: 2, onMaxAttemptsFailed })
  await vi.advanceTimersByTimeAsync(120_000)
  expect(onMaxAttemptsFailed.mock.calls).toEqual([[{ error: expect.any(Error) }]])
  expect(stage.house().urls).toHaveLength(2)
})

test('options that mean nothing here are taken', async () => {
  const provider = open({ forceSyncInterval: 10, sessionAwareness: true, delay: 5, timeout: 5 })
  await until(() => provider.synced)
  await provider.sendToken()
  expect([provider.effectiveName, provider.manageSocket, typeof provider.sessionId]).toEqual([
    'room',
    true,
    'string',
  ])
})

test('a document comes with the provider if none is given, and is not destroyed by it', () => {
  const provider = open({ autoConnect: false })
  let isDestroyed = false
  provider.document.on('destroy', () => {
    isDestroyed = true
  })
  provider.destroy()
  expect(isDestroyed).toBe(false)
  expect(provider.document).toBeInstanceOf(Y.Doc)
})

test('presence of the app outlives the provider, one of its own does not', () => {
  const document = new Y.Doc()
  const awareness = new Awareness(document)
  const [a, b] = [open({ document, awareness, autoConnect: false }), open({ autoConnect: false })]
  const destroyed: string[] = []
  awareness.on('destroy', () => destroyed.push('the app’s'))
  b.awareness.on('destroy', () => destroyed.push('its own'))
  awareness.setLocalStateField('user', 'Ada')
  a.destroy()
  b.destroy()
  expect(destroyed).toEqual(['its own'])
  expect(awareness.getLocalState()).toEqual({ user: 'Ada' })
  awareness.destroy()
})

test('what others have got is told to who asks for receipts, also on a shared connection', async () => {
  const [a, b] = [open({ receipts: true }), join(openSocket(), { receipts: true })]
  b.attach()
  await until(() => a.synced && b.synced)
  write(a, 'words')
  await until(() => a.receipts()[0]?.missing === 0)
  write(b, 'more')
  await until(() => b.receipts()[0]?.missing === 0)
})

test('misspelt options are refused, and those that belong to a shared connection', () => {
  expect(() => open({ name: 'room', ...{ nmae: 'x' } })).toThrow(
    'new HocuspocusProvider: there is no option "nmae"',
  )
  const socket = openSocket({ autoConnect: false })
  expect(() => join(socket, { name: 'room', ...{ autoConnect: false } })).toThrow(
    'new HocuspocusProvider with a websocketProvider: there is no option "autoConnect"',
  )
  expect(() => openSocket({ url: RELAY, ...{ name: 'x' } })).toThrow(
    'new HocuspocusProviderWebsocket: there is no option "name"',
  )
})

test('several documents share one socket once they are attached', async () => {
  const socket = openSocket()
  const documents = ['one', 'two', 'three'].map((name) => join(socket, { name }))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(socket.status).toBe(WebSocketStatus.Connected)
  expect(documents.map(({ synced, isAttached, status }) => [synced, isAttached, status])).toEqual(
    Array(3).fill([false, false, 'disconnected']),
  )
  for (const document of documents) document.attach()
  await until(() => documents.every(({ synced }) => synced))
  expect([stage.house().open(), stage.house().urls.length]).toEqual([1, 1])
  expect([...socket.configuration.providerMap.keys()]).toEqual(['one', 'two', 'three'])
  const other = open({ name: 'two' })
  write(other, 'words')
  await until(() => documents.some((document) => textOf(document) === 'words'))
  expect(documents.map(textOf)).toEqual(['', 'words', ''])
})

test('one document leaves, and comes back with what was written meanwhile', async () => {
  const socket = openSocket()
  const [a, b] = [join(socket, { name: 'a' }), join(socket, { name: 'b' })]
  const reader = open({ name: 'a' })
  for (const one of [a, b]) one.attach()
  a.setAwarenessField('user', 'Ada')
  await until(() => a.synced && b.synced && reader.awareness.getStates().size === 2)
  a.detach()
  await until(() => reader.awareness.getStates().size === 1)
  write(a, 'offline')
  write(reader, '')
  expect([a.status, a.synced, a.hasUnsyncedChanges, b.status]).toEqual([
    ...['disconnected', false, true],
    'connected',
  ])
  await vi.advanceTimersByTimeAsync(5_000)
  expect(textOf(reader)).toBe('')
  a.attach()
  await until(() => textOf(reader) === 'offline' && !a.hasUnsyncedChanges)
  expect([a.isAuthenticated, stage.house().urls.length]).toEqual([true, 2])
})

test('a name is on a socket once, until its provider is destroyed', async () => {
  const socket = openSocket()
  const first = join(socket)
  first.attach()
  await until(() => first.isAuthenticated)
  const second = join(socket)
  expect(() => second.attach()).toThrow('this connection has "room" already')
  first.destroy()
  expect(socket.configuration.providerMap.size).toBe(0)
  second.attach()
  await until(() => second.synced)
})

test('of two that were made in one moment the second stays', async () => {
  const socket = openSocket()
  const [first, second] = [join(socket), join(socket)]
  first.attach()
  second.attach()
  await until(() => second.synced)
  expect([first.isAttached, second.isAttached]).toEqual([false, true])
})

test('connecting is the business of who owns the connection', async () => {
  const socket = openSocket({ autoConnect: false })
  const provider = join(socket)
  provider.attach()
  provider.connect()
  await vi.advanceTimersByTimeAsync(1_000)
  expect([socket.status, socket.shouldConnect]).toEqual(['disconnected', false])
  const connected = socket.connect()
  await until(() => provider.synced)
  await connected
  provider.disconnect()
  expect(socket.status).toBe('connected')
  provider.destroy()
  expect(socket.status).toBe('connected')
  socket.disconnect()
  expect(socket.status).toBe('disconnected')
})

test('a shared connection tells what happens to it', async () => {
  const told: unknown[] = []
  const socket = openSocket({
    autoConnect: false,
    onStatus: ({ status }) => told.push(status),
    onOpen: ({ event }) => told.push(event.type),
    onConnect: () => told.push('connect'),
    onDisconnect: ({ event }) => told.push(['disconnect', event.code]),
    onClose: ({ event }) => told.push(['close', event.code]),
    onDestroy: () => told.push('destroy'),
  })
  await Promise.all([socket.connect(), vi.advanceTimersByTimeAsync(100)])
  expect(told).toEqual(['connecting', 'connected', 'open', 'connect'])
  told.length = 0
  stage.house().cut(1012)
  await until(() => told.length > 2)
  expect(told.slice(0, 3)).toEqual(['disconnected', ['disconnect', 1012], ['close', 1012]])
  await until(() => socket.status === 'connected')
  told.length = 0
  const listener = (): unknown => told.push('listener')
  expect(socket.on('destroy', listener).off('destroy', listener)).toBe(socket)
  socket.destroy()
  expect(told[0]).toBe('destroy')
  expect(told).not.toContain('listener')
})

test('maxAttempts ends attempts, and connect begins again', async () => {
  stage.house().isUp = false
  const errors: unknown[] = []
  const socket = openSocket({ maxAttempts: 3, onMaxAttemptsFailed: ({ error }) => errors.push(error) })
  await until(() => errors.length > 0)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(stage.house().urls).toHaveLength(3)
  expect(errors.map(String)).toEqual([expect.stringContaining('3 attempts to connect failed')])
  void socket.connect()
  await until(() => errors.length > 1)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(stage.house().urls).toHaveLength(6)
  stage.house().isUp = true
  void socket.connect()
  await until(() => socket.status === 'connected')
})

test('a connection that is lost is no failed attempt', async () => {
  const errors: unknown[] = []
  const socket = openSocket({ maxAttempts: 1, onMaxAttemptsFailed: ({ error }) => errors.push(error) })
  await until(() => socket.status === 'connected')
  stage.house().cut(1012)
  await until(() => stage.house().urls.length === 2 && socket.status === 'connected')
  expect(errors).toEqual([])
})

test('the address may have slashes at the end, and may change', async () => {
  expect(openSocket({ autoConnect: false, url: 'http://relay.test/a//' }).url).toBe('ws://relay.test/a')
  const socket = openSocket({ url: 'ws://relay.test/a/', preserveTrailingSlash: true })
  expect(socket.url).toBe('ws://relay.test/a/')
  await until(() => socket.status === 'connected')
  socket.setConfiguration({ url: 'ws://other.test/' })
  await until(() => socket.status === 'connected' && stage.house().urls.length === 2)
  expect(stage.house().urls).toEqual(['ws://relay.test/a/', 'ws://other.test/'])
})

test('a provider that is destroyed says so to who uses it', () => {
  const socket = openSocket({ autoConnect: false })
  for (const provider of [join(socket), open({ autoConnect: false })]) {
    provider.destroy()
    expect(() => provider.attach()).toThrow('this provider is destroyed')
    expect(() => provider.connect()).toThrow('this provider is destroyed')
    provider.detach()
    provider.disconnect()
    provider.destroy()
  }
  expect(socket.configuration.providerMap.size).toBe(0)
})

test('a connection that is destroyed ends its documents', async () => {
  const told: string[] = []
  const socket = openSocket()
  const provider = join(socket, { onDestroy: () => told.push('destroy') })
  provider.attach()
  await until(() => provider.synced)
  socket.destroy()
  expect([told, provider.status]).toEqual([['destroy'], 'disconnected'])
  await until(() => stage.house().open() === 0)
})
