/** Who ended a connection, and whether another follows: of y-websocket's look-alike. */
import { afterEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { WebsocketProvider, type WebsocketProviderOptions } from '../../src/compat/y-websocket.ts'
import { encodeToClient, randomBytes } from '../../src/protocol/index.ts'
import { stubWindow } from './page-stub.ts'
import { createStage, RELAY, secret, until, write } from './stage.ts'

const stage = createStage()
afterEach(() => {
  vi.unstubAllGlobals()
})

const open = (options: WebsocketProviderOptions = {}): WebsocketProvider => {
  const { WebSocketPolyfill } = stage.house()
  return stage.keep(
    new WebsocketProvider(RELAY, 'room', new Y.Doc(), { secret, WebSocketPolyfill, ...options }),
  )
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

/** A provider whose app never wants another connection, and all that it is asked and told of ends. */
const openWary = async (
  options: WebsocketProviderOptions = {},
): Promise<{ readonly provider: WebsocketProvider; readonly told: readonly unknown[] }> => {
  const told: unknown[] = []
  const provider = open({
    shouldReconnect: ({ code }) => {
      told.push(`asked ${code}`)
      return false
    },
    ...options,
  })
  provider.on('connection-close', (event) => told.push(event === null ? 'ended here' : `ended ${event.code}`))
  provider.on('closed', ({ code }) => told.push(`closed ${code}`))
  await until(() => provider.synced)
  return { provider, told }
}

test('a page that was in the back/forward cache connects again, and shouldReconnect is not asked', async () => {
  const page = stubWindow()
  const { provider, told } = await openWary()
  page.leave()
  await pass(60_000)
  expect([told, provider.wsconnected, provider.shouldConnect]).toEqual([['ended here'], false, true])
  page.comeBack()
  await until(() => provider.synced)
})

/** A page that has left while the relay had said no for good. */
const refused = async () => {
  const page = stubWindow()
  const provider = open()
  await until(() => provider.synced)
  stage.house().cut(4401)
  await until(() => !provider.shouldConnect)
  page.leave()
  return { page, provider }
}

test('a relay that has said no for good is not asked again by a page that comes back', async () => {
  const { page, provider } = await refused()
  await pass(1_000)
  page.comeBack()
  await pass(60_000)
  expect([provider.status, provider.syncStatus, stage.house().urls.length]).toEqual([
    'disconnected',
    'blocked',
    1,
  ])
  provider.connect()
  await until(() => provider.synced)
})

test('one that the app connects while the page is cached is connected when it comes back', async () => {
  const { page, provider } = await refused()
  provider.connect()
  await pass(60_000)
  expect(stage.house().urls).toHaveLength(1)
  page.comeBack()
  await until(() => provider.synced)
})

test('a relay that falls silent is left and asked for again, and shouldReconnect is not asked', async () => {
  const { provider, told } = await openWary()
  stage.house().isFrozen = true
  await until(() => !provider.wsconnected)
  expect(told).toEqual(['ended here'])
  stage.house().isFrozen = false
  await until(() => provider.synced)
})

test('moving to another relay is no question for shouldReconnect', async () => {
  const { provider, told } = await openWary()
  provider.setUrl('ws://other.test')
  await until(() => stage.house().urls.length === 2 && provider.synced)
  expect(told).toEqual(['ended here'])
})

test('a relay that makes no sense is left, which is no question for shouldReconnect', async () => {
  const sockets: EventTarget[] = []
  class Socket extends stage.house().WebSocketPolyfill {
    constructor(url: string) {
      super(url)
      if (this instanceof EventTarget) sockets.push(this)
    }
  }
  const { provider, told } = await openWary({ WebSocketPolyfill: Socket })
  const data = new Uint8Array([255, 255, 255]).buffer
  sockets[0]?.dispatchEvent(Object.assign(new Event('message'), { data }))
  expect(told).toEqual(['ended here'])
  await until(() => provider.synced)
})

/** The socket of a relay that answers a greeting in a version that nobody has asked for. */
class NewerRelay extends EventTarget {
  binaryType = 'blob'
  readyState = 1
  constructor() {
    super()
    queueMicrotask(() => this.dispatchEvent(new Event('open')))
  }
  send(): void {
    const greeting = {
      type: 'hello',
      version: 99,
      relayKey: randomBytes(32),
      nonce: randomBytes(32),
    } as const
    const data = encodeToClient(greeting).slice().buffer
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event('message'), { data })))
  }
  close(): void {}
}

test('a relay that cannot be talked to is one that has said no', async () => {
  const told: unknown[] = []
  const provider = open({ WebSocketPolyfill: NewerRelay })
  provider.on('connection-close', (event) => told.push(event?.code))
  provider.on('closed', ({ code }) => told.push(`closed ${code}`))
  await until(() => told.length === 2)
  await pass(60_000)
  expect(told).toEqual([4406, 'closed 4406'])
  expect([provider.shouldConnect, provider.syncStatus]).toEqual([false, 'blocked'])
})

test('shouldConnect set to false in the pause after a failed attempt ends the attempts', async () => {
  stage.house().isUp = false
  const provider = open()
  await until(() => provider.status === 'disconnected' && stage.house().urls.length === 2)
  provider.shouldConnect = false
  stage.house().isUp = true
  await pass(120_000)
  expect([provider.status, provider.shouldConnect, stage.house().urls.length]).toEqual([
    'disconnected',
    false,
    2,
  ])
})

test('shouldConnect set to false while it connects leaves that attempt alone, and no other follows', async () => {
  const provider = open()
  provider.shouldConnect = false
  await until(() => provider.synced)
  stage.house().cut(1012)
  await pass(120_000)
  expect([provider.status, stage.house().urls.length]).toEqual(['disconnected', 1])
})

test('shouldConnect set to false ends the pause that shouldReconnect has asked for', async () => {
  const provider = open({ shouldReconnect: () => true })
  await until(() => provider.synced)
  stage.house().cut(4401)
  await until(() => !provider.wsconnected)
  provider.shouldConnect = false
  await pass(60_000)
  expect([provider.shouldConnect, provider.syncStatus, stage.house().urls.length]).toEqual([
    false,
    'blocked',
    1,
  ])
})

test('a connection that is the last one ends with the page, with a move and with silence', async () => {
  const page = stubWindow()
  const [cached, moved, silent] = [open(), open(), open()]
  const all = [cached, moved, silent]
  await until(() => all.every(({ synced }) => synced))
  for (const provider of all) provider.shouldConnect = false
  moved.setUrl('ws://other.test')
  expect(moved.status).toBe('disconnected')
  stage.house().isFrozen = true
  await until(() => silent.status === 'disconnected')
  stage.house().isFrozen = false
  page.leave()
  page.comeBack()
  await pass(120_000)
  expect(all.map(({ status }) => status)).toEqual(Array(3).fill('disconnected'))
  expect(stage.house().urls).toHaveLength(3)
})

test('shouldConnect set to true goes on where it was stopped', async () => {
  const provider = open()
  await until(() => provider.synced)
  const told: unknown[] = []
  provider.disconnect()
  provider.on('sync', (isSynced) => told.push(isSynced))
  provider.shouldConnect = true
  expect(provider.shouldConnect).toBe(true)
  await until(() => provider.synced)
  // With the connection still there, it is as if nothing had been said.
  provider.shouldConnect = false
  provider.shouldConnect = true
  await pass(1_000)
  expect(told).toEqual([true])
  stage.house().cut(1012)
  await until(() => stage.house().urls.length === 3 && provider.synced)
})

test('of a document that the relay closes alone, shouldConnect ends the pause, and goes on', async () => {
  let goesOn = true
  const provider = open({ create: false, shouldReconnect: () => goesOn, maxBackoffTime: 1_000 })
  let openings = 0
  provider.on('frame', ({ direction }) => {
    if (direction === 'sent') openings += 1
  })
  await until(() => provider.syncStatus === 'not-found')
  provider.shouldConnect = false
  await pass(60_000)
  expect([provider.wsconnected, openings]).toEqual([true, 1])
  goesOn = false
  provider.shouldConnect = true
  await until(() => openings === 2 && !provider.shouldConnect)
  const maker = open()
  write(maker, 'words')
  await until(() => !maker.hasUnsyncedChanges)
  provider.shouldConnect = true
  await until(() => provider.synced)
  expect(provider.shouldConnect).toBe(true)
})

test('shouldConnect set to true connects nothing that was never connected, nor what is destroyed', async () => {
  const provider = open({ connect: false })
  expect(provider.shouldConnect).toBe(false)
  provider.disconnect()
  provider.shouldConnect = true
  await pass(60_000)
  expect([provider.shouldConnect, stage.house().urls]).toEqual([true, []])
  provider.connect()
  await until(() => provider.synced)
  provider.destroy()
  expect(provider.shouldConnect).toBe(false)
  provider.shouldConnect = true
  await pass(60_000)
  expect(stage.house().urls).toHaveLength(1)
})
