/** One document of the memory store: rows in version order, and what is asked about them. */
import {
  type Certificate,
  chainStart,
  compareBytes,
  decodeSnapshot,
  EMPTY_DIGEST,
  type Genesis,
  type SessionName,
  toHex,
} from 'sealsync/protocol'
import type { ActiveSnapshot, Entry, LoadPage, LoadPosition, Page, Stretch, Survey, Write } from './store.ts'

interface Row {
  readonly version: number
  readonly id: Uint8Array
  readonly digest: Uint8Array
  readonly size: number
  /** Of an update; a snapshot has no position in a chain. */
  readonly at: { readonly session: string; readonly seq: number } | undefined
  readonly coveredBy: number
  readonly coveredAt: number
  readonly bytes: Uint8Array | undefined
}

export interface MemorySession {
  readonly certificate: Certificate
  /** Versions of its updates, by seq. */
  readonly versions: number[]
  ended: boolean
}

export interface MemoryLog {
  readonly docId: Uint8Array
  readonly genesis: Genesis
  readonly logId: Uint8Array
  /** Version 1 first. */
  readonly rows: Row[]
  readonly versionById: Map<string, number>
  readonly sessions: Map<string, MemorySession>
  /** By id. Never changed in place either. */
  readonly chunks: Map<string, MemoryChunk>
  active: ActiveSnapshot | undefined
}

interface MemoryChunk {
  readonly bytes: Uint8Array
  /** Version of the last snapshot that lists it, if any does. */
  readonly snapshot: number | undefined
  readonly at: number
}

const NEVER = Number.POSITIVE_INFINITY

export const memorySessionKey = ({ author, session }: SessionName): string => toHex(author) + toHex(session)

export const createMemoryLog = ({ docId, genesis, logId }: Write & { type: 'create' }): MemoryLog => ({
  docId,
  genesis,
  logId,
  rows: [],
  versionById: new Map(),
  sessions: new Map(),
  chunks: new Map(),
  active: undefined,
})

/** Rows are never changed in place, so a copy of the lists is a deep copy. */
export const cloneMemoryLog = (log: MemoryLog, logId: Uint8Array): MemoryLog => ({
  ...log,
  logId,
  rows: [...log.rows],
  versionById: new Map(log.versionById),
  chunks: new Map(log.chunks),
  sessions: new Map(
    [...log.sessions].map(([key, session]) => [key, { ...session, versions: [...session.versions] }]),
  ),
})

export const digestAt = (log: MemoryLog, version: number): Uint8Array | undefined =>
  version === 0 ? EMPTY_DIGEST : log.rows[version - 1]?.digest

export const idAt = (log: MemoryLog, name: SessionName, seq: number): Uint8Array | undefined => {
  const version = log.sessions.get(memorySessionKey(name))?.versions[seq]
  return version === undefined ? undefined : log.rows[version - 1]?.id
}

/** The head of a session: its last update's id, or the chain's start. */
export const headOf = (log: MemoryLog, session: MemorySession): Uint8Array =>
  idAt(log, session.certificate, session.versions.length - 1) ??
  chainStart(log.docId, session.certificate.author, session.certificate.session)

/** Appends one write. The caller has made sure that it fits. */
export const append = (log: MemoryLog, write: Exclude<Write, { type: 'create' }>): void => {
  if (write.type === 'session') {
    const key = memorySessionKey(write.certificate)
    log.sessions.set(key, { certificate: write.certificate, versions: [], ended: false })
    return
  }
  if (write.type === 'chunk') {
    log.chunks.set(toHex(write.id), { bytes: write.bytes, snapshot: undefined, at: write.at })
    return
  }
  const { version, id, digest, bytes } = write
  const session = memorySessionKey(write)
  const at = write.type === 'update' ? { session, seq: write.seq } : undefined
  const size = write.type === 'update' ? bytes.length : bytes.length + listChunks(log, write)
  log.rows.push({ version, id, digest, size, at, coveredBy: NEVER, coveredAt: NEVER, bytes })
  log.versionById.set(toHex(id), version)
  if (write.type === 'update') {
    log.sessions.get(session)?.versions.push(version)
    return
  }
  const cover = (covered: number | undefined): void => {
    const row = covered === undefined ? undefined : log.rows[covered - 1]
    if (row !== undefined && row.coveredBy === NEVER) {
      log.rows[row.version - 1] = { ...row, coveredBy: version, coveredAt: write.at }
    }
  }
  for (const entry of write.covers) {
    const chain = log.sessions.get(memorySessionKey(entry))
    for (let seq = entry.above + 1; seq <= entry.through; seq++) cover(chain?.versions[seq])
    if (chain !== undefined && entry.ended) chain.ended = true
  }
  cover(write.replaces)
  const snapshot = decodeSnapshot(bytes)
  if (snapshot.ok) log.active = { version, id, size, cover: snapshot.value.cover }
}

/** Chunks belong to the last snapshot that lists them. Gives their bytes. */
const listChunks = (log: MemoryLog, { chunks, version }: Write & { type: 'snapshot' }): number => {
  let bytes = 0
  for (const id of chunks) {
    const key = toHex(id)
    const chunk = log.chunks.get(key)
    if (chunk === undefined) continue
    bytes += chunk.bytes.length
    log.chunks.set(key, { ...chunk, snapshot: version })
  }
  return bytes
}

const rowsOf = (log: MemoryLog, { after, through }: Stretch): readonly Row[] => log.rows.slice(after, through)

const isUncovered = (row: Row, through: number): boolean => row.at !== undefined && row.coveredBy > through

export const surveyOf = (log: MemoryLog, stretch: Stretch): Survey => {
  let [pruned, bytes, uncoveredBytes] = [false, 0, 0]
  for (const row of rowsOf(log, stretch)) {
    if (row.bytes === undefined) pruned = true
    bytes += row.size
    if (isUncovered(row, stretch.through)) uncoveredBytes += row.size
  }
  return { digest: digestAt(log, stretch.after), pruned, bytes, uncoveredBytes }
}

const entryOf = ({ version, id, digest }: Row, bytes: Uint8Array): Entry => ({ version, id, digest, bytes })

export const pageOf = (log: MemoryLog, stretch: Stretch & { readonly maxBytes: number }): Page => {
  const entries: Entry[] = []
  let [pruned, bytes, through] = [false, 0, stretch.after]
  for (const row of rowsOf(log, stretch)) {
    if (bytes > 0 && bytes + row.size > stretch.maxBytes) break
    bytes += row.size
    through = row.version
    if (row.bytes === undefined) pruned = true
    else entries.push(entryOf(row, row.bytes))
  }
  return { entries, through, digest: digestAt(log, through) ?? EMPTY_DIGEST, pruned }
}

export const loadPageOf = (
  log: MemoryLog,
  stretch: Stretch & { readonly maxBytes: number; readonly from: LoadPosition | undefined },
): LoadPage => {
  const first = stretch.from === undefined ? '' : memorySessionKey(stretch.from)
  const entries: Entry[] = []
  let [pruned, bytes] = [false, 0]
  const sessions = [...log.sessions].filter(([key]) => key >= first)
  for (const [key, session] of sessions.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const start = key === first ? (stretch.from?.seq ?? 0) : 0
    for (let seq = start; seq < session.versions.length; seq++) {
      const row = log.rows[(session.versions[seq] ?? 0) - 1]
      if (row === undefined || row.version <= stretch.after || row.version > stretch.through) continue
      if (!isUncovered(row, stretch.through)) continue
      if (bytes > 0 && bytes + row.size > stretch.maxBytes) {
        const { author, session: name } = session.certificate
        return { entries, next: { author, session: name, seq }, pruned }
      }
      bytes += row.size
      if (row.bytes === undefined) pruned = true
      else entries.push(entryOf(row, row.bytes))
    }
  }
  return { entries, next: undefined, pruned }
}

export const entryById = (log: MemoryLog, id: Uint8Array): Entry | undefined => {
  const row = log.rows[(log.versionById.get(toHex(id)) ?? 0) - 1]
  return row?.bytes === undefined ? undefined : entryOf(row, row.bytes)
}

/** Drops the bytes of what was covered at or before `before`, and chunks; gives how many. */
export const pruneLog = (log: MemoryLog, before: number, looseBefore: number): number => {
  let count = 0
  for (const row of log.rows) {
    if (row.bytes === undefined || row.coveredAt > before) continue
    log.rows[row.version - 1] = { ...row, bytes: undefined }
    count++
  }
  for (const [id, { snapshot, at }] of log.chunks) {
    const isGone = snapshot === undefined ? at <= looseBefore : log.rows[snapshot - 1]?.bytes === undefined
    if (!isGone) continue
    log.chunks.delete(id)
    count++
  }
  return count
}

/** Sessions in the order of their names, so that nothing depends on the order of arrival. */
export const sessionsOf = (log: MemoryLog): readonly MemorySession[] =>
  [...log.sessions.values()].sort(
    (a, b) =>
      compareBytes(a.certificate.author, b.certificate.author) ||
      compareBytes(a.certificate.session, b.certificate.session),
  )
