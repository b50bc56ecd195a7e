/**
 * One document's log in the model relay: what is stored of it, and the rules by which a push is taken
 * (docs/protocol.md, 14.5). A push is stored the moment it is taken, so nothing here is ever tentative.
 */
import { equalBytes, toHex } from '../bytes.ts'
import type { Verify } from '../crypto.ts'
import {
  type Certificate,
  type Chunk,
  type CoverEntry,
  chainStart,
  encodeChunk,
  encodeSnapshot,
  encodeUpdate,
  type Genesis,
  type Item,
  isAdmitted,
  LIMITS,
  type MembershipRecord,
  type Refusal,
  type SessionName,
  type Snapshot,
  type Update,
} from '../protocol/index.ts'

/** One stored envelope. The first of a log has version 1. */
export interface Entry {
  readonly envelope: Update | Snapshot
  /** Of the envelope's session. */
  readonly certificate: Certificate
  /** The name of the connection that pushed it, and its number. */
  readonly from: string
  readonly connection: number
  /** When it was stored, by the relay's clock. */
  readonly at: number
  /** Its size, with its chunks. */
  readonly bytes: number
  /** A snapshot has replaced it, and its bytes are gone. */
  readonly isPruned: boolean
}

export interface Log {
  readonly logId: Uint8Array
  readonly entries: Entry[]
  readonly sessions: Map<string, Session>
  /** By id, hex: also those that no snapshot lists yet. */
  readonly chunks: Map<string, Chunk>
  active: Snapshot | undefined
}

interface Session {
  readonly certificate: Certificate
  /** Ids of its updates, by seq. */
  readonly ids: Uint8Array[]
  ended: boolean
}

/** Who pushes: what the rules need to know of the connection. */
export interface Pusher {
  readonly name: string
  readonly connection: number
  /** The device whose key the connection has proven. */
  readonly author: Uint8Array
  readonly isWriter: boolean
  /** Writers' certificates that it has shown, by session. */
  readonly shown: ReadonlyMap<string, Certificate>
}

export interface Rules {
  readonly docId: Uint8Array
  readonly genesis: Genesis
  readonly verify: Verify
  readonly now: () => number
}

export type Pushed = Update | Snapshot | Chunk | MembershipRecord

/** What comes of a push: it is stored, or this is the answer. */
export type Taken =
  | { readonly type: 'stored'; readonly entry: Entry }
  | { readonly type: 'answer'; readonly item: Answer }

export type Answer = Extract<Item, { readonly type: 'ack' | 'refused' }>

export const sessionKey = ({ author, session }: SessionName): string => toHex(author) + toHex(session)

export const createLog = (logId: Uint8Array): Log => ({
  logId,
  entries: [],
  sessions: new Map(),
  chunks: new Map(),
  active: undefined,
})

/** The same log up to a version, on a disk of its own. */
export const copyLog = (log: Log, to: number, logId: Uint8Array = log.logId): Log => {
  const copy = createLog(logId)
  for (const entry of log.entries.slice(0, to)) append(copy, entry)
  for (const [id, chunk] of log.chunks) copy.chunks.set(id, chunk)
  return copy
}

/** From its first update until a snapshot ends it. */
const isOpen = ({ ids, ended }: Session): boolean => ids.length > 0 && !ended

/** Drops the bytes of everything that snapshots have replaced, chunks included. */
export const pruneLog = (log: Log): void => {
  const { active, entries, chunks } = log
  if (active === undefined) return
  // What a pruned snapshot covers was pruned with it.
  const isCovered = coveredBy(entries.filter(({ isPruned }) => !isPruned))
  const kept = new Set(active.chunks.map(toHex))
  for (const [i, entry] of entries.entries()) {
    const { envelope, isPruned } = entry
    const isReplaced = envelope.type === 'update' ? isCovered(envelope) : envelope !== active
    if (isPruned || !isReplaced) continue
    entries[i] = { ...entry, isPruned: true }
    for (const id of envelope.type === 'snapshot' ? envelope.chunks : [])
      if (!kept.has(toHex(id))) chunks.delete(toHex(id))
  }
}

/** Whether an update is included in a snapshot among these entries. */
export const coveredBy = (entries: readonly Entry[]): ((update: Update) => boolean) => {
  const seqs = new Map<string, number>()
  for (const { envelope } of entries) {
    for (const entry of envelope.type === 'snapshot' ? envelope.cover : []) {
      const key = sessionKey(entry)
      seqs.set(key, Math.max(entry.seq, seqs.get(key) ?? -1))
    }
  }
  return (update) => update.seq <= (seqs.get(sessionKey(update)) ?? -1)
}

/** Certificates of the sessions that are open at the end of these entries, by session. */
export const openIn = (entries: readonly Entry[]): ReadonlyMap<string, Certificate> => {
  const open = new Map<string, Certificate>()
  for (const { envelope, certificate } of entries) {
    if (envelope.type === 'update') open.set(sessionKey(envelope), certificate)
    else for (const entry of envelope.cover) if (entry.ended) open.delete(sessionKey(entry))
  }
  return open
}

/** Decides about one pushed envelope, and stores it if it fits. */
export const take = (log: Log, envelope: Pushed, pusher: Pusher, rules: Rules): Taken => {
  const { id } = envelope
  if (envelope.type === 'chunk') return takeChunk(log, envelope, pusher)
  // Membership needs an admin key in the genesis; no document of version 1 has one.
  if (envelope.type === 'record') return refuse(id, 'role')
  if (isHeld(log, envelope)) return { type: 'answer', item: { type: 'ack', id } }
  const certificate = writerOf(log, envelope, pusher, rules)
  if (certificate === undefined) return refuse(id, 'role')
  const refused =
    envelope.type === 'update' ? problemOf(log, envelope, pusher, rules) : misfitOf(log, envelope, rules)
  if (refused !== undefined) return refused
  const { name: from, connection } = pusher
  const entry = {
    envelope,
    certificate,
    from,
    connection,
    at: rules.now(),
    bytes: sizeIn(log, envelope),
    isPruned: false,
  }
  append(log, entry)
  return { type: 'stored', entry }
}

const sizeIn = (log: Log, envelope: Update | Snapshot): number => {
  if (envelope.type === 'update') return encodeUpdate(envelope).length
  const chunks = envelope.chunks.flatMap((id) => log.chunks.get(toHex(id)) ?? [])
  return chunks.reduce((sum, chunk) => sum + encodeChunk(chunk).length, encodeSnapshot(envelope).length)
}

/** Nobody signs a chunk: it is taken from whoever has proven that it is his, and counts once a snapshot lists it. */
const takeChunk = (log: Log, chunk: Chunk, { author, isWriter }: Pusher): Taken => {
  const { id } = chunk
  if (log.chunks.has(toHex(id))) return { type: 'answer', item: { type: 'ack', id } }
  if (!isWriter) return refuse(id, 'role')
  if (!equalBytes(chunk.author, author)) return refuse(id, 'invalid')
  if (log.entries.length === 0) return refuse(id, 'superseded')
  log.chunks.set(toHex(id), chunk)
  return { type: 'answer', item: { type: 'ack', id } }
}

const append = (log: Log, entry: Entry): void => {
  const { envelope, certificate } = entry
  const key = sessionKey(envelope)
  const session = log.sessions.get(key) ?? { certificate, ids: [], ended: false }
  log.sessions.set(key, session)
  log.entries.push(entry)
  if (envelope.type === 'update') {
    session.ids[envelope.seq] = envelope.id
    return
  }
  log.active = envelope
  for (const covered of envelope.cover) {
    const chain = log.sessions.get(sessionKey(covered))
    if (chain !== undefined && covered.ended) chain.ended = true
  }
}

const refuse = (id: Uint8Array, code: Refusal, ended: readonly SessionName[] = []): Taken => ({
  type: 'answer',
  item: { type: 'refused', id, code, retryAfterMs: 0, ended },
})

const idAt = (log: Log, name: SessionName, seq: number): Uint8Array | undefined =>
  log.sessions.get(sessionKey(name))?.ids[seq]

const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && equalBytes(a, b)

/** An update is looked for at its place, a snapshot anywhere. */
const isHeld = (log: Log, envelope: Update | Snapshot): boolean =>
  envelope.type === 'update'
    ? isSame(idAt(log, envelope, envelope.seq), envelope.id)
    : log.entries.some((entry) => equalBytes(entry.envelope.id, envelope.id))

/** The certificate of a session that may write: as stored, or new and shown by the pusher. */
const writerOf = (
  log: Log,
  name: SessionName,
  { shown }: Pusher,
  { docId, genesis, verify }: Rules,
): Certificate | undefined => {
  const stored = log.sessions.get(sessionKey(name))?.certificate
  const certificate = stored ?? shown.get(sessionKey(name))
  if (certificate === undefined || certificate === stored) return stored
  return isAdmitted(certificate, docId, genesis, verify) ? certificate : undefined
}

const isSigned = ({ signature, author, id }: Update | Snapshot, verify: Verify): boolean =>
  signature !== undefined && verify('env-sig', signature, author, id)

const problemOf = (log: Log, update: Update, { author }: Pusher, rules: Rules): Taken | undefined => {
  const { docId, verify } = rules
  const { id, seq, signature } = update
  const session = log.sessions.get(sessionKey(update))
  // The pusher's own device has proven its key: only strangers' signatures are looked at.
  const isVouched = equalBytes(update.author, author) || isSigned(update, verify)
  if (signature === undefined || !isVouched) return refuse(id, 'invalid')
  if (session?.ended) return refuse(id, 'session-ended')
  const next = session?.ids.length ?? 0
  const head = session?.ids.at(-1) ?? chainStart(docId, update.author, update.session)
  if (seq !== next || !equalBytes(update.prev, head)) return refuse(id, 'gap')
  const open = seq === 0 ? [...log.sessions.values()].filter(isOpen).length : 0
  return open >= LIMITS.openSessions ? refuse(id, 'snapshot-needed') : undefined
}

/**
 * A snapshot fits when it names the active one as a parent, leaves out no session that is open there and goes back in
 * none, names only what is stored, and ends a session only at its head.
 */
const misfitOf = (log: Log, snapshot: Snapshot, { verify }: Rules): Taken | undefined => {
  const { id, cover, parents } = snapshot
  if (!isSigned(snapshot, verify)) return refuse(id, 'invalid')
  const { active } = log
  const isGone = (entry: CoverEntry): boolean => log.sessions.get(sessionKey(entry))?.ended ?? true
  const isStored = (entry: CoverEntry): boolean => {
    const last = (log.sessions.get(sessionKey(entry))?.ids.length ?? 0) - 1
    return isSame(idAt(log, entry, entry.seq), entry.head) && (!entry.ended || entry.seq === last)
  }
  const seqs = new Map(cover.map((entry) => [sessionKey(entry), entry.seq]))
  const ended = cover.filter(isGone).map(({ author, session }) => ({ author, session }))
  const fits =
    ended.length === 0 &&
    (active === undefined || parents.some((parent) => equalBytes(parent, active.id))) &&
    cover.every(isStored) &&
    (active?.cover ?? []).every((entry) => entry.ended || (seqs.get(sessionKey(entry)) ?? -1) >= entry.seq)
  if (!fits) return refuse(id, 'superseded', ended)
  return snapshot.chunks.every((chunk) => log.chunks.has(toHex(chunk))) ? undefined : refuse(id, 'gap')
}
