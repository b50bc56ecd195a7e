/**
 * Heads that clients tell each other, sealed and signed: which envelopes the relay has acknowledged or delivered to them.
 * A relay that shows two clients different things would have to keep them from ever hearing of each other. What is heard
 * here is judged by the witness.
 */
import { equalBytes, type Heads, LIMITS, NO_ID, type SessionName } from '../protocol/index.ts'
import { decodeHeadsInner, encodeHeadsInner, type HeadsInner } from './content.ts'
import type { Core } from './core.ts'
import type { Presence } from './presence.ts'

export interface Gossip {
  /** Somebody joined, and should hear everything soon. */
  joined(): void
  /** Something in what was heard needs an answer soon. */
  hurry(): void
  /** From here on we do not follow the log: what we lack says nothing about the relay. */
  fallSilent(): void
  received(from: SessionName, heads: Heads): void
  /** The document was opened anew, or the link dropped: nobody has heard anything of this opening yet. */
  reset(): void
  advance(): void
  wakeAt(): number | undefined
}

/** Whoever does not follow the log speaks of none. */
export const NO_LOG: Uint8Array = new Uint8Array(16)

/** Between two messages of one session. With receipts people wait for them. */
const INTERVAL_MS = 15_000
const RECEIPT_INTERVAL_MS = 1_000
/** After a newcomer, a random part of it: the others are to hear of it too, and not all at once. */
const SOON_MS = 1_000
const HURRY_MS = 5_000
/** From so many peers on each speaks less often. */
const CROWD = 20
const MAX_HEADS = Math.floor((LIMITS.headsBytes - 1_024) / 80 / 1.12)

export const createGossip = (
  core: Core,
  presence: Presence,
  rooms: {
    readonly heard: (from: SessionName, inner: HeadsInner) => void
    /** The relay keeps something back from us. */
    readonly isMissing: () => boolean
  },
): Gossip => {
  const { state, chains, vault, dice, options } = core
  /** What was known when it was last said: nothing is said twice without a reason. */
  let saidMoves = -1
  let saidSnapshot: Uint8Array | undefined
  let saidAt = Number.NEGATIVE_INFINITY
  let dueAt: number | undefined

  const isNews = (): boolean => state.active?.id !== saidSnapshot || chains.moves() !== saidMoves

  const maySpeak = (): boolean =>
    state.phase.type === 'live' && state.caughtUp && !state.paused.receive && presence.sessions().length > 0

  const say = (channel: number, session: Uint8Array, isFollowing = true): void => {
    const open = isFollowing ? chains.current().slice(0, MAX_HEADS) : []
    saidMoves = chains.moves()
    saidSnapshot = state.active?.id
    saidAt = state.now
    const heads = open.map(({ author, session, seq, head }) => ({ author, session, seq, id: head }))
    const timeMs = Math.max(0, Math.floor(state.now))
    const inner = encodeHeadsInner(
      { logId: isFollowing ? state.logId : NO_LOG, snapshot: saidSnapshot ?? NO_ID, timeMs, heads },
      options.pad,
    )
    const fields = { session, logHeight: 0, padded: options.pad }
    core.transmit({ type: 'ephemeral', channel, ephemeral: vault.sealHeads(fields, inner) })
  }

  /** Who has written what the relay keeps back from us cannot know, unless we say again and again that we lack it. */
  const nextAt = (): number => {
    const repeatAt = options.receipts && rooms.isMissing() ? saidAt + INTERVAL_MS : Number.POSITIVE_INFINITY
    return Math.min(dueAt ?? Number.POSITIVE_INFINITY, repeatAt)
  }

  const soon = (): void => {
    const at = state.now + SOON_MS * dice()
    dueAt = Math.min(dueAt ?? at, at)
  }

  return {
    joined: soon,
    hurry: () => {
      dueAt ??= Math.max(state.now + SOON_MS * dice(), saidAt + HURRY_MS)
    },
    fallSilent: () => {
      const session = presence.session()
      if (maySpeak() && state.phase.type === 'live' && session !== undefined) {
        say(state.phase.channel, session, false)
      }
    },
    received: (from, envelope) => {
      if (!equalBytes(from.author, envelope.author) || !equalBytes(from.session, envelope.session)) return
      if (!core.verify('env-sig', envelope.signature, envelope.author, envelope.id)) return
      const opened = vault.open(envelope)
      const inner = opened.ok ? decodeHeadsInner(opened.value, envelope.padded) : opened
      if (inner.ok) rooms.heard(from, inner.value)
    },
    reset: () => {
      saidMoves = -1
      saidSnapshot = undefined
      saidAt = Number.NEGATIVE_INFINITY
      dueAt = undefined
    },
    advance: () => {
      const { phase, now } = state
      if (!maySpeak() || phase.type !== 'live') return
      if (dueAt === undefined && isNews()) {
        const interval = options.receipts ? RECEIPT_INTERVAL_MS : INTERVAL_MS
        const crowd = Math.max(1, presence.sessions().length / CROWD)
        dueAt = Math.max(now + SOON_MS * dice(), saidAt + interval * crowd)
      }
      const session = presence.session()
      if (nextAt() > now || session === undefined) return
      dueAt = undefined
      say(phase.channel, session)
    },
    wakeAt: () => (maySpeak() && nextAt() < Number.POSITIVE_INFINITY ? nextAt() : undefined),
  }
}
