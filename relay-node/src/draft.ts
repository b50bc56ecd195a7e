/**
 * A draft: what a document's log would be after the pushes of one batch. Every push is decided against it, in order;
 * it becomes the log when the batch is committed, and is thrown away when it is not.
 */
import {
  type Certificate,
  type Chunk,
  type CoverEntry,
  encodeChunk,
  encodeSnapshot,
  encodeUpdate,
  equalBytes,
  type Item,
  isAdmitted,
  type MembershipRecord,
  nextDigest,
  type Refusal,
  type SessionName,
  type Snapshot,
  toHex,
  type Update,
  type Verify,
} from 'sealsync/protocol'
import { fitOf } from './cover.ts'
import { type Document, isOpen, type Log, newSession, sessionKey } from './document.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { ActiveSnapshot, Covered, StoredSession, Write } from './store/store.ts'
import type { Subscriber } from './subscriber.ts'

/** One envelope that somebody pushed. */
export interface Push {
  readonly subscriber: Subscriber
  readonly envelope: Update | Snapshot | MembershipRecord | Chunk
  /** Roughly how much it holds while it waits. */
  readonly bytes: number
}

/** What comes of it, in the order of the pushes. */
export type Outcome =
  | { readonly type: 'answer'; readonly subscriber: Subscriber; readonly item: Item }
  | {
      readonly type: 'accepted'
      readonly subscriber: Subscriber
      readonly envelope: Update | Snapshot
      /** Goes ahead of a session's first update, and of every snapshot. */
      readonly certificate: Certificate | undefined
      readonly version: number
      readonly digest: Uint8Array
    }

/** What the store has below the heads, looked up before anything is decided. */
export interface Known {
  idAt(key: string, seq: number): Uint8Array | undefined
  hasId(id: Uint8Array): boolean
  /** How many bytes a chunk has, if it is there. */
  chunkBytes(id: Uint8Array): number | undefined
  /** How many chunks wait for a snapshot. */
  readonly looseChunks: number
}

export interface Rules {
  readonly verify: Verify
  readonly limits: RelayLimits
  /** When the batch began. */
  readonly now: number
}

export interface Draft {
  readonly document: Document
  readonly writes: readonly Write[]
  readonly outcomes: readonly Outcome[]
  decide(push: Push): void
  /** Answers `unavailable` without deciding. */
  postpone(push: Push): void
  /** Makes it the log. Only after its writes were committed. */
  adopt(): void
}

export const createDraft = (document: Document, known: Known, rules: Rules): Draft => {
  const base = document.log
  const writes: Write[] = []
  const outcomes: Outcome[] = []
  const changed = new Map<string, StoredSession>()
  const added = new Map<string, Uint8Array>()
  const addedIds = new Set<string>()
  const addedChunks = new Map<string, number>()
  let log: Log = base

  const sessionOf = (key: string): StoredSession | undefined => changed.get(key) ?? base.sessions.get(key)

  const idAt = (key: string, seq: number): Uint8Array | undefined => {
    const committed = base.sessions.get(key)
    if (committed === undefined || seq > committed.seq) return added.get(key + seq)
    return seq === committed.seq ? committed.head : known.idAt(key, seq)
  }

  const change = (key: string, next: StoredSession): void => {
    const before = sessionOf(key)
    const opened = (isOpen(next) ? 1 : 0) - (before !== undefined && isOpen(before) ? 1 : 0)
    changed.set(key, next)
    log = { ...log, open: log.open + opened }
  }

  const answer = ({ subscriber }: Push, item: Item): void => {
    outcomes.push({ type: 'answer', subscriber, item })
  }

  const refusal = (id: Uint8Array, code: Refusal, ended: readonly SessionName[] = []): Item => {
    const retryAfterMs = code === 'unavailable' ? rules.limits.retryAfterMs : 0
    return { type: 'refused', id, code, retryAfterMs, ended }
  }

  const isSigned = ({ signature, author, id }: Update | Snapshot): boolean =>
    signature !== undefined && rules.verify('env-sig', signature, author, id)

  /** The session of a certified writer: as stored, or new by a certificate that was shown. */
  const writerSession = (key: string, { shown }: Subscriber): StoredSession | undefined => {
    const session = sessionOf(key)
    const certificate = session === undefined ? shown.get(key) : undefined
    if (certificate === undefined) return session
    const isWriter = isAdmitted(certificate, document.docId, document.genesis, rules.verify)
    return isWriter ? newSession(certificate) : undefined
  }

  /** Gives an envelope the next version; before the first ones, document and session are written down. */
  const place = (push: Push, envelope: Update | Snapshot, { key, session }: Writer): Place => {
    const { docId, genesis } = document
    if (!log.isStored) writes.push({ type: 'create', docId, genesis, logId: log.logId })
    if (sessionOf(key) === undefined)
      writes.push({ type: 'session', docId, certificate: session.certificate })
    changed.set(key, session)
    const { id } = envelope
    const version = log.version + 1
    const digest = nextDigest(log.digest, id)
    log = { ...log, isStored: true, version, digest }
    const isFirst = envelope.type === 'snapshot' || envelope.seq === 0
    const certificate = isFirst ? session.certificate : undefined
    outcomes.push({ type: 'accepted', subscriber: push.subscriber, envelope, certificate, version, digest })
    return { docId, author: session.author, session: session.session, version, id, digest }
  }

  /** Why an update is not taken. Its signature counts for strangers only: the own device has proven its key. */
  const problemOf = (
    update: Update,
    { key, session }: Writer,
    subscriber: Subscriber,
  ): Refusal | undefined => {
    if (update.signature === undefined) return 'invalid'
    if (!equalBytes(update.author, subscriber.certificate.author) && !isSigned(update)) return 'invalid'
    if (session.ended) return 'session-ended'
    if (update.seq !== session.seq + 1 || !equalBytes(update.prev, session.head)) {
      // The predecessor was told to come again later: so is what was already on its way behind it.
      return update.seq > (document.unavailable.get(key) ?? Number.POSITIVE_INFINITY) ? 'unavailable' : 'gap'
    }
    return session.seq < 0 && log.open >= rules.limits.openSessions ? 'snapshot-needed' : undefined
  }

  /** An ack of what is there already, a refusal, or nothing when it was accepted. */
  const decideUpdate = (push: Push, update: Update): Item | undefined => {
    const { id, seq } = update
    const key = sessionKey(update)
    const held = idAt(key, seq)
    if (held !== undefined && equalBytes(held, id)) return { type: 'ack', id }
    const session = writerSession(key, push.subscriber)
    if (session === undefined) return refusal(id, 'role')
    const problem = problemOf(update, { key, session }, push.subscriber)
    if (problem !== undefined) return refusal(id, problem)
    const placed = place(push, update, { key, session })
    writes.push({ type: 'update', ...placed, seq, bytes: encodeUpdate(update) })
    change(key, { ...session, seq, head: id })
    added.set(key + seq, id)
    return undefined
  }

  const decideSnapshot = (push: Push, snapshot: Snapshot): Item | undefined => {
    const { id } = snapshot
    if (addedIds.has(toHex(id)) || known.hasId(id)) return { type: 'ack', id }
    const key = sessionKey(snapshot)
    const session = writerSession(key, push.subscriber)
    if (session === undefined) return refusal(id, 'role')
    if (!isSigned(snapshot)) return refusal(id, 'invalid')
    const fit = fitOf(snapshot, log.active, { sessionOf, idAt })
    if (fit.type === 'superseded') return refusal(id, 'superseded', fit.ended)
    const sizes = snapshot.chunks.map(chunkBytes)
    if (sizes.includes(undefined)) return refusal(id, 'gap')
    const { active } = log
    const placed = place(push, snapshot, { key, session })
    const bytes = encodeSnapshot(snapshot)
    const size = sizes.reduce((sum: number, one) => sum + (one ?? 0), bytes.length)
    const chunks = snapshot.chunks.map((chunk) => chunk.slice())
    const cover = snapshot.cover.map((entry) => ({ ...entry, ...nameOf(entry), head: entry.head.slice() }))
    const covers = coveredBy(cover, active)
    const replaces = active?.version
    writes.push({ type: 'snapshot', ...placed, covers, replaces, chunks, at: rules.now, bytes })
    addedIds.add(toHex(id))
    log = { ...log, active: { version: placed.version, id, size, cover } }
    for (const entry of covers) if (entry.ended) end(sessionKey(entry))
    return undefined
  }

  const chunkBytes = (id: Uint8Array): number | undefined =>
    addedChunks.get(toHex(id)) ?? known.chunkBytes(id)

  /** Nobody signs a chunk: it is taken from whoever has proven that it is his, and counts once a snapshot lists it. */
  const decideChunk = ({ subscriber }: Push, chunk: Chunk): Item => {
    const { id, author } = chunk
    const { certificate } = subscriber
    if (chunkBytes(id) !== undefined) return { type: 'ack', id }
    if (certificate.role !== 'writer') return refusal(id, 'role')
    if (!equalBytes(author, certificate.author)) return refusal(id, 'invalid')
    // Where nothing is stored there is nothing that a snapshot could cover.
    if (!log.isStored) return refusal(id, 'superseded')
    if (known.looseChunks + addedChunks.size >= rules.limits.looseChunks) return refusal(id, 'unavailable')
    const bytes = encodeChunk(chunk)
    writes.push({ type: 'chunk', docId: document.docId, id, bytes, at: rules.now })
    addedChunks.set(toHex(id), bytes.length)
    return { type: 'ack', id }
  }

  /** The session's own copy of its name, which does not keep a frame alive. */
  const nameOf = (name: SessionName): SessionName => {
    const { author, session } = sessionOf(sessionKey(name)) ?? name
    return { author, session }
  }

  const end = (key: string): void => {
    const session = sessionOf(key)
    if (session !== undefined) change(key, { ...session, ended: true })
  }

  const decide = (push: Push): Item | undefined => {
    const { envelope } = push
    switch (envelope.type) {
      case 'update':
        return decideUpdate(push, envelope)
      case 'snapshot':
        return decideSnapshot(push, envelope)
      case 'chunk':
        return decideChunk(push, envelope)
      case 'record':
        // Membership needs an admin key in the genesis; no document of this version has one.
        return refusal(envelope.id, 'role')
    }
  }

  return {
    document,
    writes,
    outcomes,
    decide: (push) => {
      const item = decide(push)
      if (item !== undefined) answer(push, item)
    },
    postpone: (push) => {
      const { envelope } = push
      if (envelope.type === 'update') {
        const { unavailable } = document
        const key = sessionKey(envelope)
        const before = unavailable.get(key)
        // Nothing was decided about it, so its names may be made up: only so many are remembered.
        if (before !== undefined || unavailable.size < rules.limits.openSessions)
          unavailable.set(key, Math.min(envelope.seq, before ?? envelope.seq))
      }
      answer(push, refusal(envelope.id, 'unavailable'))
    },
    adopt: () => {
      for (const [key, session] of changed) {
        base.sessions.set(key, session)
        document.unavailable.delete(key)
      }
      document.log = log
    },
  }
}

/** What each chain loses to a snapshot: what the one before covered is covered already. */
const coveredBy = (cover: readonly CoverEntry[], active: ActiveSnapshot | undefined): readonly Covered[] => {
  const below = new Map(active?.cover.map((entry) => [sessionKey(entry), entry.seq]))
  return cover.map(({ author, session, seq, ended }) => {
    const above = below.get(sessionKey({ author, session })) ?? -1
    return { author, session, above, through: seq, ended }
  })
}

interface Writer {
  readonly key: string
  readonly session: StoredSession
}

interface Place extends SessionName {
  readonly docId: Uint8Array
  readonly version: number
  readonly id: Uint8Array
  readonly digest: Uint8Array
}
