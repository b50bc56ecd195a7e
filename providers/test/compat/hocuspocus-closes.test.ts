/** Who ended a connection, and whether another follows: of Hocuspocus' look-alikes. */
import { expect, test, vi } from 'vitest'
import {
  HocuspocusProvider,
  HocuspocusProviderWebsocket,
  type HocuspocusProviderWebsocketConfiguration,
} from '../../src/compat/hocuspocus.ts'
import { createStage, RELAY, secret, until } from './stage.ts'

const stage = createStage()

const openSocket = (
  options: Partial<HocuspocusProviderWebsocketConfiguration> = {},
): HocuspocusProviderWebsocket => {
  const { WebSocketPolyfill } = stage.house()
  return stage.keep(new HocuspocusProviderWebsocket({ url: RELAY, WebSocketPolyfill, ...options }))
}

const join = (
  websocketProvider: HocuspocusProviderWebsocket,
  name: string,
  onAuthenticationFailed: () => void = () => undefined,
): HocuspocusProvider => {
  const provider = new HocuspocusProvider({ name, secret, websocketProvider, onAuthenticationFailed })
  provider.attach()
  return stage.keep(provider)
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)
const attempts = (): number => stage.house().urls.length

/** Whether a promise has resolved by the time that it is asked. */
const watch = (promise: Promise<void>): (() => boolean) => {
  let isDone = false
  void promise.then(() => {
    isDone = true
  })
  return () => isDone
}

test.each([4401, 4403])('a relay that says %i fails the authentication, and ends it', async (code) => {
  const reasons: string[] = []
  const { WebSocketPolyfill } = stage.house()
  const provider = stage.keep(
    new HocuspocusProvider({
      ...{ url: RELAY, name: 'room', secret, WebSocketPolyfill },
      onAuthenticationFailed: ({ reason }) => reasons.push(reason),
    }),
  )
  await until(() => provider.isAuthenticated)
  stage.house().cut(code)
  await until(() => reasons.length > 0)
  await pass(120_000)
  expect([reasons.length, provider.isAuthenticated, provider.synced, attempts()]).toEqual([
    ...[1, false, false],
    1,
  ])
  provider.connect()
  await until(() => provider.isAuthenticated)
})

test.each([4400, 4404])('a relay that says %i ends it, without a word of authentication', async (code) => {
  const failed = vi.fn()
  const socket = openSocket()
  const provider = join(socket, 'a', failed)
  await until(() => provider.synced)
  stage.house().cut(code)
  await pass(120_000)
  expect([failed.mock.calls, socket.status, attempts()]).toEqual([[], 'disconnected', 1])
})

test.each([4401, 4403])(
  '%i on a shared connection ends it for all documents, until somebody connects',
  async (code) => {
    const failed: string[] = []
    const socket = openSocket()
    const providers = ['a', 'b'].map((name) => join(socket, name, () => failed.push(name)))
    await until(() => providers.every(({ synced }) => synced))
    stage.house().cut(code)
    await until(() => failed.length > 0)
    await pass(120_000)
    expect([failed, socket.status, attempts()]).toEqual([['a', 'b'], 'disconnected', 1])
    expect(providers.map(({ syncStatus }) => syncStatus)).toEqual(['blocked', 'blocked'])
    void socket.connect()
    await until(() => providers.every(({ isAuthenticated, synced }) => isAuthenticated && synced))
  },
)

test('shouldConnect set to false in the pause after a failed attempt ends the attempts, and connect resolves', async () => {
  stage.house().isUp = false
  const socket = openSocket({ autoConnect: false })
  const isDone = watch(socket.connect())
  await until(() => socket.status === 'disconnected' && attempts() === 2)
  expect(isDone()).toBe(false)
  socket.shouldConnect = false
  stage.house().isUp = true
  await pass(120_000)
  expect([isDone(), socket.status, socket.shouldConnect, attempts()]).toEqual([
    ...[true, 'disconnected', false],
    2,
  ])
})

test('shouldConnect set to false while it connects leaves that attempt alone, and no other follows', async () => {
  const socket = openSocket()
  socket.shouldConnect = false
  await until(() => socket.status === 'connected')
  stage.house().cut(1012)
  await pass(120_000)
  expect([socket.status, attempts()]).toEqual(['disconnected', 1])
})

test('why a shared connection was ended remains to be seen', async () => {
  const socket = openSocket()
  const provider = join(socket, 'a')
  await until(() => provider.synced)
  stage.house().cut(4401)
  await until(() => socket.status === 'disconnected')
  socket.shouldConnect = false
  expect(provider.syncStatus).toBe('blocked')
})

test('shouldConnect set to true goes on where it was stopped, and nowhere else', async () => {
  const socket = openSocket({ autoConnect: false })
  socket.shouldConnect = true
  await pass(60_000)
  expect([socket.shouldConnect, attempts()]).toEqual([true, 0])
  void socket.connect()
  await until(() => socket.status === 'connected')
  socket.disconnect()
  expect([socket.shouldConnect, socket.status]).toEqual([false, 'disconnected'])
  socket.shouldConnect = true
  await until(() => socket.status === 'connected')
  expect([socket.shouldConnect, attempts()]).toEqual([true, 2])
  socket.shouldConnect = false
  stage.house().cut(1012)
  await pass(60_000)
  expect([socket.status, attempts()]).toEqual(['disconnected', 2])
  socket.shouldConnect = true
  await until(() => socket.status === 'connected')
})

test('a connection that is the last one does not move', async () => {
  const socket = openSocket()
  await until(() => socket.status === 'connected')
  socket.shouldConnect = false
  socket.setConfiguration({ url: 'ws://other.test' })
  await pass(60_000)
  expect([socket.status, attempts()]).toEqual(['disconnected', 1])
})

test.each(['disconnect', 'destroy'] as const)('connect resolves with %s', async (method) => {
  stage.house().isUp = false
  const socket = openSocket({ autoConnect: false })
  const isDone = watch(socket.connect())
  await until(() => attempts() === 2)
  expect(isDone()).toBe(false)
  socket[method]()
  await pass(0)
  expect(isDone()).toBe(true)
})

test('a connection that is destroyed stays so', async () => {
  const socket = openSocket()
  await until(() => socket.status === 'connected')
  socket.destroy()
  const isDone = watch(socket.connect())
  socket.shouldConnect = true
  await pass(60_000)
  expect([isDone(), socket.status, attempts()]).toEqual([true, 'disconnected', 1])
})

test('connect resolves when the relay says no for good', async () => {
  // It is connected, and not greeted.
  stage.house().isFrozen = true
  const socket = openSocket({ autoConnect: false })
  const isDone = watch(socket.connect())
  await until(() => stage.house().open() === 1)
  expect(isDone()).toBe(false)
  stage.house().cut(4401)
  await pass(0)
  expect([isDone(), socket.status]).toEqual([true, 'disconnected'])
})

test('connect resolves when the attempts are used up', async () => {
  stage.house().isUp = false
  const socket = openSocket({ autoConnect: false, maxAttempts: 2 })
  const isDone = watch(socket.connect())
  await pass(120_000)
  expect([isDone(), attempts()]).toEqual([true, 2])
})
