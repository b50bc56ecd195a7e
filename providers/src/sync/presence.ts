/**
 * Presence and broadcasts: sealed, signed, never stored. A message holds what its session shows now, or an event, which
 * is heard once. Replays are stopped by greeting: a message counts only once its sender has echoed our *hello*, and only
 * if its counter is higher than the last. The more are there, the longer echoes are gathered, up to 100–300 ms, and sent
 * together with what we show, so that one joiner costs everybody one message.
 */
import {
  type Certificate,
  type Ephemeral,
  equalBytes,
  LIMITS,
  type SessionName,
  type Verify,
} from '../protocol/index.ts'
import { chainKey } from './chains.ts'
import { decodeEphemeralInner, type EphemeralInner, encodeEphemeralInner, MAX_ECHOES } from './content.ts'
import type { Effect } from './effects.ts'
import type { Vault } from './vault.ts'

interface Peer {
  readonly name: SessionName
  /** Of its session; the relay may announce one on several connections. */
  readonly key: string
  /** It has echoed our hello: what it sends now is not a replay. */
  fresh: boolean
  hello: Uint8Array | undefined
  /** Its hello may still come: what is broadcast waits a little for it. */
  isAwaited: boolean
  shown: boolean
}

export interface Presence {
  /** The document was opened under this session; peers are announced anew. */
  opened(session: Uint8Array): void
  disconnected(): void
  joined(connection: number, certificate: Certificate): void
  left(connection: number): void
  received(connection: number, ephemeral: Ephemeral, now: number): void
  present(payload: Uint8Array | undefined): void
  /** Sends an event to those who are there, as soon as all of them can hear it; what is shown stays. */
  broadcast(event: Uint8Array, now: number): void
  woke(now: number): void
  wakeAt(): number | undefined
  /** What the others know this one as; `undefined` without a connection. */
  session(): Uint8Array | undefined
  /** Who speaks on this connection, if it was announced. */
  nameOf(connection: number): SessionName | undefined
  /** Sessions that are connected now, other than this one. */
  sessions(): readonly SessionName[]
  /** Those of them that have proven it: they have echoed our hello since they were announced. */
  proven(): readonly SessionName[]
}

/** How long an event waits for the hello of who has joined: without it they could not hear it. */
const GREETING_MS = 300
const HELD_EVENTS = 64
/** One certificate is enough for a relay to announce any number of connections. */
const MAX_PEERS = 2 * LIMITS.openSessions
const ECHO_MIN_MS = 100
const ECHO_SPREAD_MS = 200
/** From so many peers on echoes are gathered for the whole time; with one they go out at once. */
const ECHO_CROWD = 9

export const createPresence = (deps: {
  readonly vault: Vault
  readonly verify: Verify
  readonly random: (length: number) => Uint8Array
  readonly dice: () => number
  readonly padded: boolean
  readonly emit: (effect: Effect) => void
  readonly send: (ephemeral: Ephemeral) => void
}): Presence => {
  const { vault, verify, random, dice, padded, emit, send } = deps
  const peers = new Map<number, Peer>()
  /** The highest counter of each session that was heard under the present hello, also of those who have left. */
  const counters = new Map<string, number>()
  let hello = random(8)
  let session: Uint8Array | undefined
  let payload: Uint8Array | undefined
  let counter = 0
  let greeted = false
  let echoes: Uint8Array[] = []
  let echoAt: number | undefined

  /** Events that wait for the hello of somebody who has just joined, and when they no longer do. */
  let held: { readonly events: Uint8Array[]; readonly until: number } | undefined

  const say = (said: Pick<EphemeralInner, 'broadcast' | 'payload'>): void => {
    if (session === undefined) return
    greeted = true
    const now = echoes.slice(0, MAX_ECHOES)
    echoes = echoes.slice(MAX_ECHOES)
    if (echoes.length === 0) echoAt = undefined
    counter += 1
    const inner = { session, counter, hello, echoes: now, ...said }
    send(vault.sealEphemeral(padded, encodeEphemeralInner(inner, padded)))
  }

  const speak = (): void => say({ broadcast: false, payload: payload ?? new Uint8Array(0) })

  const announce = (event: Uint8Array): void => {
    // An event takes echoes along, but not what we show: who is still to see that is answered first.
    while (echoes.length > (payload === undefined ? MAX_ECHOES : 0)) speak()
    say({ broadcast: true, payload: event })
  }

  const release = (): void => {
    const events = held?.events ?? []
    held = undefined
    for (const event of events) announce(event)
  }

  const isAwaiting = (): boolean => [...peers.values()].some((peer) => peer.isAwaited)

  const show = (peer: Peer, shown: Uint8Array): void => {
    if (shown.length === 0 && !peer.shown) return
    peer.shown = shown.length > 0
    emit({ type: 'presence', from: peer.name, payload: peer.shown ? shown : undefined })
  }

  const forget = (connection: number): void => {
    const peer = peers.get(connection)
    if (peer?.shown) emit({ type: 'presence', from: peer.name, payload: undefined })
    peers.delete(connection)
    if (counters.size > LIMITS.openSessions) renew()
  }

  /** Forgets the counters of who has left: what they said cannot be replayed under another hello. */
  const renew = (): void => {
    const present = new Set([...peers.values()].map(({ key }) => key))
    for (const key of [...counters.keys()]) if (!present.has(key)) counters.delete(key)
    hello = random(8)
  }

  return {
    opened: (opened) => {
      for (const connection of [...peers.keys()]) forget(connection)
      renew()
      session = opened
      greeted = false
      if (payload !== undefined) speak()
    },
    disconnected: () => {
      for (const connection of [...peers.keys()]) forget(connection)
      session = undefined
      held = undefined
      echoes = []
      echoAt = undefined
    },
    joined: (connection, certificate) => {
      forget(connection)
      // Who joins a document that is not open here could be answered by nobody.
      if (session === undefined || peers.size >= MAX_PEERS) return
      const name = { author: certificate.author.slice(), session: certificate.session.slice() }
      peers.set(connection, {
        name,
        key: chainKey(name),
        fresh: false,
        isAwaited: true,
        hello: undefined,
        shown: false,
      })
      if (!greeted) speak()
    },
    left: forget,
    received: (connection, ephemeral, now) => {
      const peer = peers.get(connection)
      if (peer === undefined || !equalBytes(peer.name.author, ephemeral.author)) return
      if (!verify('env-sig', ephemeral.signature, ephemeral.author, ephemeral.id)) return
      const opened = vault.open(ephemeral)
      const inner = opened.ok ? decodeEphemeralInner(opened.value, ephemeral.padded) : opened
      if (!inner.ok || !equalBytes(inner.value.session, peer.name.session)) return
      const { value } = inner
      if (value.counter <= (counters.get(peer.key) ?? 0)) return
      if (peer.hello === undefined || !equalBytes(peer.hello, value.hello)) {
        peer.hello = value.hello.slice()
        peer.isAwaited = false
        echoes.push(peer.hello)
        const crowd = Math.min(1, (peers.size - 1) / (ECHO_CROWD - 1))
        echoAt ??= now + (ECHO_MIN_MS + dice() * ECHO_SPREAD_MS) * crowd
        if (held !== undefined && !isAwaiting()) release()
      }
      peer.fresh ||= value.echoes.some((echo) => equalBytes(echo, hello))
      // Only a fresh message may raise the counter: a replayed high one must not silence its real sender.
      if (!peer.fresh) return
      counters.set(peer.key, value.counter)
      if (value.broadcast) emit({ type: 'broadcast', from: peer.name, payload: value.payload })
      else show(peer, value.payload)
    },
    present: (next) => {
      const silent = next === undefined && payload === undefined
      payload = next
      if (!silent) speak()
    },
    broadcast: (event, now) => {
      if (session === undefined || peers.size === 0) return
      if (held === undefined && !isAwaiting()) {
        announce(event)
        return
      }
      held ??= { events: [], until: now + GREETING_MS }
      held.events.push(event)
      if (held.events.length >= HELD_EVENTS) release()
    },
    woke: (now) => {
      if (held !== undefined && held.until <= now) {
        for (const peer of peers.values()) peer.isAwaited = false
        release()
      }
      if (echoAt !== undefined && echoAt <= now) speak()
    },
    wakeAt: () => (held === undefined ? echoAt : Math.min(held.until, echoAt ?? held.until)),
    session: () => session,
    nameOf: (connection) => peers.get(connection)?.name,
    sessions: () => [...peers.values()].map(({ name }) => name),
    proven: () => [...peers.values()].filter(({ fresh }) => fresh).map(({ name }) => name),
  }
}
