/** One app, once with Hocuspocus and once with its sealed look-alikes: what it is told must be the same. */
import {
  HocuspocusProvider as PlainHocuspocus,
  HocuspocusProviderWebsocket as PlainWebsocket,
} from '@hocuspocus/provider'
import { expect, test } from 'vitest'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { hocuspocusServer } from '../../../relay-node/test/compat/plain-servers.ts'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '../../src/compat/hocuspocus.ts'
import { atEnd, type Place, plainPlace, relayPlace, shapeOf, until } from './places.ts'

interface App {
  readonly isAuthenticated: boolean
  readonly isSynced: boolean
  synced: boolean
  readonly authorizedScope: unknown
  readonly hasUnsyncedChanges: boolean
  readonly isAttached: boolean
  readonly document: Y.Doc
  readonly awareness: Awareness | null
  attach(): void
  disconnect(): void
  connect(): unknown
  setAwarenessField(key: string, value: unknown): void
  sendStateless(payload: string): void
  destroy(): void
}

const shownBy = (provider: App): object => {
  const { isAuthenticated, isSynced, synced, authorizedScope, hasUnsyncedChanges, isAttached } = provider
  return { isAuthenticated, isSynced, synced, authorizedScope, hasUnsyncedChanges, isAttached }
}

/** Each once: Hocuspocus says 'connected' twice. */
const unique = (lines: readonly string[]): readonly string[] => [...new Set(lines)]

const isReady = (provider: App): boolean => provider.synced && !provider.hasUnsyncedChanges

/** Edits, shows itself, meets a peer, leaves and comes back, is lost and found. */
const app = async (
  provider: App,
  told: string[],
  { cut }: Place,
  makePeer: () => App,
): Promise<readonly unknown[]> => {
  const scenes: unknown[] = []
  const scene = (name: string, without: readonly string[] = []): void => {
    const lines = unique(told).filter((line) => !without.some((event) => line.startsWith(event)))
    scenes.push({ name, told: lines, shown: shownBy(provider) })
    told.length = 0
  }
  // Here a greeting is no change that waits for the relay.
  const greeting = ['unsyncedChanges']
  await until(() => isReady(provider))
  scene('made', greeting)
  provider.document.getText('text').insert(0, 'words')
  expect(provider.hasUnsyncedChanges).toBe(true)
  await until(() => !provider.hasUnsyncedChanges)
  scene('edited')

  provider.setAwarenessField('user', 'Ada')
  scene('shown')
  const peer = makePeer()
  peer.setAwarenessField('user', 'Bob')
  await until(() => isReady(peer) && told.some((line) => line.includes('Bob')))
  // In how many steps somebody appears depends on how fast the greeting is.
  scenes.push({ name: 'met', states: [...told].filter((line) => line.includes('Bob')).at(-1) })
  told.length = 0
  peer.sendStateless('naïve')
  await until(() => told.length > 0)
  scene('told by a peer')
  provider.sendStateless('not to itself')
  peer.destroy()
  await until(() => provider.awareness?.getStates().size === 1)
  scene('alone again')

  provider.disconnect()
  await until(() => told.some((line) => line.startsWith('close')))
  scene('disconnected', greeting)
  void provider.connect()
  await until(() => isReady(provider))
  scene('connected', greeting)
  cut(1012)
  await until(() => told.some((line) => line.startsWith('close')))
  scene('lost', greeting)
  await until(() => isReady(provider))
  scene('found again', greeting)
  provider.synced = false
  provider.synced = true
  scene('said to be synced')
  provider.destroy()
  expect(told).toContain('destroy')
  return scenes
}

const CONNECTION_EVENTS = [
  ...(['status', 'open', 'connect', 'authenticated', 'synced', 'disconnect', 'close', 'destroy'] as const),
]
const EVENTS = [
  ...CONNECTION_EVENTS,
  ...(['authenticationFailed', 'unsyncedChanges', 'stateless'] as const),
  ...(['awarenessUpdate', 'awarenessChange'] as const),
]
const SOCKET_EVENTS = [
  ...(['status', 'open', 'connect', 'disconnect', 'close', 'maxAttemptsFailed', 'destroy'] as const),
]

const teller =
  (told: string[], name: string) =>
  (...args: readonly unknown[]) => {
    const shown = JSON.stringify(shapeOf(args[0]))
    told.push(shown === undefined ? name : `${name} ${shown}`)
  }

/** What Hocuspocus hands out with a socket's 'open' is not what it declares; ours is. */
const socketTeller = (told: string[], name: string) =>
  name === 'open' ? () => void told.push(name) : teller(told, name)

const docOf = (clientId: number): Y.Doc => {
  const doc = new Y.Doc()
  doc.clientID = clientId
  return doc
}

test('the same app hears the same of Hocuspocus and of its sealed look-alike', {
  timeout: 20_000,
}, async () => {
  const plain = await plainPlace(hocuspocusServer())
  const relay = await relayPlace()
  const [known, found]: [string[], string[]] = [[], []]
  const makePlain = (clientId: number): PlainHocuspocus =>
    new PlainHocuspocus({ url: plain.url, name: 'room', document: docOf(clientId) })
  const makeSealed = (clientId: number): HocuspocusProvider =>
    new HocuspocusProvider({ url: relay.url, name: 'room', document: docOf(clientId), ...relay.sealed })
  const plainProvider = makePlain(1)
  for (const name of EVENTS) plainProvider.on(name, teller(known, name))
  const sealed = makeSealed(1)
  for (const name of EVENTS) sealed.on(name, teller(found, name))
  const expected = await app(plainProvider, known, plain, () => makePlain(2))
  expect(await app(sealed, found, relay, () => makeSealed(2))).toEqual(expected)
})

interface SharedApp {
  shouldConnect: boolean
  readonly status: string
  connect(): Promise<unknown>
  disconnect(): void
  destroy(): void
}

/** Two documents on one connection, which is made, lost and found, left and made again. */
const sharedApp = async (
  socket: SharedApp,
  providers: readonly [App, App],
  told: Readonly<Record<'socket' | 'a' | 'b', string[]>>,
  { cut }: Place,
): Promise<readonly unknown[]> => {
  const scenes: unknown[] = []
  const scene = (name: string): void => {
    const { shouldConnect, status } = socket
    const lines = Object.values(told).map(unique)
    scenes.push({ name, told: lines, shown: [shouldConnect, status, ...providers.map(shownBy)] })
    for (const each of Object.values(told)) each.length = 0
  }
  const [a, b] = providers
  const isAllReady = (): boolean => providers.every(isReady)
  const isAllClosed = (): boolean =>
    Object.values(told).every((lines) => lines.some((line) => line.startsWith('close')))
  a.attach()
  b.attach()
  scene('attached')
  await socket.connect()
  await until(isAllReady)
  scene('connected')
  cut(1012)
  await until(isAllClosed)
  scene('lost')
  await until(isAllReady)
  scene('found again')
  socket.disconnect()
  socket.shouldConnect = true
  await until(isAllClosed)
  await until(isAllReady)
  scene('disconnected and, in the same moment, told to connect')
  socket.disconnect()
  await until(isAllClosed)
  scene('disconnected')
  await socket.connect()
  await until(isAllReady)
  scene('connected again')
  a.destroy()
  // Ours is off the connection for this document, and says so besides.
  scenes.push(told.a.includes('destroy'), [...told.b], [...told.socket], shownBy(b))
  socket.destroy()
  scenes.push(told.b.includes('destroy'), told.socket.includes('destroy'))
  return scenes
}

test('two documents on one connection hear the same of both', { timeout: 20_000 }, async () => {
  const plain = await plainPlace(hocuspocusServer())
  const relay = await relayPlace()
  const known = { socket: [], a: [], b: [] }
  const found = { socket: [], a: [], b: [] }
  const plainSocket = new PlainWebsocket({ url: plain.url, autoConnect: false })
  const makePlain = (name: 'a' | 'b'): PlainHocuspocus => {
    const provider = new PlainHocuspocus({ websocketProvider: plainSocket, name })
    for (const event of CONNECTION_EVENTS) provider.on(event, teller(known[name], event))
    return provider
  }
  const { WebSocketPolyfill, secret } = relay.sealed
  const sealedSocket = new HocuspocusProviderWebsocket({
    ...{ url: relay.url, autoConnect: false },
    WebSocketPolyfill,
  })
  const makeSealed = (name: 'a' | 'b'): HocuspocusProvider => {
    const provider = new HocuspocusProvider({ websocketProvider: sealedSocket, name, secret })
    for (const event of CONNECTION_EVENTS) provider.on(event, teller(found[name], event))
    return provider
  }
  for (const event of SOCKET_EVENTS) plainSocket.on(event, socketTeller(known.socket, event))
  for (const event of SOCKET_EVENTS) sealedSocket.on(event, socketTeller(found.socket, event))
  const expected = await sharedApp(plainSocket, [makePlain('a'), makePlain('b')], known, plain)
  const told = await sharedApp(sealedSocket, [makeSealed('a'), makeSealed('b')], found, relay)
  expect(told).toEqual(expected)
})

/** Tries twice at a closed door. */
const refusedApp = async (socket: SharedApp, told: string[]): Promise<readonly unknown[]> => {
  await socket.connect()
  await until(() => told.some((line) => line.startsWith('maxAttemptsFailed')))
  // Which error it is, each says in its own words.
  const lines = told.map((line) => (line.startsWith('max') ? 'maxAttemptsFailed' : line))
  socket.destroy()
  return [lines, socket.status]
}

test('attempts that are used up are told alike', async () => {
  const plain = await plainPlace(hocuspocusServer())
  const relay = await relayPlace()
  plain.shut()
  relay.shut()
  const options = { autoConnect: false, maxAttempts: 2, delay: 10, minDelay: 10 }
  const [known, found]: [string[], string[]] = [[], []]
  const plainSocket = new PlainWebsocket({ url: plain.url, ...options })
  for (const event of SOCKET_EVENTS) plainSocket.on(event, socketTeller(known, event))
  const { WebSocketPolyfill } = relay.sealed
  const sealed = new HocuspocusProviderWebsocket({ url: relay.url, WebSocketPolyfill, ...options })
  for (const event of SOCKET_EVENTS) sealed.on(event, socketTeller(found, event))
  const expected = await refusedApp(plainSocket, known)
  expect(await refusedApp(sealed, found)).toEqual(expected)
})

test('a token that cannot be had is told alike', async () => {
  const plain = await plainPlace(hocuspocusServer())
  const relay = await relayPlace()
  const reasons: string[] = []
  const options = {
    name: 'room',
    token: () => Promise.reject(new Error('signed out')),
    onAuthenticationFailed: ({ reason }: { reason: string }) => void reasons.push(reason),
  }
  for (const open of [
    () => new PlainHocuspocus({ url: plain.url, ...options }),
    () => new HocuspocusProvider({ url: relay.url, ...options, ...relay.sealed }),
  ]) {
    const provider = open()
    atEnd(() => provider.destroy())
    await until(() => reasons.length > 0)
    expect([provider.isAuthenticated, reasons.splice(0)[0]]).toEqual([
      false,
      expect.stringMatching(/Failed to get token.*: Error: signed out$/),
    ])
  }
})
