/** The counter through the front door, as a stranger would bind it: docs/own-crdt.md. */
import {
  type Client,
  createClient,
  generateSecret,
  memoryStorage,
  type Storage,
  type SyncDocument,
} from 'sealsync'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Counter, createCounter } from '../counter/counter.ts'
import { createHouse, type House } from './house.ts'

let house: House
let clients: Client[] = []
const secret = generateSecret()

beforeEach(async () => {
  vi.useFakeTimers()
  house = await createHouse()
})
afterEach(() => {
  for (const client of clients) client.close()
  clients = []
  vi.useRealTimers()
  vi.restoreAllMocks()
})

interface Opened {
  readonly client: Client
  readonly document: SyncDocument
  readonly counter: Counter
  add(amount: number): void
}

const open = (options: { readonly storage?: Storage; readonly connect?: boolean } = {}): Opened => {
  const { WebSocketPolyfill } = house
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill, ...options })
  clients.push(client)
  const counter = createCounter()
  const document = client.open({ secret, room: 'visitors' }, counter.replica)
  return { client, document, counter, add: (amount) => document.push(counter.add(amount)) }
}

/** Lets time pass, in steps, until it is so. */
const until = async (condition: () => boolean): Promise<void> => {
  for (let step = 0; step < 2000; step++) {
    if (condition()) return
    await vi.advanceTimersByTimeAsync(10)
  }
  throw new Error(`still not: ${condition}`)
}

const isSaved = ({ document }: Opened): boolean => document.status().sync === 'saved'

test('two clients count together, also what each counted offline', async () => {
  const [a, b] = [open(), open()]
  await until(() => isSaved(a) && isSaved(b))
  a.add(1)
  b.add(2)
  await until(() => a.counter.value() === 3 && b.counter.value() === 3)
  for (const { client } of [a, b]) client.disconnect()
  a.add(10)
  b.add(-3)
  expect([a.counter.value(), b.counter.value()]).toEqual([13, 0])
  expect(a.document.status()).toMatchObject({ sync: 'offline', pending: 1 })
  for (const { client } of [a, b]) client.connect()
  await until(() => a.counter.value() === 10 && b.counter.value() === 10)
  await until(() => isSaved(a) && isSaved(b))
})

test('a reload shows what was counted offline, counts on, and counts nothing twice', async () => {
  const storage = memoryStorage()
  const a = open({ storage })
  a.add(1)
  await until(() => isSaved(a))
  a.client.disconnect()
  a.add(2)
  a.client.close()

  const again = open({ storage, connect: false })
  await until(() => again.counter.value() === 3)
  expect(again.document.status().pending).toBe(1)
  again.add(4)
  again.client.connect()
  await until(() => isSaved(again))

  const b = open()
  await until(() => b.counter.value() === 7)
})

test('a relay that has lost everything is filled again by those who come back', async () => {
  // The shortest pause that chance may draw: they are back at once.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const [a, b] = [open(), open({ storage: memoryStorage() })]
  a.add(1)
  b.add(2)
  await until(() => a.counter.value() === 3 && b.counter.value() === 3 && isSaved(a) && isSaved(b))
  house.wipe()
  await until(() => house.urls.length === 4 && isSaved(a) && isSaved(b))
  for (const { client } of [a, b]) client.close()
  const c = open()
  await until(() => c.counter.value() === 3)
})

test('a client that comes late loads a snapshot and what came after it', async () => {
  const a = open()
  for (let i = 0; i < 20; i++) a.add(1)
  const taken = a.document.snapshot()
  await until(() => isSaved(a))
  expect(await taken).toBe(true)
  a.add(5)
  await until(() => isSaved(a))
  a.client.close()
  const b = open()
  await until(() => b.counter.value() === 25)
})

test('content that is no increment is reported, one of a newer version too, and the rest counts', async () => {
  const [a, b] = [open(), open()]
  const alarms: string[] = []
  b.document.on('alarm', ({ kind }) => alarms.push(kind))
  await until(() => isSaved(a) && isSaved(b))
  for (const [encoding, text] of [
    [64, 'a lot'],
    [65, '1 x'],
  ] as const) {
    a.document.push({ encoding, payload: new TextEncoder().encode(text) })
    a.document.flush()
  }
  a.add(1)
  await until(() => b.counter.value() === 1)
  expect(alarms).toEqual(['quarantined'])
  expect(b.document.status().upgradeNeeded).toBe(true)
})
