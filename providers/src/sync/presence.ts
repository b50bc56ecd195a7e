/**
 * Presence: sealed, signed, never stored. Replays are stopped by greeting: a message counts only once its sender has
 * echoed our *hello*, and only if its counter is higher than the last. Echoes are gathered for 100–300 ms and sent
 * together with what we show, so that one joiner costs everybody one message.
 */
import {
  type Certificate,
  type Ephemeral,
  equalBytes,
  type SessionName,
  type Verify,
} from '../protocol/index.ts'
import { decodeEphemeralInner, encodeEphemeralInner, MAX_ECHOES } from './content.ts'
import type { Effect } from './effects.ts'
import type { Vault } from './vault.ts'

interface Peer {
  readonly name: SessionName
  readonly certificate: Certificate
  counter: number
  /** It has echoed our hello: what it sends now is not a replay. */
  fresh: boolean
  hello: Uint8Array | undefined
  /** What it showed before it was fresh. */
  waiting: Uint8Array | undefined
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
  woke(now: number): void
  wakeAt(): number | undefined
  /** Sessions that are connected now, other than this one. */
  sessions(): readonly SessionName[]
}

const ECHO_MIN_MS = 100
const ECHO_SPREAD_MS = 200

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
  const hello = random(8)
  let session: Uint8Array | undefined
  let payload: Uint8Array | undefined
  let counter = 0
  let greeted = false
  let echoes: Uint8Array[] = []
  let echoAt: number | undefined

  const speak = (): void => {
    if (session === undefined) return
    greeted = true
    const now = echoes.slice(0, MAX_ECHOES)
    echoes = echoes.slice(MAX_ECHOES)
    if (echoes.length === 0) echoAt = undefined
    counter += 1
    const inner = { session, counter, hello, echoes: now, payload: payload ?? new Uint8Array(0) }
    send(vault.sealEphemeral(padded, encodeEphemeralInner(inner, padded)))
  }

  const show = (peer: Peer, shown: Uint8Array): void => {
    if (shown.length === 0 && !peer.shown) return
    peer.shown = shown.length > 0
    emit({ type: 'presence', from: peer.name, payload: peer.shown ? shown : undefined })
  }

  const forget = (connection: number): void => {
    const peer = peers.get(connection)
    if (peer?.shown) emit({ type: 'presence', from: peer.name, payload: undefined })
    peers.delete(connection)
  }

  return {
    opened: (opened) => {
      for (const connection of [...peers.keys()]) forget(connection)
      session = opened
      greeted = false
      if (payload !== undefined) speak()
    },
    disconnected: () => {
      for (const connection of [...peers.keys()]) forget(connection)
      session = undefined
      echoes = []
      echoAt = undefined
    },
    joined: (connection, certificate) => {
      forget(connection)
      const name = { author: certificate.author.slice(), session: certificate.session.slice() }
      peers.set(connection, {
        name,
        certificate,
        counter: 0,
        fresh: false,
        hello: undefined,
        waiting: undefined,
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
      if (inner.value.counter <= peer.counter) return
      if (peer.hello === undefined || !equalBytes(peer.hello, inner.value.hello)) {
        peer.hello = inner.value.hello.slice()
        echoes.push(peer.hello)
        echoAt ??= now + ECHO_MIN_MS + dice() * ECHO_SPREAD_MS
      }
      peer.fresh ||= inner.value.echoes.some((echo) => equalBytes(echo, hello))
      if (!peer.fresh) {
        peer.waiting = inner.value.payload.slice()
        return
      }
      // Only a fresh message may raise the counter: a replayed high one must not silence its real sender.
      peer.counter = inner.value.counter
      peer.waiting = undefined
      show(peer, inner.value.payload)
    },
    present: (next) => {
      const silent = next === undefined && payload === undefined
      payload = next
      if (!silent) speak()
    },
    woke: (now) => {
      if (echoAt !== undefined && echoAt <= now) speak()
    },
    wakeAt: () => echoAt,
    sessions: () => [...peers.values()].map(({ name }) => name),
  }
}
