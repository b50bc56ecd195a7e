/**
 * Making snapshots. A snapshot is an optimisation and never a gate: updates go on while one is made, and one that is
 * refused or forgotten loses nothing. In one turn local edits are sealed, the state is encoded and the cover is fixed,
 * including that last envelope; it is sent only after that envelope was acknowledged.
 */
import {
  type CoverEntry,
  compareCover,
  equalBytes,
  type Item,
  LIMITS,
  type SessionName,
  type Snapshot,
  TAG_BYTES,
} from '../protocol/index.ts'
import { chainKey } from './chains.ts'
import { type Content, encodeSnapshotInner } from './content.ts'
import { type Core, pushChannel } from './core.ts'
import type { Presence } from './presence.ts'
import { pack, type Sender } from './sender.ts'

interface Making {
  readonly question: number
  readonly cover: readonly CoverEntry[]
  readonly parents: readonly Uint8Array[]
  readonly startedAt: number
  readonly evenIncomplete: boolean
  inner: Uint8Array | undefined
  sent: Snapshot | undefined
}

export interface Maker {
  /** The app asked for one. */
  ask(): void
  /** The relay has too many open sessions. */
  need(): void
  /** The active snapshot is of no use to anybody: one that can be read should take its place. */
  replace(): void
  captured(question: number, content: Content | undefined, canonical: Uint8Array | undefined): void
  /** Called whenever something changed that may let one begin, or be sent. */
  advance(): void
  /** Another snapshot became active, or the link dropped. */
  discard(): void
  acked(id: Uint8Array): Snapshot | undefined
  refused(item: Extract<Item, { type: 'refused' }>): boolean
  wakeAt(): number | undefined
}

const PATIENCE_MS = 10_000
/** What a state depends on may never come: its author may have left it out on purpose. */
const INCOMPLETE_MS = 60_000
const AGAIN_MS = 2_000
const ASKED_TRIES = 5

export const createMaker = (core: Core, sender: Sender, presence: Presence): Maker => {
  const { state, outbox, chains, vault, options, dice } = core
  let making: Making | undefined
  let asked = 0
  let needed = false
  let replacing = false
  let dueAt: number | undefined
  let incompleteSince: number | undefined
  let question = 0

  const isMine = (name: SessionName): boolean =>
    equalBytes(name.author, vault.author) && equalBytes(name.session, state.certificate.session)

  const isDue = (): boolean => {
    const policy = options.snapshot
    if (policy === 'never') return false
    if (asked > 0 || needed) return true
    if (policy === false) return false
    if (replacing) return true
    return state.since.updates >= policy.afterUpdates || state.since.bytes >= policy.afterBytes
  }

  const mayBegin = (): boolean =>
    making === undefined &&
    state.caughtUp &&
    !state.paused.receive &&
    pushChannel(core) !== undefined &&
    vault.role !== 'reader' &&
    !state.needsKey &&
    // What the active one covers must be covered by its successor, and only what was read here can be.
    (state.active === undefined || chains.holds(state.active.entries))

  const fixCover = (): readonly CoverEntry[] => {
    const present = new Set(presence.sessions().map(chainKey))
    const readable = chains.open().filter((chain) => (chain.readable?.seq ?? 0) >= 0)
    const entries = readable.map((chain): CoverEntry => {
      const name = { author: chain.author, session: chain.session }
      const mine = isMine(chain)
      if (chain.readable !== undefined) return { ...name, ...chain.readable, ended: false }
      const idle = chain.held.length === 0 && state.active?.cover.get(chain.key) === chain.seq
      const crowdedOut = needed && chain.held.length === 0 && (idle || dice() < 0.5)
      const ended = !mine && ((idle && !present.has(chain.key)) || crowdedOut)
      return { ...name, seq: chain.seq, head: chain.head, ended }
    })
    // While sessions are too many our own unsent edits cannot be waited for: they stay in the outbox.
    const rest = entries.filter((entry) => !isMine(entry) || needed)
    // An ended session stays out: the active snapshot covers all of it.
    if (!needed && state.nextSeq > 0 && chains.get(state.certificate)?.ended !== true) {
      const { author, session } = state.certificate
      rest.push({ author, session, seq: state.nextSeq - 1, head: state.head, ended: false })
    }
    return rest.sort(compareCover)
  }

  const begin = (): void => {
    if (!needed) {
      sender.flush(true)
      if (outbox.loose().length > 0) return
      // An older session's envelopes are on their way to a new one: their place in the cover is not settled.
      const { session } = state.certificate
      if (outbox.sealed().some(({ update }) => !equalBytes(update.session, session))) return
    }
    const cover = fixCover()
    if (cover.length === 0 || cover.length > LIMITS.openSessions) {
      asked = 0
      core.emit({ type: 'snapshot-made', taken: false })
      return
    }
    const parents = state.active === undefined ? [] : [state.active.id]
    const evenIncomplete = incompleteSince !== undefined && state.now - incompleteSince > INCOMPLETE_MS
    question += 1
    making = {
      question,
      cover,
      parents,
      startedAt: state.now,
      evenIncomplete,
      inner: undefined,
      sent: undefined,
    }
    core.emit({ type: 'capture', question, evenIncomplete })
  }

  const send = (): void => {
    const channel = pushChannel(core)
    if (making?.inner === undefined || making.sent !== undefined || channel === undefined) return
    const last = making.cover.find(isMine)
    const waits = outbox
      .sealed()
      .some(({ update }) => isMine(update) && last !== undefined && update.seq <= last.seq)
    if (waits && !needed) return
    const fields = {
      session: state.certificate.session,
      logHeight: 0,
      parents: making.parents,
      cover: making.cover,
      chunks: [],
      padded: options.pad,
    }
    making.sent = vault.sealSnapshot(fields, making.inner)
    const items: Item[] = [
      { type: 'certificate', certificate: state.certificate },
      { type: 'snapshot', snapshot: making.sent },
    ]
    core.transmit({ type: 'push', channel, items })
  }

  const later = (): void => {
    making = undefined
    dueAt = state.now + AGAIN_MS * (0.5 + dice())
  }

  return {
    ask: () => {
      if (options.snapshot === 'never') core.emit({ type: 'snapshot-made', taken: false })
      else asked = ASKED_TRIES
    },
    need: () => {
      needed = true
    },
    replace: () => {
      replacing = true
    },
    captured: (answered, content, canonical) => {
      // A late answer: its state may lack what the cover of a newer one includes.
      if (making?.question !== answered || making.inner !== undefined) return
      if (content === undefined) {
        incompleteSince ??= state.now
        later()
        return
      }
      if (!making.evenIncomplete) incompleteSince = undefined
      // Only of a state that is exactly what the cover says.
      const isExact = canonical !== undefined && !needed && !chains.hasUnread()
      const digest = isExact ? vault.stateDigest(canonical) : new Uint8Array(0)
      const inner = encodeSnapshotInner(
        { ...pack(content, core), claims: [...core.claims.values()], digest },
        options.pad,
      )
      if (inner.length + TAG_BYTES > LIMITS.snapshotBytes) {
        asked = 0
        later()
        core.emit({ type: 'snapshot-made', taken: false })
        return
      }
      making.inner = inner
    },
    advance: () => {
      if (making !== undefined && state.now - making.startedAt > PATIENCE_MS) later()
      if (making !== undefined) {
        send()
        return
      }
      if (!isDue()) {
        dueAt = undefined
        return
      }
      if (!mayBegin()) return
      const policy = options.snapshot
      const spreadMs = asked > 0 || typeof policy !== 'object' ? 0 : needed ? 500 : policy.idleMs
      dueAt ??= state.now + dice() * spreadMs
      if (dueAt > state.now) return
      dueAt = undefined
      begin()
    },
    discard: () => {
      making = undefined
      dueAt = undefined
      replacing = false
    },
    acked: (id) => {
      if (making?.sent === undefined || !equalBytes(making.sent.id, id)) return undefined
      const { sent } = making
      making = undefined
      asked = 0
      needed = false
      core.emit({ type: 'snapshot-made', taken: true })
      return sent
    },
    refused: (item) => {
      if (making?.sent === undefined || !equalBytes(making.sent.id, item.id)) return false
      for (const name of item.ended) chains.end(name)
      later()
      if (asked > 0) {
        asked -= 1
        if (asked === 0) core.emit({ type: 'snapshot-made', taken: false })
      }
      return true
    },
    wakeAt: () => {
      if (making !== undefined) return making.startedAt + PATIENCE_MS + 1
      return dueAt !== undefined && mayBegin() ? dueAt : undefined
    },
  }
}
