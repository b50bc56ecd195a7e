/** One app, once with y-websocket and once with its sealed look-alike: what it is told must be the same. */
import { expect, test } from 'vitest'
import type { Awareness } from 'y-protocols/awareness'
import { WebsocketProvider as PlainWebsocket } from 'y-websocket'
import * as Y from 'yjs'
import { yWebsocketServer } from '../../../relay-node/test/compat/plain-servers.ts'
import { WebsocketProvider } from '../../src/compat/y-websocket.ts'
import { atEnd, type Place, plainPlace, relayPlace, shapeOf, until } from './places.ts'

interface WebsocketApp {
  readonly url: string
  readonly roomname: string
  readonly wsconnected: boolean
  readonly wsconnecting: boolean
  readonly bcconnected: boolean
  readonly ws: unknown
  readonly awareness: Awareness
  shouldConnect: boolean
  synced: boolean
  connect(): void
  disconnect(): void
  destroy(): void
}

type Tell = (name: string, ...args: unknown[]) => void

/** Connects, leaves, comes back twice as in StrictMode, meets a peer, is thrown out for good, and finds a closed door. */
const websocketApp = async (
  provider: WebsocketApp,
  listen: (tell: Tell) => void,
  { cut, shut }: Place,
  makePeer: () => WebsocketApp,
): Promise<readonly unknown[]> => {
  let told: unknown[] = []
  const scenes: unknown[] = []
  const tell: Tell = (name, ...args) =>
    told.push([name, ...args.map((arg) => (arg === provider ? 'the provider' : shapeOf(arg)))])
  listen(tell)
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
  provider.shouldConnect = true
  scene('told to connect, but not yet')
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

  const { awareness } = provider
  const onChange = (changes: unknown): void => tell('change', changes)
  const onUpdate = (changes: unknown): void => tell('update', changes)
  awareness.on('change', onChange)
  awareness.on('update', onUpdate)
  awareness.setLocalStateField('user', 'Ada')
  scene('shown')
  const peer = makePeer()
  peer.awareness.setLocalStateField('user', 'Bob')
  await until(() => [...awareness.getStates().values()].some(({ user }) => user === 'Bob'))
  scene('met')
  peer.destroy()
  await until(() => awareness.getStates().size === 1)
  scene('alone again')

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
  provider.shouldConnect = false
  scene('told not to connect again')
  provider.shouldConnect = true
  shut()
  await until(() => !provider.wsconnected)
  told = []
  await until(() => told.some((line) => Array.isArray(line) && line[0] === 'connection-close'))
  // Not the same: how often it is tried, what is told first, and that 'disconnected' is told of an attempt.
  const failures = new Set(
    told.map((line) => JSON.stringify(line)).filter((line) => !line.includes('status')),
  )
  scenes.push({ name: 'refused', failures: [...failures].sort() })
  provider.disconnect()
  told = []
  // Ours ends the Awareness that it has made.
  awareness.off('change', onChange)
  awareness.off('update', onUpdate)
  provider.destroy()
  scene('destroyed', false)
  return scenes
}

const docOf = (clientId: number): Y.Doc => {
  const doc = new Y.Doc()
  doc.clientID = clientId
  return doc
}

const NAMES = ['status', 'sync', 'connection-close', 'connection-error', 'closed'] as const

test('the same app hears the same of y-websocket and of its sealed look-alike', {
  timeout: 20_000,
}, async () => {
  const plain = await plainPlace(yWebsocketServer())
  const relay = await relayPlace()
  const makePlain = (clientId: number, connect: boolean): PlainWebsocket => {
    const provider = new PlainWebsocket(plain.url, 'room', docOf(clientId), { connect, disableBc: true })
    atEnd(() => provider.awareness.destroy())
    return provider
  }
  const makeSealed = (clientId: number, connect: boolean): WebsocketProvider => {
    const provider = new WebsocketProvider(relay.url, 'room', docOf(clientId), {
      ...{ connect, disableBc: true },
      ...relay.sealed,
    })
    atEnd(() => provider.destroy())
    return provider
  }
  const known = makePlain(1, false)
  const sealed = makeSealed(1, false)
  const expected = await websocketApp(
    known,
    (tell) => {
      for (const name of NAMES) known.on(name, (...args: readonly unknown[]) => tell(name, ...args))
      // Told, but not declared.
      Reflect.apply(known.on, known, ['synced', (isSynced: boolean) => tell('synced', isSynced)])
    },
    plain,
    () => makePlain(2, true),
  )
  const found = await websocketApp(
    sealed,
    (tell) => {
      for (const name of NAMES) sealed.on(name, (...args: readonly unknown[]) => tell(name, ...args))
      sealed.on('synced', (isSynced) => tell('synced', isSynced))
    },
    relay,
    () => makeSealed(2, true),
  )
  expect(found).toEqual(expected)
})
