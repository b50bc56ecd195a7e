/**
 * Making snapshots. A snapshot is an optimisation and never a gate: updates go on while one is made, and one that is
 * refused or forgotten loses nothing. In one turn local edits are sealed, the state is encoded and the cover is fixed,
 * including that last envelope; it is sent only after that envelope was acknowledged.
 */
import {
  type Certificate,
  type Chunk,
  type CoverEntry,
  equalBytes,
  type Item,
  LIMITS,
  type SessionName,
  type Snapshot,
} from '../protocol/index.ts'
import type { Content } from './content.ts'
import { type Core, pushChannel } from './core.ts'
import { fixCover } from './cover.ts'
import { packSnapshot } from './packed-snapshot.ts'
import type { Presence } from './presence.ts'
import type { Sender } from './sender.ts'
import { createUpload, type Upload } from './upload.ts'

interface Making {
  readonly question: number
  readonly cover: readonly CoverEntry[]
  readonly parents: readonly Uint8Array[]
  /** The session that is covered as far as it had sealed. */
  readonly certificate: Certificate
  readonly evenIncomplete: boolean
  /** When it began, or the relay last took something of it. */
  heardAt: number
  inner: Uint8Array | undefined
  /** Of a state that is large. */
  upload: Upload | undefined
  sealed: Snapshot | undefined
  /** When it was sent, if an answer may still come. */
  sentAt: number | undefined
  /** Not before: the relay has asked for a pause. */
  resumeAt: number
  /** Whether all its chunks went up once more, because the relay lacked some. */
  isRepeated: boolean
}

type Refused = Extract<Item, { type: 'refused' }>

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
  /** Another snapshot became active, or another log. */
  discard(): void
  /** The link dropped, or the document is opened anew. What has gone up in chunks need not do so again. */
  interrupt(): void
  /** Whether it is the one that is being made. */
  isOurs(id: Uint8Array): boolean
  /** Of a snapshot of ours, or of a chunk of it. */
  acked(id: Uint8Array): { readonly snapshot: Snapshot; readonly chunks: readonly Chunk[] } | undefined
  refused(item: Refused): boolean
  wakeAt(): number | undefined
}

const PATIENCE_MS = 10_000
/** What a state depends on may never come: its author may have left it out on purpose. */
const INCOMPLETE_MS = 60_000
/** Between tries, doubled with each that comes to nothing while no other snapshot becomes active: up to two minutes. */
const AGAIN_MS = 2_000
const MOST_DOUBLINGS = 6
/** Until what was refused for now goes up again, at least. */
const RESUME_MS = 1_000
const ASKED_TRIES = 5
/** A document that has become unreadable as a whole must not make its readers replace each other's snapshots for ever. */
const REPLACEMENTS = 3
/** An upload of which nothing is taken for so long is given up. */
const UPLOAD_PATIENCE_MS = 60_000

export const createMaker = (core: Core, sender: Sender, presence: Presence): Maker => {
  const { state, outbox, chains, vault, options, dice } = core
  let making: Making | undefined
  let asked = 0
  let needed = false
  let replacing = false
  let replacements = 0
  let failures = 0
  let dueAt: number | undefined
  let incompleteSince: number | undefined
  let question = 0

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
    // What the active one covers must be covered by its successor, and only what was read here can be. It may hold more
    // than it covers: then its successor must as well.
    !state.isOnItsWay &&
    (state.active === undefined || chains.holds(state.active.entries))

  const begin = (): void => {
    if (!needed) {
      sender.flush(true)
      if (outbox.loose().length > 0) return
      // An older session's envelopes are on their way to a new one: their place in the cover is not settled.
      const { session } = state.certificate
      if (outbox.sealed().some(({ update }) => !equalBytes(update.session, session))) return
    }
    const cover = fixCover(core, presence, needed)
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
      certificate: state.certificate,
      evenIncomplete,
      heardAt: state.now,
      inner: undefined,
      upload: undefined,
      sealed: undefined,
      sentAt: undefined,
      resumeAt: 0,
      isRepeated: false,
    }
    core.emit({ type: 'capture', question, evenIncomplete })
  }

  const send = (): void => {
    const channel = pushChannel(core)
    if (making?.inner === undefined || channel === undefined) return
    // What took long to go up is not given up for one lost answer.
    const isLost = making.upload !== undefined && (making.sentAt ?? state.now) + PATIENCE_MS < state.now
    if (making.sentAt !== undefined && !isLost) return
    if (making.resumeAt > state.now) return
    // Of the session in which it began: there may be another by now.
    const { certificate } = making
    const last = making.cover.find((entry) => isOf(certificate, entry))
    const waits = outbox
      .sealed()
      .some(({ update }) => isOf(certificate, update) && last !== undefined && update.seq <= last.seq)
    if (waits && !needed) return
    // What it covers of that session was refused, and goes up in another.
    if (last !== undefined && (chains.get(certificate)?.seq ?? -1) < last.seq) {
      later()
      return
    }
    if (making.upload?.advance(channel) === false) return
    const fields = {
      session: certificate.session,
      logHeight: 0,
      parents: making.parents,
      cover: making.cover,
      chunks: chunksOf(making).map(({ id }) => id),
      padded: options.pad,
    }
    making.sealed ??= vault.sealSnapshot(fields, making.inner)
    making.sentAt = state.now
    const items: Item[] = [
      { type: 'certificate', certificate },
      { type: 'snapshot', snapshot: making.sealed },
    ]
    core.transmit({ type: 'push', channel, items })
  }

  /** The relay does not take it. */
  const giveUp = (): void => {
    later()
    failures += 1
    if (asked > 0) {
      asked -= 1
      if (asked === 0) core.emit({ type: 'snapshot-made', taken: false })
    }
  }

  /** What a refusal of a large one means: it is not made anew for something that passes. */
  const isRetried = (mine: Making, { id, code, retryAfterMs }: Refused): boolean => {
    if (mine.upload === undefined) return false
    if (code === 'gap' && !mine.isRepeated && mine.sealed !== undefined && equalBytes(mine.sealed.id, id)) {
      mine.isRepeated = true
      mine.upload.restart()
    } else if (code === 'unavailable') mine.upload.again(id)
    else return false
    mine.sentAt = undefined
    mine.resumeAt = state.now + Math.max(RESUME_MS, Math.min(retryAfterMs, 60_000))
    return true
  }

  /** After so long it is not going to be taken any more. */
  const endsAt = ({ heardAt, upload }: Making): number =>
    heardAt + (upload === undefined ? PATIENCE_MS : UPLOAD_PATIENCE_MS)

  const wakeOf = (mine: Making): number | undefined => {
    const { upload, resumeAt } = mine
    if (upload === undefined) return endsAt(mine) + 1
    if (pushChannel(core) === undefined) return undefined
    const times = [endsAt(mine) + 1]
    if (resumeAt > state.now) times.push(resumeAt)
    else if (mine.sentAt !== undefined) times.push(mine.sentAt + PATIENCE_MS + 1)
    else times.push(upload.wakeAt() ?? Number.POSITIVE_INFINITY)
    return Math.min(...times)
  }

  const later = (): void => {
    making = undefined
    // Whoever has asked waits for the answer.
    const doublings = asked > 0 ? 0 : Math.min(failures, MOST_DOUBLINGS)
    dueAt = state.now + AGAIN_MS * 2 ** doublings * (0.5 + dice())
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
      if (replacements >= REPLACEMENTS) return
      replacements += 1
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
      const packed = packSnapshot(core, content, digest)
      if (packed !== undefined) {
        making.inner = packed.inner
        if (packed.pieces.length > 0) making.upload = createUpload(core, packed)
        return
      }
      asked = 0
      later()
      core.emit({ type: 'snapshot-made', taken: false })
    },
    advance: () => {
      if (making?.upload !== undefined) {
        // Its time runs only while it can go up.
        if (pushChannel(core) === undefined) making.heardAt = Number.POSITIVE_INFINITY
        else if (making.heardAt === Number.POSITIVE_INFINITY) making.heardAt = state.now
      }
      if (making !== undefined && endsAt(making) < state.now) giveUp()
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
      failures = 0
      // If there are still too many sessions the relay says so again.
      needed = false
    },
    interrupt: () => {
      // A new link does not shorten the pause after a refusal.
      if (failures === 0) dueAt = undefined
      if (making?.upload === undefined) making = undefined
      else {
        making.upload.interrupt()
        making.sentAt = undefined
      }
    },
    isOurs: (id) => making?.sealed !== undefined && equalBytes(making.sealed.id, id),
    acked: (id) => {
      if (making?.upload?.isPart(id)) {
        making.heardAt = state.now
        making.upload.acked(id)
        return undefined
      }
      if (making?.sealed === undefined || !equalBytes(making.sealed.id, id)) return undefined
      const made = { snapshot: making.sealed, chunks: chunksOf(making) }
      making = undefined
      asked = 0
      needed = false
      failures = 0
      core.emit({ type: 'snapshot-made', taken: true })
      return made
    },
    refused: (item) => {
      const isSnapshot = making?.sealed !== undefined && equalBytes(making.sealed.id, item.id)
      if (making === undefined || !(isSnapshot || making.upload?.isPart(item.id))) return false
      for (const name of item.ended) chains.end(name)
      if (!isRetried(making, item)) giveUp()
      return true
    },
    wakeAt: () => {
      if (making !== undefined) return wakeOf(making)
      return dueAt !== undefined && mayBegin() ? dueAt : undefined
    },
  }
}

const chunksOf = ({ upload }: Making): readonly Chunk[] => upload?.chunks() ?? []

const isOf = (a: SessionName, b: SessionName): boolean =>
  equalBytes(a.author, b.author) && equalBytes(a.session, b.session)
