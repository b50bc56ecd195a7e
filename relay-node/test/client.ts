/** A client for tests: an in-memory peer that keeps what it was sent, and can be made to lag. */
import {
  cryptoReady,
  decodeToClient,
  encodeToRelay,
  type Item,
  randomBytes,
  type ToClient,
  type ToRelay,
  toHex,
  type Update,
  updateItems,
  verify,
} from 'sealsync/protocol'
import { type Connection, createRelay, type Peer, type Relay } from '../src/relay.ts'
import type { RelayLimits } from '../src/relay-limits.ts'
import { createMemoryStore } from '../src/store/memory.ts'
import type { Store } from '../src/store/store.ts'
import type { Author } from '../src/testing/author.ts'

await cryptoReady

type Deliver = ToClient & { type: 'deliver' }
type Opened = ToClient & { type: 'opened' }

export interface Client {
  readonly connection: Pick<Connection, 'receive' | 'disconnect' | 'drained'>
  readonly frames: ToClient[]
  readonly raw: Uint8Array[]
  closed: { readonly code: number; readonly reason: string } | undefined
  buffered: number
  isPaused: boolean
  send(frame: ToRelay): void
  hello(): Promise<ToClient & { type: 'hello' }>
  /** Says hello if need be, opens, and gives what came until it is quiet. */
  open(author: Author, options?: Partial<ToRelay & { type: 'open' }>): Promise<Opened>
  push(...items: (Item | Update)[]): void
  /** Forgets the frames so far. */
  clear(): void
  delivers(): Deliver[]
  items(): Item[]
  of<T extends ToClient['type']>(type: T): (ToClient & { type: T })[]
}

export interface Setup {
  readonly relay: Relay
  readonly store: Store
  readonly client: () => Client
  /** Milliseconds that have passed. */
  now: number
}

export const setUp = (
  options: { readonly store?: Store; readonly limits?: Partial<RelayLimits> } = {},
): Setup => {
  const store = options.store ?? createMemoryStore()
  const setup = { now: 1_000_000 }
  const relay = createRelay({
    store,
    verify,
    now: () => setup.now,
    random: randomBytes,
    defer: queueMicrotask,
    limits: options.limits ?? {},
    log: (event) => {
      if (event.type === 'store-failed') failures.push(event.error)
    },
  })
  return Object.assign(setup, { relay, store, client: () => createClient(relay) })
}

/** What stores have complained about, for tests that expect it. */
export const failures: unknown[] = []

/** What a client needs of a relay, real or model. */
export interface Dialled {
  connect(peer: Peer): Client['connection']
  idle(): Promise<void>
}

export const createClient = (relay: Dialled): Client => {
  const channels = new Map<number, Uint8Array>()
  let greeting: (ToClient & { type: 'hello' }) | undefined
  let channel = 0
  const client: Client = {
    connection: relay.connect({
      send: (bytes) => {
        const frame = decodeToClient(bytes, (number) => channels.get(number))
        if (!frame.ok) throw new Error(`the relay sent a broken frame: ${frame.error}`)
        if (frame.value.type === 'opened') {
          channels.set(frame.value.channel, frame.value.docId)
          channel = frame.value.channel
        }
        if (frame.value.type === 'hello') greeting = frame.value
        client.frames.push(frame.value)
        client.raw.push(bytes)
      },
      buffered: () => client.buffered,
      close: (code, reason) => {
        client.closed = { code, reason }
      },
      pause: () => {
        client.isPaused = true
      },
      resume: () => {
        client.isPaused = false
      },
    }),
    frames: [],
    raw: [],
    closed: undefined,
    buffered: 0,
    isPaused: false,
    send: (frame) => client.connection.receive(encodeToRelay(frame)),
    hello: async () => {
      if (greeting === undefined) client.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
      await relay.idle()
      if (greeting === undefined) throw new Error('no hello from the relay')
      return greeting
    },
    open: async (author, options) => {
      client.send(author.opening(await client.hello(), options))
      await relay.idle()
      const opened = client.of('opened').at(-1)
      if (opened === undefined) throw new Error(`not opened: ${JSON.stringify(client.frames.at(-1))}`)
      return opened
    },
    push: (...items) => {
      const asItems = items.flatMap((item) => (item.type === 'update' ? updateItems([item]) : [item]))
      client.send({ type: 'push', channel, items: asItems })
    },
    clear: () => {
      client.frames.length = 0
      client.raw.length = 0
    },
    delivers: () => client.of('deliver'),
    items: () => client.delivers().flatMap(({ items }) => items),
    of: <T extends ToClient['type']>(type: T) =>
      client.frames.filter((frame): frame is ToClient & { type: T } => frame.type === type),
  }
  return client
}

/** Items in short, for comparing: `ack 3f…`, `update 3f…`, `refused gap 3f…`. */
export const brief = (items: readonly Item[]): string[] => items.flatMap(briefOf)

const briefOf = (item: Item): string[] => {
  switch (item.type) {
    case 'certificate':
      return [`certificate ${short(item.certificate.session)}`]
    case 'updates':
      return item.updates.map((update) => `update ${short(update.id)}`)
    case 'snapshot':
      return [`snapshot ${short(item.snapshot.id)}`]
    case 'record':
      return [`record ${short(item.record.id)}`]
    case 'ack':
      return [`ack ${short(item.id)}`]
    case 'refused':
      return [`refused ${item.code} ${short(item.id)}`]
    case 'chunk':
      return [`chunk ${short(item.chunk.id)}`]
  }
}

export const short = (bytes: Uint8Array): string => toHex(bytes).slice(0, 8)
