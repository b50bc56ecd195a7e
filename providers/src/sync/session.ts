/**
 * One run of one device on one document, as a pure machine: `step(input, now) → effects`. It decides; the client room
 * acts. Events only change state; what is to be sent follows from `evaluate` after each of them, so that no
 * interleaving can invent a rule of its own.
 */
import {
  chainStart,
  type Cursor,
  equalBytes,
  isPermanent,
  type Item,
  toHex,
  type ToClient,
  type Update,
} from '../protocol/index.ts'
import { createChains } from './chains.ts'
import type { Content } from './content.ts'
import type { Core, SessionDeps, State } from './core.ts'
import type { Effect, Input, Received, SessionStatus, StorageChange } from './effects.ts'
import { createIntake } from './intake.ts'
import { decodeEntry, decodeItem, decodeState, LOG_PREFIX, logIdOfKey, outboxPrefix, STATE_KEY } from './keep.ts'
import { createLedger } from './ledger.ts'
import { createMaker } from './maker.ts'
import { openUpdate } from './opening.ts'
import { createOutbox } from './outbox.ts'
import { createPresence } from './presence.ts'
import { createSender } from './sender.ts'

export interface Session {
  step(input: Input, now: number): readonly Effect[]
  /** When to step with `woke`, at the latest; `undefined`: not until something else happens. */
  wakeAt(): number | undefined
  /** Identity-stable while nothing changes. */
  status(): SessionStatus
  /** Names this run's outbox in storage and its lock, hex. */
  readonly owner: string
}

const COMPARE_SPREAD_MS = 500
/** The comparison waits for the end of the first load. */
const AFTER_LOAD = Number.POSITIVE_INFINITY
const REOPEN_BASE_MS = 50
const REOPEN_MAX_MS = 10_000
/** After so many gaps in a row the cursor itself is doubted. */
const GAPS_BEFORE_COMPLETE = 5

export const createSession = (deps: SessionDeps): Session => {
  const { vault, random, dice, options } = deps
  const owner = toHex(random(8))
  const session = random(8)
  const state: State = {
    now: 0,
    phase: { type: 'detached' },
    relay: undefined,
    attempt: 0,
    logId: new Uint8Array(16),
    cursor: undefined,
    caughtUp: false,
    isNew: false,
    paused: { send: false, receive: false },
    certificate: vault.certify(session),
    nextSeq: 0,
    head: chainStart(vault.docId, vault.author, session),
    active: undefined,
    since: { updates: 0, bytes: 0 },
    blocked: undefined,
    needsKey: false,
    flushAt: undefined,
    retryAt: undefined,
    reopenAt: undefined,
  }
  let effects: Effect[] = []
  let changes: StorageChange[] = []
  let gaps = 0
  let holdsContent = false
  /** The session that the last `open` showed: presence speaks as this one, even when our chain begins anew. */
  let openedAs = session
  /** Whether it is settled what the document holds and the relay lacks. */
  let comparison: { readonly type: 'settled' } | { readonly type: 'due'; at: number | undefined; readonly counts: boolean } = {
    type: 'settled',
  }
  let status: SessionStatus = { sync: 'offline', pending: 0, synced: false, isNew: false, reason: undefined }

  const ledger = createLedger(options.keep)
  const core: Core = {
    ...deps,
    state,
    outbox: createOutbox(vault, owner),
    chains: createChains(deps),
    claims: new Map(),
    emit: (effect) => effects.push(effect),
    transmit: (frame) => effects.push({ type: 'transmit', frame }),
    keep: (change) => changes.push(change),
    alarm: (kind, message, of) =>
      effects.push({
        type: 'alarm',
        alarm: {
          kind,
          docId: toHex(vault.docId),
          message,
          ...(of === undefined ? {} : { author: toHex(of.author) }),
          ...(of?.id === undefined ? {} : { envelopeId: toHex(of.id) }),
        },
      }),
    isTracking: () => comparison.type === 'due',
    openAll: (updates) => updates.flatMap((update) => openedOrNothing(update)),
  }
  const openedOrNothing = (update: Update): Received[] => {
    const opened = openUpdate(update, vault, deps.inflate)
    return opened.ok ? [opened.value] : []
  }
  const { outbox, chains } = core
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

  const open = (): void => {
    if (state.relay === undefined) return
    const { relayKey, nonce } = state.relay
    state.attempt += 1
    state.reopenAt = undefined
    state.caughtUp = false
    state.phase = { type: 'opening', attempt: state.attempt }
    if (chains.get(state.certificate)?.ended) sender.endSession(0)
    openedAs = state.certificate.session
    core.transmit({
      type: 'open',
      attempt: state.attempt,
      create: options.create,
      genesis: vault.genesis,
      certificate: state.certificate,
      ...vault.prove(relayKey, nonce, state.certificate),
      cursor: state.cursor,
    })
  }

  /** Something is missing: ask again from the cursor, soon, and in the end without it. */
  const reopen = (): void => {
    gaps += 1
    if (gaps > GAPS_BEFORE_COMPLETE) {
      state.cursor = undefined
      gaps = 0
    }
    const waitMs = Math.min(REOPEN_MAX_MS, REOPEN_BASE_MS * 2 ** gaps) * dice()
    state.phase = { type: 'opening', attempt: -1 }
    state.caughtUp = false
    maker.discard()
    state.reopenAt = state.now + (gaps === 1 ? 0 : waitMs)
  }

  const opened = (frame: Extract<ToClient, { type: 'opened' }>): void => {
    if (state.phase.type !== 'opening' || state.phase.attempt !== frame.attempt) return
    const { channel } = frame
    state.logId = frame.logId.slice()
    state.isNew = frame.isNew
    if (frame.isNew) core.emit({ type: 'new' })
    sender.opened()
    if (!frame.complete) {
      state.phase = { type: 'live', channel }
      presence.opened(openedAs)
      sender.resend()
      return
    }
    // Another log, or the first: everything that was known of a log is replaced by what this load delivers.
    const another = state.cursor !== undefined || outbox.sealed().length > 0
    state.cursor = undefined
    state.phase = { type: 'loading', channel }
    intake.reset()
    if (another) {
      sender.endSession(0)
      core.emit({ type: 'reread' })
    }
    core.emit({ type: 'track' })
    comparison = { type: 'due', at: another ? undefined : AFTER_LOAD, counts: another || holdsContent }
    presence.opened(openedAs)
  }

  const deliver = (frame: Extract<ToClient, { type: 'deliver' }>): void => {
    const { phase } = state
    if (state.paused.receive || (phase.type !== 'live' && phase.type !== 'loading')) return
    if (phase.channel !== frame.channel) return
    const from = state.cursor?.version ?? (frame.load === 'none' ? undefined : 0)
    if (from === undefined || frame.after > from) {
      reopen()
      return
    }
    if (intake.deliver(frame) === 'gap') {
      reopen()
      return
    }
    if (state.phase.type === 'loading' && frame.load === 'last') {
      state.phase = { type: 'live', channel: frame.channel }
      sender.resend()
    }
    if (!frame.caughtUp || state.caughtUp || state.cursor === undefined) return
    state.caughtUp = true
    gaps = 0
    core.emit({ type: 'caught-up' })
    if (comparison.type === 'due' && (comparison.at === undefined || comparison.at === AFTER_LOAD)) {
      // After a reset everybody lacks the same: a random wait lets one upload serve all.
      comparison.at = comparison.at === AFTER_LOAD ? state.now : state.now + dice() * COMPARE_SPREAD_MS
    }
  }

  const received = (frame: Extract<Input, { type: 'received' }>['frame']): void => {
    switch (frame.type) {
      case 'opened':
        opened(frame)
        return
      case 'deliver':
        deliver(frame)
        return
      case 'ephemeral':
        presence.received(frame.connection, frame.ephemeral, state.now)
        return
      case 'joined':
        if (core.chains.admits(frame.certificate)) presence.joined(frame.connection, frame.certificate)
        return
      case 'left':
        presence.left(frame.connection)
        return
      case 'found':
        return
      case 'closed':
        presence.disconnected()
        state.caughtUp = false
        state.phase = { type: 'closed', code: frame.code, reason: frame.reason }
        maker.discard()
        if (!isPermanent(frame.code)) {
          gaps += 1
          state.reopenAt = state.now + Math.min(REOPEN_MAX_MS, 1000 * 2 ** gaps) * dice()
        }
        core.emit({ type: 'closed', code: frame.code, reason: frame.reason })
    }
  }

  const itemsByLog = (entries: ReadonlyMap<string, Uint8Array>, mine: (logId: Uint8Array) => boolean) => {
    const current = new Map<string, Item>()
    const others = new Map<string, Item>()
    for (const [key, value] of entries) {
      if (!key.startsWith(LOG_PREFIX)) continue
      const logId = logIdOfKey(key)
      const item = decodeItem(value, vault.docId)
      if (item !== undefined && logId !== undefined) (mine(logId) ? current : others).set(key, item)
    }
    return { current, others }
  }

  const restored = (entries: ReadonlyMap<string, Uint8Array>, holds: boolean): void => {
    const stored = entries.get(STATE_KEY)
    const cursor: Cursor | undefined = stored === undefined ? undefined : decodeState(stored)
    const { current, others } = itemsByLog(entries, (logId) => cursor !== undefined && equalBytes(logId, cursor.logId))
    holdsContent = holds || others.size > 0
    intake.restore(others, false)
    intake.addStale(others.keys())
    core.emit({ type: 'track' })
    comparison = { type: 'due', at: AFTER_LOAD, counts: holdsContent }
    if (cursor === undefined) return
    state.logId = cursor.logId
    // With a cursor it is known at once what the relay lacks; without one, only after the first load.
    if (intake.restore(current, true) === 'whole') {
      state.cursor = cursor
      comparison.at = state.now
    }
  }

  const adopted = (entries: ReadonlyMap<string, Uint8Array>): void => {
    const batch: Received[] = []
    for (const key of [...entries.keys()].sort()) {
      const value = entries.get(key)
      const entry = value === undefined || key.startsWith(outboxPrefix(owner)) ? undefined : decodeEntry(value, vault)
      if (entry === undefined) continue
      const adoptedContent = entry.type === 'plain' ? entry.content : adoptSealed(entry.update)
      if (adoptedContent === undefined) continue
      const { author, session: own } = state.certificate
      const claims = entry.type === 'plain' ? entry.claims : []
      batch.push({
        kind: 'update',
        author,
        session: own,
        envelopeId: new Uint8Array(32),
        ...adoptedContent,
        claims: [],
      })
      sender.edited(adoptedContent, 1, claims)
      core.keep({ key, value: undefined })
    }
    if (batch.length > 0) core.emit({ type: 'apply', batch, known: false })
  }

  /** Never continued or sent again in its old chain: opened, and sealed anew. */
  const adoptSealed = (update: Update): Content | undefined => openedOrNothing(update)[0]

  const compared = (content: Content | undefined): void => {
    comparison = { type: 'settled' }
    if (content !== undefined) sender.edited(content)
    intake.forgetStale()
  }

  const detach = (): void => {
    state.phase = { type: 'detached' }
    state.caughtUp = false
    state.relay = undefined
    state.flushAt = undefined
    state.reopenAt = undefined
    state.retryAt = undefined
    gaps = 0
    maker.discard()
    presence.disconnected()
  }

  const handle = (input: Input): void => {
    switch (input.type) {
      case 'restored':
        restored(input.entries, input.holdsContent)
        return
      case 'reread': {
        const { others } = itemsByLog(input.entries, (logId) => equalBytes(logId, state.logId))
        intake.restore(others, false)
        intake.addStale(others.keys())
        return
      }
      case 'connected':
        state.relay = { relayKey: input.relayKey, nonce: input.nonce }
        open()
        return
      case 'disconnected':
        detach()
        return
      case 'received':
        received(input.frame)
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
      case 'captured':
        maker.captured(input.content)
        return
      case 'compared':
        compared(input.content)
        return
      case 'applied':
        for (const position of input.unreadable) {
          const one = input.batch[position]
          if (one === undefined) continue
          core.alarm('quarantined', 'the CRDT cannot read this content', { ...one, id: one.envelopeId })
        }
        return
      case 'persisted':
        ledger.persisted(input.ticket)
        return
      case 'not-persisted':
        ledger.failed(input.ticket, state.now)
        return
      case 'adopted':
        adopted(input.entries)
        return
      case 'flush':
        sender.flush(true)
        return
      case 'snapshot':
        maker.ask()
        return
      case 'pause':
        state.paused = {
          send: state.paused.send || input.directions.send === true,
          receive: state.paused.receive || input.directions.receive === true,
        }
        return
      case 'resume': {
        const wasDeaf = state.paused.receive
        state.paused = { send: false, receive: false }
        if (wasDeaf && state.relay !== undefined) open()
        else sender.resend()
        return
      }
      case 'woke':
        return
    }
  }

  /** What the relay lacks can be told while a load is complete: at its end, or from what storage kept of the log. */
  const dueComparison = (): number | undefined =>
    comparison.type === 'due' && state.cursor !== undefined && state.phase.type !== 'loading' ? comparison.at : undefined

  /** After every input: whatever its time or its turn has come for. */
  const evaluate = (): void => {
    const { now } = state
    if (state.reopenAt !== undefined && state.reopenAt <= now) open()
    sender.woke()
    presence.woke(now)
    const compareAt = dueComparison()
    if (comparison.type === 'due' && compareAt !== undefined && compareAt <= now) {
      comparison.at = undefined
      core.emit({ type: 'compare', pending: outbox.contents() })
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
      const times = [
        state.flushAt,
        state.retryAt,
        state.reopenAt,
        presence.wakeAt(),
        maker.wakeAt(),
        ledger.wakeAt(),
        dueComparison(),
      ]
      const earliest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
      return earliest === Number.POSITIVE_INFINITY ? undefined : earliest
    },
    status: () => {
      const counted = comparison.type === 'due' && comparison.counts ? 1 : 0
      const next: SessionStatus = {
        ...describe(state, vault.role === 'reader', outbox.edits() + ledger.settling() + counted),
      }
      if (Object.entries(next).some(([key, value]) => status[key as keyof SessionStatus] !== value)) status = next
      return status
    },
  }
}

/** One word for what the app shows, in the order of what matters most to its user. */
const describe = (state: State, isReader: boolean, pending: number): SessionStatus => {
  const { phase } = state
  const closed = phase.type === 'closed' && isPermanent(phase.code) ? phase : undefined
  const shared = { pending, synced: state.caughtUp, isNew: state.isNew }
  if (closed?.code === 4404) return { ...shared, sync: 'not-found', reason: closed.reason }
  if (closed !== undefined) return { ...shared, sync: 'blocked', reason: closed.reason }
  if (state.blocked !== undefined) return { ...shared, sync: 'blocked', reason: state.blocked }
  if (state.needsKey) return { ...shared, sync: 'needs-key', reason: undefined }
  if (state.paused.send || state.paused.receive) return { ...shared, sync: 'paused', reason: undefined }
  if (state.relay === undefined) return { ...shared, sync: 'offline', reason: undefined }
  if (!state.caughtUp) return { ...shared, sync: 'loading', reason: undefined }
  if (pending > 0) return { ...shared, sync: 'saving', reason: undefined }
  return { ...shared, sync: isReader ? 'readonly' : 'saved', reason: undefined }
}
