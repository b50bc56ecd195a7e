/**
 * One document's standing with the relay: opening it, following its log, and noticing what is missing. Nothing that a
 * network can do is terminal: a gap leads to another opening, from the cursor, and in the end without it.
 */
import { equalBytes, isPermanent, type ToClient } from '../protocol/index.ts'
import type { Assembly } from './assembly.ts'
import type { Comparison } from './comparison.ts'
import type { Core, State } from './core.ts'
import { createDeliveries } from './deliveries.ts'
import type { Gossip } from './gossip.ts'
import type { Intake } from './intake.ts'
import { STATE_KEY } from './keep.ts'
import type { Maker } from './maker.ts'
import type { Presence } from './presence.ts'
import type { Recall } from './recall.ts'
import type { Sender } from './sender.ts'
import type { Witness } from './witness.ts'

export interface Subscription {
  open(): void
  received(frame: Exclude<ToClient, { type: 'hello' | 'pong' }>): void
  detach(): void
  /** Asks once more for what is above the cursor. */
  askAgain(): void
  /** Asks for all of it, wherever the cursor stands. */
  loadAgain(): void
  /** The same after a pause, because something was missing. */
  reopen(): void
  /** Takes what has waited for chunks, if they are here. */
  advance(): void
  woke(): void
  wakeAt(): number | undefined
}

const REOPEN_BASE_MS = 50
const REOPEN_MAX_MS = 10_000
/** After so many gaps in a row the cursor itself is doubted. */
const GAPS_BEFORE_COMPLETE = 5
/** Whoever owes us an answer for this long has lost the question, or we its answer. */
const PATIENCE_MS = 15_000
/** Gaps that are farther apart have nothing to do with each other; so many that are not may come from a bad link. */
const CALM_MS = 10_000
const CALM_GAPS = 5

export const createSubscription = (
  core: Core,
  rooms: {
    readonly sender: Sender
    readonly maker: Maker
    readonly intake: Intake
    readonly assembly: Assembly
    readonly presence: Presence
    readonly comparison: Comparison
    readonly recall: Recall
    readonly gossip: Gossip
    readonly witness: Witness
  },
): Subscription => {
  const { state, chains, outbox, vault, options, dice } = core
  const { sender, maker, intake, assembly, presence, comparison, recall, gossip, witness } = rooms
  const deliveries = createDeliveries(core, intake, assembly)
  /** In a row, without having caught up in between. */
  let gaps = 0
  /** In a row, caught up or not. */
  let hurried = 0
  let reopenedAt = Number.NEGATIVE_INFINITY
  let attempt = 0
  /** The session that the last `open` showed: presence speaks as this one, even when our chain begins anew. */
  let openedAs = state.certificate.session
  /** When the relay last said something about this document, or was first asked to. */
  let heardAt = 0

  const open = (): void => {
    if (state.relay === undefined) return
    const { relayKey, nonce } = state.relay
    attempt += 1
    state.reopenAt = undefined
    state.caughtUp = false
    state.phase = { type: 'opening', attempt }
    heardAt = state.now
    deliveries.reset()
    if (chains.get(state.certificate)?.ended) sender.endSession(0)
    openedAs = state.certificate.session
    core.transmit({
      type: 'open',
      attempt,
      // Whoever holds a cursor knows that the document exists: a relay that lost it must get it back.
      create: options.create || state.cursor !== undefined,
      genesis: vault.genesis,
      certificate: state.certificate,
      ...vault.prove(relayKey, nonce, state.certificate),
      cursor: state.cursor,
    })
  }

  const reopen = (): void => {
    gaps += 1
    if (gaps > GAPS_BEFORE_COMPLETE) {
      state.cursor = undefined
      gaps = 0
    }
    state.caughtUp = false
    maker.interrupt()
    deliveries.reset()
    // No attempt has this number: whatever the present opening still has on its way is ignored.
    state.phase = { type: 'opening', attempt: 0 }
    hurried = reopenedAt + CALM_MS < state.now ? 1 : hurried + 1
    reopenedAt = state.now
    // At once, for one frame that was lost. A relay that leaves gaps everywhere is not asked as fast as it answers.
    const tries = Math.max(gaps, hurried - CALM_GAPS + 1)
    state.reopenAt =
      state.now + (tries <= 1 ? 0 : Math.min(REOPEN_MAX_MS, REOPEN_BASE_MS * 2 ** tries) * dice())
  }

  /** An opening, a load, or an envelope that was pushed, is not answered for too long. */
  const patienceEndsAt = (): number | undefined => {
    const { phase, paused } = state
    // Chunks have a patience of their own, which counts how often nothing came of asking.
    if (state.reopenAt !== undefined || paused.receive || deliveries.isWaiting()) return undefined
    const isOwed = phase.type === 'opening' || phase.type === 'loading' || owesAck(phase)
    return isOwed ? Math.max(heardAt, state.pushedAt) + PATIENCE_MS : undefined
  }

  const owesAck = (phase: State['phase']): boolean =>
    phase.type === 'live' && !state.paused.send && state.blocked === undefined && outbox.sealed().length > 0

  const opened = (frame: Extract<ToClient, { type: 'opened' }>): void => {
    if (state.phase.type !== 'opening' || state.phase.attempt !== frame.attempt) return
    const { channel } = frame
    const isSameLog = state.cursor !== undefined && equalBytes(state.cursor.logId, frame.logId)
    state.logId = frame.logId.slice()
    gossip.reset()
    state.isNew = frame.isNew
    if (frame.isNew) core.emit({ type: 'new' })
    sender.opened()
    if (frame.complete) beginLoad(channel, isSameLog)
    else {
      state.phase = { type: 'live', channel }
      chains.opened()
    }
    presence.opened(openedAs)
    if (!frame.complete) sender.resend()
  }

  /** Another log, or the first: what was known of a log is replaced, never merged, by what this load delivers. */
  const beginLoad = (channel: number, isSameLog: boolean): void => {
    const isAnother = state.cursor !== undefined || outbox.sealed().length > 0
    state.cursor = undefined
    state.phase = { type: 'loading', channel }
    witness.reset(isSameLog)
    intake.reset()
    chains.opened()
    if (isAnother) {
      sender.endSession(0)
      sender.claimAgain()
      if (options.keep) {
        // A crash from here on leaves no cursor: then all that is kept is compared with the relay again.
        state.isRereading = true
        core.keep({ key: STATE_KEY, value: undefined })
        core.emit({ type: 'reread' })
      }
    }
    core.emit({ type: 'track' })
    comparison.begin(isAnother ? 'after-reset' : 'after-load', isAnother || recall.heldContent(), state.now)
  }

  const deliver = (frame: Extract<ToClient, { type: 'deliver' }>): void => {
    const { phase } = state
    if (state.paused.receive || (phase.type !== 'live' && phase.type !== 'loading')) return
    if (phase.channel !== frame.channel) return
    const outcome = deliveries.take(frame)
    if (outcome === 'missing') reopen()
    if (outcome !== 'taken') return
    if (phase.type === 'loading' && frame.load === 'last') {
      state.phase = { type: 'live', channel: frame.channel }
      sender.resend()
    }
    if (!frame.caughtUp || state.caughtUp || state.cursor === undefined) return
    state.caughtUp = true
    gaps = 0
    assembly.keepOnly(state.active?.id)
    core.emit({ type: 'caught-up' })
    witness.caughtUp()
    comparison.caughtUp(state.now)
  }

  /** All chunks of a snapshot are here, or they do not come for now. */
  const released = (): void => {
    if (!deliveries.isWaiting()) {
      intake.complete()
      return
    }
    const frames = deliveries.release()
    if (frames === undefined) open()
    else for (const frame of frames) deliver(frame)
  }

  const passed = ({ connection, ephemeral }: Extract<ToClient, { type: 'ephemeral' }>): void => {
    if (ephemeral.type === 'ephemeral') presence.received(connection, ephemeral, state.now)
    const from = ephemeral.type === 'heads' ? presence.nameOf(connection) : undefined
    if (from !== undefined && ephemeral.type === 'heads') gossip.received(from, ephemeral)
  }

  const join = ({ connection, certificate }: Extract<ToClient, { type: 'joined' }>): void => {
    presence.joined(connection, certificate)
    gossip.joined()
  }

  const closed = (frame: Extract<ToClient, { type: 'closed' }>): void => {
    const { code, reason } = frame
    presence.disconnected()
    maker.interrupt()
    deliveries.reset()
    state.caughtUp = false
    state.phase = { type: 'closed', code, reason }
    if (!isPermanent(code)) {
      gaps += 1
      state.reopenAt = state.now + Math.min(REOPEN_MAX_MS, 1000 * 2 ** gaps) * dice()
    }
    core.emit({ type: 'closed', code, reason })
  }

  return {
    open,
    received: (frame) => {
      heardAt = state.now
      switch (frame.type) {
        case 'opened':
          opened(frame)
          return
        case 'deliver':
          deliver(frame)
          return
        case 'ephemeral':
          passed(frame)
          return
        case 'joined':
          if (chains.admits(frame.certificate)) join(frame)
          return
        case 'left':
          presence.left(frame.connection)
          return
        case 'found': {
          const rest = assembly.found(frame)
          if (rest !== undefined) witness.found(rest)
          return
        }
        case 'closed':
          closed(frame)
      }
    },
    detach: () => {
      state.phase = { type: 'detached' }
      state.relay = undefined
      state.caughtUp = false
      state.flushAt = undefined
      state.reopenAt = undefined
      state.retryAt = undefined
      gaps = 0
      maker.interrupt()
      deliveries.reset()
      presence.disconnected()
    },
    askAgain: open,
    loadAgain: () => {
      state.cursor = undefined
      open()
    },
    reopen,
    advance: () => {
      if (deliveries.advance()) released()
    },
    woke: () => {
      if (state.reopenAt !== undefined && state.reopenAt <= state.now) open()
      const end = patienceEndsAt()
      if (end !== undefined && end <= state.now) reopen()
    },
    wakeAt: patienceEndsAt,
  }
}
