/**
 * One run of one device on one document, as a pure machine: `step(input, now) → effects`. It decides; the client room
 * acts. Inputs only change state; what is due follows from `evaluate` after each of them, so that no interleaving can
 * invent a rule of its own.
 *
 *   subscription  standing with the relay      intake    what it delivers       chains  everybody's hash chains
 *   sender        our own chain                outbox    what is not acked      maker   snapshots
 *   recall        what storage gives back      ledger    what it has confirmed  presence
 */
import { chainStart, toHex } from '../protocol/index.ts'
import { createChains } from './chains.ts'
import { createComparison } from './comparison.ts'
import type { Core, SessionDeps, State } from './core.ts'
import { describe, isSameStatus } from './describe.ts'
import type { Effect, Input, SessionStatus, StorageChange } from './effects.ts'
import { createIntake } from './intake.ts'
import { createLedger } from './ledger.ts'
import { createMaker } from './maker.ts'
import { openUpdate } from './opening.ts'
import { createOutbox } from './outbox.ts'
import { createPresence } from './presence.ts'
import { createRecall } from './recall.ts'
import { createSender } from './sender.ts'
import { createSubscription } from './subscription.ts'

export interface Session {
  step(input: Input, now: number): readonly Effect[]
  /** When to step with `woke`, at the latest; `undefined`: not until something else happens. */
  wakeAt(): number | undefined
  /** Identity-stable while nothing changes. */
  status(): SessionStatus
  /** Names this run's outbox in storage and its lock, hex. */
  readonly owner: string
}

export const createSession = (deps: SessionDeps): Session => {
  const { vault, random, dice, options } = deps
  const owner = toHex(random(8))
  const state = beginning(deps)
  let effects: Effect[] = []
  let changes: StorageChange[] = []
  let status: SessionStatus = { sync: 'offline', pending: 0, synced: false, isNew: false, reason: undefined }

  const ledger = createLedger(options.keep)
  const comparison = createComparison(dice)
  const outbox = createOutbox(vault, owner)
  const chains = createChains(deps)
  const core: Core = {
    ...deps,
    state,
    outbox,
    chains,
    claims: new Map(),
    emit: (effect) => effects.push(effect),
    transmit: (frame) => effects.push({ type: 'transmit', frame }),
    keep: (change) => changes.push(change),
    alarm: (kind, message, of) => {
      const author = of === undefined ? {} : { author: toHex(of.author) }
      const envelope = of?.id === undefined ? {} : { envelopeId: toHex(of.id) }
      effects.push({
        type: 'alarm',
        alarm: { kind, docId: toHex(vault.docId), message, ...author, ...envelope },
      })
    },
    isTracking: comparison.isDue,
    openAll: (updates) =>
      updates.flatMap((update) => {
        const opened = openUpdate(update, vault, deps.inflate)
        return opened.ok ? [opened.value] : []
      }),
  }
  const presence = createPresence({
    ...deps,
    padded: options.pad,
    emit: core.emit,
    send: (ephemeral) => {
      const { phase } = state
      if (phase.type === 'live' || phase.type === 'loading') {
        core.transmit({ type: 'ephemeral', channel: phase.channel, ephemeral })
      }
    },
  })
  const sender = createSender(core)
  const maker = createMaker(core, sender, presence)
  const intake = createIntake(core, sender, maker, ledger.settle)
  const recall = createRecall(core, owner, { sender, intake, comparison })
  const subscription = createSubscription(core, { sender, maker, intake, presence, comparison, recall })

  const handle = (input: Input): void => {
    switch (input.type) {
      case 'restored':
        recall.restored(input.entries, input.holdsContent)
        return
      case 'reread':
        recall.reread(input.entries)
        return
      case 'adopted':
        recall.adopted(input.entries)
        return
      case 'connected':
        state.relay = { relayKey: input.relayKey, nonce: input.nonce }
        subscription.open()
        return
      case 'disconnected':
        subscription.detach()
        return
      case 'received':
        subscription.received(input.frame)
        return
      case 'edited':
        sender.edited(input.content)
        return
      case 'claimed':
        sender.claimed(input.claim)
        return
      case 'presented':
        presence.present(input.payload)
        return
      case 'broadcast':
        presence.broadcast(input.payload, state.now)
        return
      case 'captured':
        maker.captured(input.question, input.content)
        return
      case 'compared':
        // The answer holds all that was loose too: what another provider put into the document meanwhile may be
        // known to the relay, and is then not sent again.
        if (!comparison.settle(input.question)) return
        for (const claim of outbox.replaceLoose(input.contents)) sender.claimed(claim)
        intake.forgetStale()
        return
      case 'applied':
        for (const position of input.unreadable) {
          const one = input.batch[position]
          if (one !== undefined) core.alarm('quarantined', UNREADABLE, { ...one, id: one.envelopeId })
        }
        return
      case 'rejected':
        core.alarm('quarantined', UNREADABLE, { ...input.received, id: input.received.envelopeId })
        return
      case 'persisted':
        ledger.persisted(input.ticket)
        return
      case 'not-persisted':
        ledger.failed(input.ticket, state.now)
        return
      case 'flush':
        sender.flush(true)
        return
      case 'snapshot':
        maker.ask()
        return
      case 'pause': {
        const { send = false, receive = false } = input.directions
        state.paused = { send: state.paused.send || send, receive: state.paused.receive || receive }
        return
      }
      case 'resume': {
        // What was not received meanwhile is asked for again; acks were among it.
        const { send = false, receive = false } = input.directions ?? { send: true, receive: true }
        const wasDeaf = state.paused.receive
        state.paused = { send: state.paused.send && !send, receive: state.paused.receive && !receive }
        if (wasDeaf && !state.paused.receive) subscription.open()
        else sender.resend()
        return
      }
      case 'woke':
        return
    }
  }

  /** What the relay lacks can be told once a load is complete, or from what storage kept of the log. */
  const compareAt = (): number | undefined =>
    state.cursor !== undefined && state.phase.type !== 'loading' ? comparison.at() : undefined

  /** After every input: whatever its time or its turn has come for. */
  const evaluate = (): void => {
    const { now } = state
    const dueAt = compareAt()
    subscription.woke()
    sender.woke()
    presence.woke(now)
    if (dueAt !== undefined && dueAt <= now) {
      const question = comparison.asked()
      core.emit({ type: 'compare', question, pending: outbox.sealed().map(({ content }) => content) })
    }
    sender.flush(state.flushAt !== undefined && state.flushAt <= now)
    maker.advance()
  }

  return {
    owner,
    step: (input, now) => {
      effects = []
      changes = []
      state.now = now
      handle(input)
      evaluate()
      const write = ledger.next([...outbox.changes(), ...changes], now)
      if (write !== undefined) effects.push({ type: 'persist', ...write })
      return effects
    },
    wakeAt: () => {
      const times = [state.flushAt, state.retryAt, state.reopenAt, compareAt()]
      times.push(subscription.wakeAt(), presence.wakeAt(), maker.wakeAt(), ledger.wakeAt())
      const earliest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
      return earliest === Number.POSITIVE_INFINITY ? undefined : earliest
    },
    status: () => {
      const pending = outbox.edits() + ledger.settling() + (comparison.mayBePending() ? 1 : 0)
      const next = describe(state, vault.role === 'reader', pending)
      if (!isSameStatus(status, next)) status = next
      return status
    },
  }
}

const UNREADABLE = 'the CRDT cannot read this content'

const beginning = ({ vault, random }: SessionDeps): State => {
  const session = random(8)
  return {
    now: 0,
    phase: { type: 'detached' },
    relay: undefined,
    logId: new Uint8Array(16),
    cursor: undefined,
    caughtUp: false,
    isRereading: false,
    isNew: false,
    paused: { send: false, receive: false },
    certificate: vault.certify(session),
    nextSeq: 0,
    head: chainStart(vault.docId, vault.author, session),
    active: undefined,
    since: { updates: 0, bytes: 0 },
    blocked: undefined,
    needsKey: false,
    pushedAt: 0,
    flushAt: undefined,
    retryAt: undefined,
    reopenAt: undefined,
  }
}
