/**
 * The relay without sockets, clocks, dice and timers: all of these are given to it. The server gives it real ones; a
 * simulation gives it its own and gets the same run from the same seed. What can be injected:
 *
 * - `store`: usually `createMemoryStore({ defer, fault })`: it decides when each operation is done and when that is
 *   reported, and which commits fail. `store.clone()` is what a disk holds after a crash: to crash a relay, forget it
 *   and its peers, clone its store, and create a new relay on the clone. What is under way on the old store stays there.
 * - `verify`: how signatures are checked. `now`, `random`: time in ms, and bytes (nonces, log ids).
 * - `defer`: when a batch of pushes begins to be decided; at once in a later turn is right for a server.
 * - `peer.buffered()`: a peer that lags. After it has said more than `limits.laggingBytes`, call `drained()` some day.
 * - `limits`: small numbers make rare cases common (`openSessions`, `deliverBytes`, `graceMs`, `batch`).
 *
 * `await cryptoReady` first: ids and digests are real hashes, even where signatures are not.
 */
import { CLOSE, signingKey, type Verify } from 'sealsync/protocol'
import { createCatchUp } from './catch-up.ts'
import { createCommitter } from './committer.ts'
import { type Connection, createConnection } from './connection.ts'
import { createDocuments } from './documents.ts'
import { createFailures, type FailureEvent } from './failures.ts'
import type { Peer } from './flow.ts'
import { RELAY_LIMITS, type RelayLimits } from './relay-limits.ts'
import type { Store } from './store/store.ts'

export type { Connection } from './connection.ts'
export type { Peer } from './flow.ts'

export interface RelayOptions {
  readonly store: Store
  readonly verify: Verify
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
  /** Runs something soon, but never before it returns. */
  readonly defer: (run: () => void) => void
  readonly limits?: Partial<RelayLimits>
  readonly log?: (event: RelayEvent) => void
}

/** What happened, without contents, keys or whole ids. */
export type RelayEvent =
  | { readonly type: 'connected'; readonly connection: number }
  | { readonly type: 'disconnected'; readonly connection: number }
  /** The relay ended it. */
  | { readonly type: 'dropped'; readonly connection: number; readonly code: number; readonly reason: string }
  | FailureEvent
  | { readonly type: 'pruned'; readonly envelopes: number }
  /** A fault in the relay itself; whoever was served at that moment was dropped. */
  | { readonly type: 'fault'; readonly error: unknown }

export interface RelayStats {
  readonly connections: number
  /** Documents in memory. */
  readonly documents: number
  /** Envelopes that wait for their commit. */
  readonly waiting: number
}

export interface Relay {
  connect(peer: Peer): Connection
  /** Drops what snapshots have replaced for longer than the grace period. */
  prune(): Promise<void>
  stats(): RelayStats
  /** Resolves when nothing is under way: no opening, commit or catch-up. */
  idle(): Promise<void>
  /** Drops every connection with 1012, so that clients come back later, and waits until it is idle. */
  close(): Promise<void>
}

/** A relay; the store stays the caller's, who closes it after the relay. */
export const createRelay = ({ store, verify, now, random, defer, log, ...options }: RelayOptions): Relay => {
  const limits: RelayLimits = { ...RELAY_LIMITS, ...options.limits }
  const connections = new Map<number, Connection>()
  let numbers = 0
  let underWay = 0
  let waitingForIdle: (() => void)[] = []

  const begin = (): (() => void) => {
    underWay++
    return () => {
      underWay--
      if (underWay > 0) return
      const resolvers = waitingForIdle
      waitingForIdle = []
      for (const resolve of resolvers) resolve()
    }
  }

  const idle = (): Promise<void> =>
    underWay === 0 ? Promise.resolve() : new Promise((resolve) => waitingForIdle.push(resolve))

  const failures = createFailures(now, (event) => log?.(event))
  const onFailure = failures.failed
  // Proofs are made for this key and for no other, so that one relay cannot use them at another.
  let known: Promise<Uint8Array> | undefined
  const relayKey = (): Promise<Uint8Array> => {
    if (known !== undefined) return known
    const reading = store.relaySeed(random(32)).then((seed) => signingKey(seed).publicKey)
    known = reading
    reading.catch((error: unknown) => {
      // Whoever comes next asks again: the store may work by then.
      known = undefined
      onFailure(error)
    })
    return reading
  }
  void relayKey().catch(() => undefined)
  const documents = createDocuments(store, random)
  const catchUp = createCatchUp({ store, verify, limits })
  const rules = () => ({ verify, limits, now: now() })
  const onWritten = failures.written
  const committer = createCommitter({ store, documents, limits, rules, defer, begin, onFailure, onWritten })

  const connect = (peer: Peer): Connection => {
    const number = ++numbers
    const nonce = random(32)
    const shared = { relayKey, store, verify, limits, documents, committer, catchUp, defer, begin, onFailure }
    const onEnd = (code: number | undefined, reason: string): void => {
      connections.delete(number)
      if (code === undefined) log?.({ type: 'disconnected', connection: number })
      else log?.({ type: 'dropped', connection: number, code, reason })
    }
    const connection = createConnection({ number, peer, nonce, ...shared, onEnd })
    connections.set(number, connection)
    log?.({ type: 'connected', connection: number })
    return connection
  }

  return {
    connect,
    idle,
    prune: async () => {
      const at = now()
      const envelopes = await store.prune(at - limits.graceMs, at - limits.looseChunkMs)
      if (envelopes > 0) log?.({ type: 'pruned', envelopes })
    },
    stats: () => ({
      connections: connections.size,
      documents: documents.count(),
      waiting: committer.waiting(),
    }),
    close: async () => {
      for (const connection of connections.values())
        connection.drop(CLOSE.goingAway, 'the relay is going away')
      await idle()
    },
  }
}
