/** One app, once with the provider that it knows and once with ours: what it is told must be the same. */
import { HocuspocusProvider as PlainHocuspocus } from '@hocuspocus/provider'
import { afterEach, expect, test } from 'vitest'
import { WebsocketProvider as PlainWebsocket } from 'y-websocket'
import * as Y from 'yjs'
import {
  hocuspocusServer,
  type PlainServer,
  yWebsocketServer,
} from '../../../relay-node/test/compat/plain-servers.ts'
import { createHouse } from '../../../relay-node/test/house/house.ts'
import { HocuspocusProvider } from '../../src/compat/hocuspocus.ts'
import { WebsocketProvider } from '../../src/compat/y-websocket.ts'
import { generateSecret } from '../../src/keys/secret.ts'

const secret = generateSecret()
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

const until = async (condition: () => boolean): Promise<void> => {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** An address, a way to end its connections, and what it takes to get a sealed provider there. */
interface Place {
  readonly url: string
  cut(code: number): void
  readonly sealed: { readonly secret: string; readonly WebSocketPolyfill: new (url: string) => object }
}

const relayPlace = async (): Promise<Place> => {
  const { cut, WebSocketPolyfill } = await createHouse()
  return { url: 'ws://relay.test', cut, sealed: { secret, WebSocketPolyfill } }
}

const plainPlace = async (server: Promise<PlainServer>): Promise<PlainServer> => {
  const place = await server
  ends.push(place.close)
  return place
}

const shapeOf = (value: unknown): unknown => {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value
  if ('code' in value) return { code: value.code }
  if (value instanceof Event) return 'an event'
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}

interface WebsocketApp {
  readonly url: string
  readonly roomname: string
  readonly wsconnected: boolean
  readonly wsconnecting: boolean
  readonly bcconnected: boolean
  readonly ws: unknown
  shouldConnect: boolean
  synced: boolean
  connect(): void
  disconnect(): void
  destroy(): void
}

/** Connects, leaves, comes back twice as in StrictMode, is thrown out for good, and comes back. */
const websocketApp = async (
  provider: WebsocketApp,
  listen: (tell: (name: string, ...args: unknown[]) => void) => void,
  cut: (code: number) => void,
): Promise<readonly unknown[]> => {
  let told: unknown[] = []
  const scenes: unknown[] = []
  listen((name, ...args) =>
    told.push([name, ...args.map((arg) => (arg === provider ? 'the provider' : shapeOf(arg)))]),
  )
  const scene = (name: string, isOrdered = true): void => {
    const { wsconnected, wsconnecting, bcconnected, shouldConnect, synced, roomname } = provider
    const lines = told.map((line) => JSON.stringify(line))
    scenes.push({
      name,
      told: isOrdered ? lines : lines.sort(),
      shown: { wsconnected, wsconnecting, bcconnected, shouldConnect, synced, roomname },
    })
    told = []
  }
  scene('made')
  provider.disconnect()
  scene('disconnected before it was connected')
  provider.connect()
  await until(() => provider.synced)
  scene('connected')
  // Here listeners see what is so already; y-websocket tells of the close before it changes anything.
  provider.disconnect()
  scene('disconnected', false)
  provider.connect()
  provider.disconnect()
  told = []
  provider.connect()
  await until(() => provider.synced)
  told = []
  cut(4401)
  await until(() => !provider.wsconnected && !provider.shouldConnect)
  scene('thrown out', false)
  provider.connect()
  await until(() => provider.synced)
  scene('let in again')
  cut(1012)
  await until(() => !provider.wsconnected)
  scene('lost', false)
  await until(() => provider.synced)
  scene('found again')
  provider.destroy()
  scene('destroyed', false)
  return scenes
}

test('the same app hears the same of y-websocket and of its sealed look-alike', async () => {
  const plain = await plainPlace(yWebsocketServer())
  const relay = await relayPlace()
  const known = new PlainWebsocket(plain.url, 'room', new Y.Doc(), { connect: false, disableBc: true })
  const sealed = new WebsocketProvider(relay.url, 'room', new Y.Doc(), {
    connect: false,
    disableBc: true,
    ...relay.sealed,
  })
  ends.push(() => known.awareness.destroy())
  const names = ['status', 'sync', 'connection-close', 'closed'] as const
  const expected = await websocketApp(
    known,
    (tell) => {
      for (const name of names) known.on(name, (...args: readonly unknown[]) => tell(name, ...args))
    },
    plain.cut,
  )
  const found = await websocketApp(
    sealed,
    (tell) => {
      for (const name of names) sealed.on(name, (...args: readonly unknown[]) => tell(name, ...args))
    },
    relay.cut,
  )
  expect(found).toEqual(expected)
})

interface HocuspocusApp {
  readonly isAuthenticated: boolean
  readonly isSynced: boolean
  readonly synced: boolean
  readonly authorizedScope: unknown
  readonly hasUnsyncedChanges: boolean
  readonly isAttached: boolean
  readonly document: Y.Doc
  disconnect(): void
  connect(): unknown
  destroy(): void
}

/** All that both tell, each once: Hocuspocus says 'connected' twice. */
const hocuspocusApp = async (
  provider: HocuspocusApp,
  told: string[],
  cut: (code: number) => void,
): Promise<readonly unknown[]> => {
  const scenes: unknown[] = []
  const scene = (name: string): void => {
    const { isAuthenticated, isSynced, synced, authorizedScope, hasUnsyncedChanges, isAttached } = provider
    const lines = told.filter((line, position) => told.indexOf(line) === position)
    scenes.push({
      name,
      told: lines,
      shown: { isAuthenticated, isSynced, synced, authorizedScope, hasUnsyncedChanges, isAttached },
    })
    told.length = 0
  }
  await until(() => provider.synced && !provider.hasUnsyncedChanges)
  scene('made')
  provider.document.getText('text').insert(0, 'words')
  expect(provider.hasUnsyncedChanges).toBe(true)
  await until(() => !provider.hasUnsyncedChanges)
  scene('edited')
  provider.disconnect()
  await until(() => told.some((line) => line.startsWith('close')))
  scene('disconnected')
  void provider.connect()
  await until(() => provider.synced && !provider.hasUnsyncedChanges)
  scene('connected')
  cut(1012)
  await until(() => told.some((line) => line.startsWith('close')))
  scene('lost')
  await until(() => provider.synced && !provider.hasUnsyncedChanges)
  scene('found again')
  provider.destroy()
  expect(told).toContain('destroy')
  return scenes
}

const HOCUSPOCUS_EVENTS = [
  ...(['status', 'open', 'connect', 'authenticated', 'synced', 'disconnect', 'close', 'destroy'] as const),
]

const teller =
  (told: string[], name: string) =>
  (...args: readonly unknown[]) => {
    // Without a code from the app, a WebSocket says 1005, and ours 1000.
    const shown = JSON.stringify(shapeOf(args[0]))?.replace('1005', '1000')
    told.push(shown === undefined ? name : `${name} ${shown}`)
  }

test('the same app hears the same of Hocuspocus and of its sealed look-alike', {
  timeout: 20_000,
}, async () => {
  const plain = await plainPlace(hocuspocusServer())
  const relay = await relayPlace()
  const [known, found]: [string[], string[]] = [[], []]
  const plainProvider = new PlainHocuspocus({ url: plain.url, name: 'room' })
  for (const name of HOCUSPOCUS_EVENTS) plainProvider.on(name, teller(known, name))
  const sealed = new HocuspocusProvider({ url: relay.url, name: 'room', ...relay.sealed })
  for (const name of HOCUSPOCUS_EVENTS) sealed.on(name, teller(found, name))
  const expected = await hocuspocusApp(plainProvider, known, plain.cut)
  expect(await hocuspocusApp(sealed, found, relay.cut)).toEqual(expected)
})
