/**
 * One run of one device on one document, as a pure machine: `step(input, now) → effects`. It decides; the client room
 * acts. Inputs only change state; what is due follows from `evaluate` after each of them, so that no interleaving can
 * invent a rule of its own.
 *
 *   subscription  standing with the relay      intake    what it delivers       chains  everybody's hash chains
 *   sender        our own chain                outbox    what is not acked      maker   snapshots
 *   recall        what storage gives back      ledger    what it has confirmed  presence
 */
import { chainStart, type SessionName, toHex } from '../protocol/index.ts'
import { createAlarms } from './alarms.ts'
import { createAssembly } from './assembly.ts'
import { createAudit } from './audit.ts'
import { createChains } from './chains.ts'
import { createComparison } from './comparison.ts'
import type { Core, SessionDeps, State } from './core.ts'
import { complaintAbout, describe, isSameStatus } from './describe.ts'
import type { Effect, Input, Received, Rejection, SessionStatus, StorageChange } from './effects.ts'
import { createGossip } from './gossip.ts'
import { createIntake } from './intake.ts'
import { createLedger } from './ledger.ts'
import { createMaker } from './maker.ts'
import { openUpdate } from './opening.ts'
import { createOutbox } from './outbox.ts'
import { createPresence } from './presence.ts'
import { createRecall } from './recall.ts'
import { createReceipts, type Receipt } from './receipts.ts'
import { createSender } from './sender.ts'
import { createSubscription, type Subscription } from './subscription.ts'
import { createTail } from './tail.ts'
import { createWitness } from './witness.ts'

export interface Session {
  step(input: Input, now: number): readonly Effect[]
  /** When to step with `woke`, at the latest; `undefined`: not until something else happens. */
  wakeAt(): number | undefined
  /** Identity-stable while nothing changes. */
  status(): SessionStatus
  /** Who has got how much of what this session has written. The same array until something changes. */
  receipts(): readonly Receipt[]
  /** Names this run's outbox in storage and its lock, hex. */
  readonly owner: string
  /** The name under which it writes; another session of the same author when the relay has ended this one. */
  name(): SessionName
}

export const createSession = (deps: SessionDeps): Session => {
  const { vault, random, dice, options } = deps
  const owner = toHex(random(8))
  const state = beginning(deps)
  let effects: Effect[] = []
  let changes: StorageChange[] = []
  let status: SessionStatus = {
    sync: 'offline',
    pending: 0,
    synced: false,
    isNew: false,
    upgradeNeeded: false,
    reason: undefined,
  }

  const ledger = createLedger(options.keep)
  const comparison = createComparison(dice)
  const outbox = createOutbox({ vault, owner, codec: deps.codec, mostEdits: options.mergeEdits })
  const chains = createChains({ ...deps, isReadable: (encoding) => core.reads(encoding) })
  const tail = createTail()
  const core: Core = {
    ...deps,
    state,
    outbox,
    chains,
    claims: new Map(),
    emit: (effect) => effects.push(effect),
    reads: (encoding) => deps.codec.encodings.includes(encoding) || REGISTERED.includes(encoding),
    apply: (batch, known) => {
      const readable = batch.filter(({ encoding }) => core.reads(encoding))
      if (readable.length < batch.length) state.upgradeNeeded = true
      if (readable.length === 0) return
      state.holdsContent = true
      effects.push({ type: 'apply', batch: readable, known })
    },
    transmit: (frame) => effects.push({ type: 'transmit', frame }),
    keep: (change) => changes.push(change),
    alarm: createAlarms(vault.docId, (alarm) => effects.push({ type: 'alarm', alarm })),
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
  const audit = createAudit(core, tail, (content) => sender.edited(content))
  const witness = createWitness(core, {
    askAgain: () => subscription.askAgain(),
    loadAgain: () => subscription.loadAgain(),
    hurry: () => gossip.hurry(),
  })
  const receipts = createReceipts(core, presence)
  const gossip = createGossip(core, presence, {
    heard: (from, inner) => {
      witness.heard(from, inner)
      receipts.heard(from, inner)
    },
    isMissing: () => witness.isMissing(),
  })
  const assembly = createAssembly(core, () => subscription.reopen())
  const intake = createIntake(core, {
    sender,
    maker,
    audit,
    assembly,
    tail,
    settle: ledger.settle,
    mentioned: witness.mentioned,
    lacking: witness.lacking,
  })
  const recall = createRecall(core, owner, { sender, intake, comparison, witness })
  const subscription: Subscription = createSubscription(core, {
    ...{ sender, maker, intake, assembly, presence, comparison, recall },
    ...{ gossip, witness },
  })

  const reject = (received: Received, reason: Rejection): void => {
    const { kind, message } = complaintAbout(reason)
    core.alarm(kind, message, { ...received, id: received.envelopeId })
    if (reason.type === 'unreadable') intake.active.rejected(received)
  }

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
        maker.captured(input.question, input.content, input.canonical)
        return
      case 'compared':
        // The answer holds all that was loose too: what another provider put into the document meanwhile may be
        // known to the relay, and is then not sent again.
        if (!comparison.settle(input.question)) return
        for (const claim of outbox.replaceLoose(input.contents, sender.unclaimed())) sender.claimed(claim)
        intake.forgetStale()
        return
      case 'applied':
        for (const position of input.unreadable) {
          const one = input.batch[position]
          if (one !== undefined) reject(one, { type: 'unreadable' })
        }
        intake.active.applied()
        return
      case 'audited':
        audit.audited(input.question, input.missing)
        return
      case 'digested':
        audit.digested(input.question, input.canonical)
        return
      case 'rejected':
        reject(input.received, input.reason)
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
        if (receive) gossip.fallSilent()
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
    subscription.advance()
    sender.woke()
    presence.woke(now)
    if (dueAt !== undefined && dueAt <= now) {
      const question = comparison.asked()
      core.emit({ type: 'compare', question, pending: outbox.sealed().map(({ content }) => content) })
    }
    audit.advance()
    witness.advance()
    receipts.advance()
    gossip.advance()
    sender.flush(state.flushAt !== undefined && state.flushAt <= now)
    maker.advance()
  }

  return {
    owner,
    receipts: receipts.list,
    name: () => ({ author: vault.author, session: state.certificate.session }),
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
      times.push(subscription.wakeAt(), presence.wakeAt(), maker.wakeAt(), ledger.wakeAt(), assembly.wakeAt())
      times.push(witness.wakeAt(), gossip.wakeAt())
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

/** Of other CRDTs that this version knows: such content is no sign of a newer version, but of a mistake or worse. */
const REGISTERED: readonly number[] = [1, 2, 3]

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
    holdsContent: false,
    paused: { send: false, receive: false },
    certificate: vault.certify(session),
    nextSeq: 0,
    head: chainStart(vault.docId, vault.author, session),
    active: undefined,
    isOnItsWay: false,
    since: { updates: 0, bytes: 0 },
    blocked: undefined,
    needsKey: false,
    upgradeNeeded: false,
    pushedAt: 0,
    flushAt: undefined,
    retryAt: undefined,
    reopenAt: undefined,
  }
}
