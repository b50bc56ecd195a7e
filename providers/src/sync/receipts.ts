/**
 * Who has got what this session has written, by the heads that they tell. One who says again and again that it has not,
 * while everybody else has, is being kept out by the relay.
 */
import { equalBytes, NO_ID, type SessionName, toHex } from '../protocol/index.ts'
import { chainKey } from './chains.ts'
import type { HeadsInner } from './content.ts'
import type { Core } from './core.ts'
import { NO_LOG } from './gossip.ts'
import type { Presence } from './presence.ts'

/** What another session has told of what it has from this one. */
export interface Receipt {
  /** Hex of its device key, 32 bytes. */
  readonly author: string
  /** Hex, 8 bytes. */
  readonly session: string
  /** How many of the updates that the relay has acknowledged to this session it has not applied yet, as far as it said. */
  readonly missing: number
  /** When it last said so, ms since 1970 by the clock here. */
  readonly timeMs: number
}

export interface Receipts {
  heard(from: SessionName, inner: HeadsInner): void
  /** Sessions that are connected, have proven it and have spoken. The same array until something changes. */
  list(): readonly Receipt[]
  advance(): void
}

interface Peer {
  readonly name: SessionName
  /** Last position of our chain that it has. */
  readonly seq: number
  readonly timeMs: number
  /** The same by its own clock: what it says once more is a replay. */
  readonly saidMs: number
  /** Since when it has said so without a break that it lacks something. */
  readonly lateSince: number | undefined
}

/** Whoever follows the log gets an update sooner than this. */
const EXCLUDED_MS = 10_000
const AGAIN_MS = 5_000
const REMEMBERED = 256

export const createReceipts = (core: Core, presence: Presence): Receipts => {
  const { state, chains, vault, options } = core
  const peers = new Map<string, Peer>()
  const reported = new Set<string>()
  /** When each of the last positions of our chain was acknowledged. */
  let times = new Map<number, number>()
  let session = state.certificate.session
  let seenMoves = -1
  let seenProven = 0
  let list: readonly Receipt[] = []

  /** Of a session that has ended nobody speaks any more. */
  const acknowledged = (): number => {
    const chain = chains.get(state.certificate)
    return chain === undefined || chain.ended ? -1 : chain.seq
  }

  const describe = ({ name, seq, timeMs }: Peer): Receipt => ({
    author: toHex(name.author),
    session: toHex(name.session),
    missing: Math.max(0, acknowledged() - seq),
    timeMs,
  })

  const isSame = (a: Receipt, b: Receipt | undefined): boolean =>
    a.author === b?.author && a.session === b.session && a.missing === b.missing && a.timeMs === b.timeMs

  const refresh = (): void => {
    const present = new Set(presence.sessions().map(chainKey))
    for (const key of peers.keys()) if (!present.has(key)) peers.delete(key)
    const proven = new Set(presence.proven().map(chainKey))
    const next = [...peers].flatMap(([key, peer]) => (proven.has(key) ? describe(peer) : []))
    if (next.length === list.length && next.every((receipt, i) => isSame(receipt, list[i]))) return
    list = next
    core.emit({ type: 'receipts', receipts: list })
  }

  /** Once may be an accident: a message can be lost, and another be late. */
  const isKeptOut = (peer: Peer): boolean => {
    const since = times.get(peer.seq + 1)
    const isLate = since !== undefined && peer.timeMs - since > EXCLUDED_MS
    return isLate && peer.lateSince !== undefined && peer.timeMs - peer.lateSince >= AGAIN_MS
  }

  const judge = (peer: Peer): void => {
    const key = chainKey(peer.name)
    const top = acknowledged()
    if (peer.seq >= top || reported.has(key) || !isKeptOut(peer)) return
    const proven = presence.proven().map(chainKey)
    if (!proven.includes(key)) return
    const others = proven.flatMap((other) => (other === key ? [] : (peers.get(other) ?? [])))
    if (others.some(({ seq }) => seq < top)) return
    reported.add(key)
    core.alarm('excluded', 'it says that it lacks what everybody else has got from this session', peer.name)
  }

  return {
    heard: (name, inner) => {
      const isSilent = equalBytes(inner.logId, NO_LOG)
      if (!options.receipts || (!isSilent && !equalBytes(inner.logId, state.logId))) return
      const key = chainKey(name)
      const ours = inner.heads.find(
        (head) =>
          equalBytes(head.author, vault.author) && equalBytes(head.session, state.certificate.session),
      )
      const isBeside = equalBytes(inner.snapshot, state.active?.id ?? NO_ID)
      if (isSilent) peers.delete(key)
      else if (ours !== undefined || isBeside) {
        const before = peers.get(key)
        if (before !== undefined && inner.timeMs <= before.saidMs) return
        const seq = ours?.seq ?? -1
        const lateSince = seq < acknowledged() ? (before?.lateSince ?? state.now) : undefined
        const peer = { name, seq, timeMs: state.now, saidMs: inner.timeMs, lateSince }
        peers.set(key, peer)
        judge(peer)
      }
      refresh()
    },
    list: () => list,
    advance: () => {
      if (!options.receipts) return
      const [moves, proven] = [chains.moves(), presence.proven().length]
      const isUnchanged = moves === seenMoves && proven === seenProven
      if (isUnchanged && session === state.certificate.session) return
      seenMoves = moves
      seenProven = proven
      if (!equalBytes(session, state.certificate.session)) {
        session = state.certificate.session
        times = new Map()
        for (const [key, peer] of peers) peers.set(key, { ...peer, seq: -1 })
      }
      const seq = acknowledged()
      for (let i = seq; i >= 0 && i > seq - REMEMBERED && !times.has(i); i--) times.set(i, state.now)
      times.delete(seq - REMEMBERED)
      if (peers.size > 0) refresh()
    },
  }
}
