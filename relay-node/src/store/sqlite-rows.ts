/** From rows to values. What is not as it was written is a damaged file: that throws, and a relay goes on reading others. */
import type { SQLOutputValue } from 'node:sqlite'
import {
  chainStart,
  decodeCertificate,
  decodeSnapshot,
  EMPTY_DIGEST,
  type Result,
  type SessionName,
} from 'sealsync/protocol'
import type { Statements } from './sqlite-schema.ts'
import type { ActiveSnapshot, Entry, StoredSession } from './store.ts'

export type Row = Record<string, SQLOutputValue>

export const numberIn = (row: Row | undefined, column: string): number => {
  const value = row?.[column]
  if (typeof value !== 'number') throw damaged(column)
  return value
}

export const bytesIn = (row: Row | undefined, column: string): Uint8Array => {
  const value = row?.[column]
  if (!(value instanceof Uint8Array)) throw damaged(column)
  return value
}

export const sound = <T>(result: Result<T>): T => {
  if (!result.ok) throw damaged(result.error)
  return result.value
}

const damaged = (what: string): Error =>
  new Error(`the database is damaged (${what}): restore it from a backup`)

/** `undefined` for a pruned envelope. */
export const entryOf = (row: Row): Entry | undefined =>
  row.bytes === null
    ? undefined
    : {
        version: numberIn(row, 'version'),
        id: bytesIn(row, 'id'),
        digest: bytesIn(row, 'digest'),
        bytes: bytesIn(row, 'bytes'),
      }

export interface RowPage {
  readonly entries: readonly Entry[]
  readonly pruned: boolean
  /** The last row that belongs to the page. */
  readonly last: Row | undefined
  /** The first that does not. */
  readonly next: Row | undefined
}

/** Rows until about `maxBytes`, but at least one. */
export const pageOf = (rows: Iterable<Row>, maxBytes: number): RowPage => {
  const entries: Entry[] = []
  let [bytes, pruned] = [0, false]
  let last: Row | undefined
  for (const row of rows) {
    const size = numberIn(row, 'size')
    if (last !== undefined && bytes + size > maxBytes) return { entries, pruned, last, next: row }
    bytes += size
    last = row
    const entry = entryOf(row)
    if (entry === undefined) pruned = true
    else entries.push(entry)
  }
  return { entries, pruned, last, next: undefined }
}

export const sessionNumber = (
  sql: Statements,
  document: number,
  { author, session }: SessionName,
): number | undefined => {
  const row = sql.session.get(document, author, session)
  return row && numberIn(row, 'number')
}

/** The digest of a document at a version; `undefined` where its log has never been. */
export const digestAt = (sql: Statements, document: number, version: number): Uint8Array | undefined => {
  if (version === 0) return EMPTY_DIGEST
  const row = sql.at.get(document, version)
  return row && bytesIn(row, 'digest')
}

export const storedSession = (docId: Uint8Array, row: Row): StoredSession => {
  const [author, session] = [bytesIn(row, 'author'), bytesIn(row, 'session')]
  const hasUpdates = row.seq !== null
  return {
    author,
    session,
    seq: hasUpdates ? numberIn(row, 'seq') : -1,
    head: hasUpdates ? bytesIn(row, 'head') : chainStart(docId, author, session),
    ended: numberIn(row, 'ended') === 1,
    certificate: sound(decodeCertificate(bytesIn(row, 'certificate'))),
  }
}

export const activeSnapshot = (sql: Statements, document: number, row: Row): ActiveSnapshot | undefined => {
  if (row.active === null) return undefined
  const version = numberIn(row, 'active')
  const stored = sql.at.get(document, version)
  const { id, cover } = sound(decodeSnapshot(bytesIn(stored, 'bytes')))
  return { version, id, size: numberIn(stored, 'size'), cover }
}
