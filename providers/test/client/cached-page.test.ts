/** A page in the back/forward cache, and a relay that ended the connection for good before. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHouse, type House } from '../../../relay-node/test/house/house.ts'
import { type Client, createClient } from '../../src/index.ts'

let house: House
let client: Client
const page = new EventTarget()
const tell = (name: string): unknown =>
  page.dispatchEvent(Object.assign(new Event(name), { persisted: true }))
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

beforeEach(async () => {
  vi.useFakeTimers()
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  house = await createHouse()
  client = createClient({ relay: 'ws://relay.test', WebSocketPolyfill: house.WebSocketPolyfill })
  client.connect()
  await pass(100)
  house.cut(4401)
  await pass(100)
  tell('pagehide')
})
afterEach(() => {
  client.close()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('a page that comes back does not ask a relay that has said no for good', async () => {
  tell('pageshow')
  await pass(60_000)
  expect([client.status, house.urls.length]).toEqual(['disconnected', 1])
})

test('one that was told to connect while it was cached does', async () => {
  client.connect()
  await pass(60_000)
  expect(house.urls).toHaveLength(1)
  tell('pageshow')
  await pass(1_000)
  expect([client.status, house.urls.length]).toEqual(['connected', 2])
})
