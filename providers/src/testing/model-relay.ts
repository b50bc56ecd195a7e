/**
 * A relay in memory, in a few hundred lines, for being read and for tests: it answers like the real one, from
 * docs/protocol.md alone, at once and without a clock, and never loses anything by itself.
 *
 *   relay-log.ts        what is stored, and what of a push is taken      14.5
 *   delivery.ts         from a log to the frames that bring it           14.3, 14.4
 *   model-document.ts   who has a document open, and presence            14.7, 14.8
 *   subscriber.ts       a document on one connection
 *   model-connection.ts hello, open, channels                            12, 14.2
 *   script.ts           where a lying relay (evil-relay.ts) differs
 */
import { toHex } from '../bytes.ts'
import { verify as realVerify, signingKey, type Verify } from '../crypto.ts'
import { CLOSE } from '../protocol/index.ts'
import { createModelConnection, type ModelConnection, type ModelPeer } from './model-connection.ts'
import { createModelDocument, type ModelDocument } from './model-document.ts'
import type { Random } from './random.ts'
import type { Entry } from './relay-log.ts'
import type { Script } from './script.ts'
import { createWebSocketClass, type TestWebSocketClass } from './web-socket.ts'

export interface ModelRelayOptions {
  /** Draws the relay's key, nonces and log ids, and the delays of its sockets. */
  readonly random: Random
  /** Its clock, ms: when an entry was stored. Without it every entry says 0. */
  readonly now?: () => number
  /** How signatures are checked; `fakeVerify` for sessions that sign with `fakeSigning`. Default: real ones. */
  readonly verify?: Verify
}

/** One connection, as its peer sees it. Whatever the peer sends, nothing here throws. */
export type { ModelConnection, ModelPeer } from './model-connection.ts'

export interface ModelRelay {
  /** Somebody dials in; the name is for logs and scripts. */
  connect(peer: ModelPeer, name?: string): ModelConnection
  /** Sockets that lead here: `new SealsyncProvider(url, room, doc, { secret, WebSocketPolyfill: relay.WebSocket })`. */
  readonly WebSocket: TestWebSocketClass
  /** The same for a client with a name, by which scripts and `log` call it. */
  socketOf(name: string): TestWebSocketClass
  /** Ids of all stored documents, hex. */
  documents(): readonly string[]
  /** What is stored of a document, version 1 first; without an id, of the first document. */
  log(document?: string): readonly Entry[]
  /** Drops the bytes of all that snapshots have replaced. */
  prune(): void
  /** Ends every connection, as a relay that starts again; what is stored stays. */
  restart(): void
  /**
   * Sets every document back to this version and restarts. An honest operator who restores a backup gives it a `new` log
   * id; with the `same` it is a rollback.
   */
  setBack(to: number, logId: 'same' | 'new'): void
}

/** An honest relay in memory. Its sockets wait for the cryptography to load; before `connect`, await `cryptoReady`. */
export const createModelRelay = (options: ModelRelayOptions): ModelRelay =>
  createRelayOf(options, () => ({})).relay

/** The relay, and what only a liar needs of it. */
export const createRelayOf = (
  { random, now = () => 0, verify = realVerify }: ModelRelayOptions,
  lies: () => Script,
  after: (delayMs: number, run: () => void) => void = (_, run) => run(),
): { readonly relay: ModelRelay; reconsider(): void } => {
  const seed = random.bytes(32)
  let relayKey: Uint8Array | undefined
  const documents = new Map<string, ModelDocument>()
  const connections = new Set<ModelConnection & { drop(code: number, reason: string): void }>()
  let numbers = 0
  let channels = 0

  const stored = (): readonly [string, ModelDocument][] =>
    [...documents].filter(([, document]) => document.isStored())

  const forgetIdle = (): void => {
    for (const [key, document] of documents)
      if (document.isIdle() && !document.wasStored()) documents.delete(key)
  }

  const restart = (): void => {
    for (const connection of [...connections]) connection.drop(CLOSE.goingAway, 'the relay starts again')
  }

  const relay: ModelRelay = {
    connect: (peer, name) => {
      const number = ++numbers
      // Not before it is needed: a relay may be made before the cryptography has loaded.
      relayKey ??= signingKey(seed).publicKey
      const connection = createModelConnection({
        number,
        name: name ?? `client ${number}`,
        peer,
        relayKey,
        nonce: random.bytes(32),
        verify,
        lies,
        after,
        find: (docId, genesis, create) => {
          const key = toHex(docId)
          const known = documents.get(key)
          if (known === undefined ? !create : !(known.isStored() || create)) return undefined
          const logId = random.bytes(16)
          const document =
            known ?? createModelDocument({ docId, genesis, channel: ++channels, logId, verify, now, lies })
          documents.set(key, document)
          return document
        },
        onLeave: forgetIdle,
        onEnd: () => connections.delete(connection),
      })
      connections.add(connection)
      return connection
    },
    WebSocket: createWebSocketClass((peer) => relay.connect(peer), random),
    socketOf: (name) => createWebSocketClass((peer) => relay.connect(peer, name), random),
    documents: () => stored().map(([key]) => key),
    log: (document = stored()[0]?.[0] ?? '') => documents.get(document)?.entries() ?? [],
    prune: () => {
      for (const document of documents.values()) document.prune()
    },
    restart,
    setBack: (to, logId) => {
      const fresh = logId === 'new' ? () => random.bytes(16) : undefined
      for (const document of documents.values()) document.setBack(to, fresh)
      restart()
    },
  }
  return {
    relay,
    reconsider: () => {
      for (const document of documents.values()) document.reconsider()
    },
  }
}
