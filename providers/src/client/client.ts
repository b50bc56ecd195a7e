/**
 * A client: one connection to one relay, and the documents that share it. It knows no CRDT; a binding gives each
 * document a `Replica`.
 */
import { toHex } from '../bytes.ts'
import { type Identity, seedOf } from '../keys/identity.ts'
import { CLOSE, isPermanent } from '../protocol/close.ts'
import { unreachable } from '../result.ts'
import type { SnapshotPolicy } from '../sync/effects.ts'
import { createLink, type LinkEffect, type LinkInput } from '../sync/link.ts'
import type { Carrier, Member } from './carrier.ts'
import { type ConnectedDocument, createDocument } from './document.ts'
import { createEmitter } from './emitter.ts'
import { createLoop } from './loop.ts'
import { checkOptions, checkRoom, checkToken, checkUrl } from './options.ts'
import { createPageWatch } from './page.ts'
import type { Replica } from './replica.ts'
import { readSecret, type Secret } from './secret.ts'
import { createSocket, type Ending, requireWebSocket, type WebSocketConstructor } from './socket.ts'
import { start } from './startup.ts'
import type { Storage } from './storage.ts'
import type { ConnectionStatus, DocumentEvents, SyncDocument } from './sync-document.ts'

export interface ClientOptions {
  /** Address of the relay, `wss://…` (or `ws://…`). */
  readonly relay: string
  /** Where documents are kept between runs; nowhere without it. */
  readonly storage?: Storage
  /** The device key of an app that has its own; without it each document gets a fresh one. */
  readonly identity?: Identity
  /** What the relay's operator asks for, if anything; a function is called at each attempt. */
  readonly token?: string | (() => string | Promise<string>)
  /** Added to the relay's address; a function is called at each attempt. */
  readonly params?: Params | (() => Params | Promise<Params>)
  /** For places without a global WebSocket. */
  readonly WebSocketPolyfill?: WebSocketConstructor
  /** Whether opening a document connects. Default: true. */
  readonly connect?: boolean
}

type Params = Readonly<Record<string, string>>

export interface Where {
  readonly secret: Secret
  /** The app's name for the document; never sent. */
  readonly room: string
  /** Make the document on the relay if it is not there; otherwise it is `not-found`. Default: true. */
  readonly create?: boolean
  /** How long edits gather while an earlier one waits for its acknowledgement, ms. Default: 50. */
  readonly flushMs?: number
  /**
   * When to make snapshots. Default: after 200 updates or 256 KiB, within 5 s. `false`: only when the app asks for one, or
   * the relay needs one. `'never'`: not even then.
   */
  readonly snapshot?: Partial<SnapshotPolicy> | false | 'never'
  /**
   * Tell others within a second what has arrived here, and hear it from them: `receipts()` shows who has what. Default:
   * false; then it is said at most every 15 s, and only to notice a relay that lies.
   */
  readonly receipts?: boolean
  /** Deflate content before sealing it, when that pays. Default: true. */
  readonly compress?: boolean
  /** Pad sizes (Padmé), so that they tell less. Default: false. */
  readonly pad?: boolean
}

export interface ClientEvents {
  readonly status: ConnectionStatus
  /**
   * An attempt failed, or a connection ended. `final`: until `connect()` or `setUrl()` no other follows. `isLocal`: this
   * side ended it, because it was told to, because the page went, or because the relay was silent or made no sense.
   */
  readonly 'connection-close': Ending
  /** Token, parameters or socket failed; it tries again. */
  readonly 'connection-error': Error
}

export interface Client {
  /** Opens a document and, unless told otherwise, connects. Throws a `TypeError` for wrong options. */
  open(where: Where, replica: Replica): SyncDocument
  /** Starts connecting, also after `disconnect` and after the relay ended the connection for good. Idempotent. */
  connect(): void
  /** Ends the connection; documents go on offline. Idempotent. */
  disconnect(): void
  /** Moves to another relay address. */
  setUrl(url: string): void
  /** Closes all documents and stops everything. Idempotent. */
  close(): void
  /** Address of the relay. */
  readonly relay: string
  readonly status: ConnectionStatus
  /** Returns how to stop listening. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void
}

const CLIENT_OPTIONS = ['relay', 'storage', 'identity', 'token', 'params', 'WebSocketPolyfill', 'connect']
const WHERE_OPTIONS = ['secret', 'room', 'create', 'flushMs', 'snapshot', 'receipts', 'compress', 'pad']
const SNAPSHOT_OPTIONS = ['afterUpdates', 'afterBytes', 'idleMs']
const SNAPSHOTS: SnapshotPolicy = { afterUpdates: 200, afterBytes: 256 * 1024, idleMs: 5_000 }
const NORMAL = 1000

const current = async <T>(value: T | (() => T | Promise<T>)): Promise<T> =>
  value instanceof Function ? value() : value

export const createClient = (options: ClientOptions): Client => {
  checkOptions('createClient', options, CLIENT_OPTIONS)
  checkUrl('createClient', options.relay)
  const { storage, identity, token = '', params = {}, WebSocketPolyfill, connect: connects = true } = options
  // A copy of an identity has no key; better to hear that here than when the first document opens.
  if (identity !== undefined) seedOf(identity)
  const emitter = createEmitter<ClientEvents>(['status', 'connection-close', 'connection-error'])
  const documents = new Set<ConnectedDocument>()
  const members = new Map<string, Member>()
  let relay = options.relay
  let status: ConnectionStatus = 'disconnected'
  let ending: DocumentEvents['closed'] | undefined
  let isClosed = false
  /** The app wants a connection. */
  let isWanted = false

  const show = (next: ConnectionStatus, end?: DocumentEvents['closed']): void => {
    if (next === status && end === ending) return
    const isNews = next !== status
    status = next
    ending = end
    for (const document of documents) document.connectionChanged()
    if (isNews) emitter.emit('status', next)
  }

  const socket = createSocket({
    address: async () => {
      const url = new URL(relay)
      for (const [name, value] of Object.entries(await current(params))) url.searchParams.set(name, value)
      return { url: url.href, token: checkToken(await current(token)) }
    },
    WebSocketPolyfill,
    dice: Math.random,
    onAttempt: () => show('connecting'),
    onOpen: (accessToken) => loop.feed({ type: 'opened', token: accessToken }),
    onMessage: (bytes) => loop.feed({ type: 'received', bytes }),
    onEnd: (end) => {
      const { code, reason, final } = end
      loop.feed({ type: 'closed' })
      show('disconnected', final && isPermanent(code) ? { code, reason } : undefined)
      emitter.emit('connection-close', end)
    },
    onError: (error) => emitter.emit('connection-error', error),
  })

  const perform = (effect: LinkEffect): void => {
    switch (effect.type) {
      case 'send':
        socket.send(effect.bytes)
        return
      case 'greeted':
        socket.settle()
        show('connected')
        return
      case 'route':
        members.get(effect.docId)?.feed(effect.input)
        return
      case 'trace':
        members.get(effect.docId)?.trace({ direction: effect.direction, bytes: effect.bytes })
        return
      case 'drop':
        socket.drop(effect.code, effect.reason)
        return
      default:
        unreachable(effect)
    }
  }

  const loop = createLoop<LinkInput, LinkEffect>({
    machine: createLink(),
    woke: { type: 'woke' },
    perform,
    settled: () => undefined,
  })

  const carrier: Carrier = {
    attach: (docId, member) => {
      const key = toHex(docId)
      if (members.has(key)) {
        const reason = 'this client has the same room open already: share that document'
        const frame = { type: 'closed', docId, code: CLOSE.forbidden, reason } as const
        member.feed({ type: 'received', frame })
        return false
      }
      members.set(key, member)
      loop.feed({ type: 'attach', docId })
      return true
    },
    detach: (docId) => {
      members.delete(toHex(docId))
      loop.feed({ type: 'detach', docId })
    },
    transmit: (docId, frame) => loop.feed({ type: 'transmit', docId, frame }),
    connection: () => status,
    ending: () => ending,
  }

  const page = createPageWatch({
    onReturn: (wasCached) => {
      if (wasCached) for (const document of documents) document.reclaim()
      if (wasCached && isWanted && ending === undefined) socket.open()
      socket.hurry()
      loop.feed({ type: 'probe' })
    },
    onDoubt: () => loop.feed({ type: 'probe' }),
    onLeave: () => {
      for (const document of documents) document.flush()
    },
    // Browsers do not cache a page with an open socket, or cut it.
    onCached: () => {
      for (const document of documents) document.lend()
      // What the relay ended for good is ended still when the page comes back.
      if (ending === undefined) hangUp()
    },
  })

  const unwatchIfIdle = (): void => {
    if (!isWanted && documents.size === 0) page.stop()
  }

  const hangUp = (): void => {
    socket.close(NORMAL, '')
    show('disconnected')
  }

  const connect = (): void => {
    if (isClosed) return
    requireWebSocket(WebSocketPolyfill)
    isWanted = true
    page.start()
    if (!page.isCached()) socket.open()
    else show('disconnected')
  }

  const disconnect = (): void => {
    isWanted = false
    hangUp()
    unwatchIfIdle()
  }

  return {
    open: (where, replica) => {
      if (isClosed) throw new Error('this client is closed: make another with createClient()')
      checkOptions('open', where, WHERE_OPTIONS)
      checkRoom('open', where.room)
      const {
        room,
        create = true,
        flushMs = 50,
        snapshot = {},
        compress = true,
        pad = false,
        receipts = false,
      } = where
      const makes = snapshot !== false && snapshot !== 'never'
      if (makes) checkOptions('snapshot', snapshot, SNAPSHOT_OPTIONS)
      const policy = makes ? { ...SNAPSHOTS, ...snapshot } : snapshot
      const secret = readSecret(where.secret)
      if (connects) connect()
      const document = createDocument({
        carrier,
        replica,
        options: { create, flushMs, snapshot: policy, receipts, compress, pad },
        secret,
        start: (bytes, onStorageError) => start({ secret: bytes, room, identity, storage, onStorageError }),
        onClosed: (closed) => {
          documents.delete(closed)
          unwatchIfIdle()
        },
      })
      documents.add(document)
      page.start()
      return document
    },
    connect,
    disconnect,
    setUrl: (url) => {
      checkUrl('setUrl', url)
      relay = url
      if (!isWanted) return
      hangUp()
      // Who hears that it ended may have decided that no other follows.
      if (isWanted) connect()
    },
    close: () => {
      if (isClosed) return
      for (const document of [...documents]) document.close()
      disconnect()
      isClosed = true
      loop.stop()
      emitter.clear()
    },
    get relay() {
      return relay
    },
    get status() {
      return status
    },
    on: emitter.on,
  }
}
