/** The store of a single relay: one SQLite file, written with `synchronous = FULL`, so that an ack survives a power cut. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { decodeGenesis, EMPTY_DIGEST, encodeCertificate, encodeGenesis } from 'sealsync/protocol'
import { nodeProblem } from '../node-version.ts'
import {
  activeSnapshot,
  bytesIn,
  digestAt,
  entryOf,
  numberIn,
  pageOf,
  type Row,
  sessionNumber,
  sound,
  storedSession,
} from './sqlite-rows.ts'
import { migrate, prepare, type Statements } from './sqlite-schema.ts'
import type { Entry, LoadPosition, Store, Write } from './store.ts'

/**
 * Opens or creates the database at `path`, with its directory. One relay at a time: others may read and back it up.
 *
 * @example
 * const store = await openSqliteStore('./sealsync.db')
 */
export const openSqliteStore = async (path: string): Promise<Store> => {
  const problem = nodeProblem(process.versions.node)
  if (problem !== undefined) throw new Error(problem)
  await mkdir(dirname(path), { recursive: true })
  // Not at the top: on an older Node the rest of the package must load, to say what is needed.
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(path)
  try {
    migrate(db)
    return storeOn(db)
  } catch (error) {
    db.close()
    throw error
  }
}

const PRUNED_AT_ONCE = 1000
/** Of up to 64 KiB each. */
const CHUNKS_AT_ONCE = 100

const storeOn = (db: DatabaseSync): Store => {
  const sql = prepare(db)
  let isClosed = false

  /** −1, which no row has, for a document that is not there. */
  const numberOf = (docId: Uint8Array): number => {
    const row = sql.document.get(docId)
    return row === undefined ? -1 : numberIn(row, 'number')
  }

  const positionOf = (row: Row): LoadPosition => {
    const name = sql.sessionName.get(numberIn(row, 'session'))
    return { author: bytesIn(name, 'author'), session: bytesIn(name, 'session'), seq: numberIn(row, 'seq') }
  }

  return {
    loadDocument: async (docId) => {
      const row = sql.document.get(docId)
      if (row === undefined) return undefined
      const number = numberIn(row, 'number')
      const last = sql.last.get(number)
      const sessions = sql.sessions.all(number).map((session) => storedSession(docId, session))
      return {
        docId: docId.slice(),
        genesis: sound(decodeGenesis(bytesIn(row, 'genesis'))),
        logId: bytesIn(row, 'log_id'),
        version: last === undefined ? 0 : numberIn(last, 'version'),
        digest: last === undefined ? EMPTY_DIGEST : bytesIn(last, 'digest'),
        active: activeSnapshot(sql, number, row),
        sessions,
      }
    },
    commit: async (writes) => {
      db.exec('BEGIN IMMEDIATE')
      try {
        for (const write of writes) apply(sql, write)
        db.exec('COMMIT')
      } catch (error) {
        rollBack(db)
        throw error
      }
    },
    survey: async (docId, { after, through }) => {
      const document = numberOf(docId)
      const row = sql.survey.get({ document, after, through })
      return {
        digest: digestAt(sql, document, after),
        pruned: numberIn(row, 'pruned') === 1,
        bytes: numberIn(row, 'bytes'),
        uncoveredBytes: numberIn(row, 'uncovered'),
      }
    },
    read: async (docId, { after, through, maxBytes }) => {
      const document = numberOf(docId)
      const page = pageOf(sql.read.iterate(document, after, through), maxBytes)
      const reached = page.last === undefined ? after : numberIn(page.last, 'version')
      return {
        entries: page.entries,
        through: reached,
        digest: digestAt(sql, document, reached) ?? EMPTY_DIGEST,
        pruned: page.pruned,
      }
    },
    readLoad: async (docId, { after, through, maxBytes, from }) => {
      const document = numberOf(docId)
      const session = from === undefined ? 0 : (sessionNumber(sql, document, from) ?? 0)
      const seq = from?.seq ?? 0
      const page = pageOf(sql.readLoad.iterate({ document, after, through, session, seq }), maxBytes)
      return { entries: page.entries, next: page.next && positionOf(page.next), pruned: page.pruned }
    },
    readByIds: async (docId, ids, maxBytes) => {
      const document = numberOf(docId)
      const entries: Entry[] = []
      const chunks: Uint8Array[] = []
      const unknown: Uint8Array[] = []
      let [bytes, answered] = [0, 0]
      for (const id of ids) {
        const row = sql.byId.get(document, id)
        const entry = row && entryOf(row)
        const chunkRow = entry === undefined ? sql.chunk.get(document, id) : undefined
        const chunk = chunkRow && bytesIn(chunkRow, 'bytes')
        const size = (entry?.bytes ?? chunk)?.length ?? 0
        if (bytes > 0 && bytes + size > maxBytes) break
        bytes += size
        answered++
        if (entry !== undefined) entries.push(entry)
        else if (chunk !== undefined) chunks.push(chunk)
        else unknown.push(id)
      }
      return { entries, chunks, unknown, answered }
    },
    lookup: async (docId, { positions, ids, chunks }) => {
      const document = numberOf(docId)
      return {
        positions: positions.map((position) => {
          const row = sql.idAt.get(sessionNumber(sql, document, position) ?? -1, position.seq)
          return row && bytesIn(row, 'id')
        }),
        ids: ids.map((id) => sql.byId.get(document, id) !== undefined),
        chunks: chunks.map((id) => {
          const row = sql.chunkSize.get(document, id)
          return row && numberIn(row, 'size')
        }),
        looseChunks: chunks.length === 0 ? 0 : numberIn(sql.looseChunks.get(document), 'count'),
      }
    },
    prune: async (before, looseBefore) =>
      (await inTurns(PRUNED_AT_ONCE, (limit) => sql.prune.run(Math.floor(before), limit))) +
      (await inTurns(CHUNKS_AT_ONCE, (limit) => sql.pruneListed.run(limit))) +
      (await inTurns(CHUNKS_AT_ONCE, (limit) => sql.pruneLoose.run(Math.floor(looseBefore), limit))),
    relaySeed: async (fresh) => {
      sql.addSeed.run(fresh)
      return bytesIn(sql.seed.get(), 'value')
    },
    close: async () => {
      if (!isClosed) db.close()
      isClosed = true
    },
  }
}

/** Until fewer than the limit were changed; between two turns others are heard. Gives how many were changed. */
const inTurns = async (
  limit: number,
  run: (limit: number) => { readonly changes: number | bigint },
): Promise<number> => {
  let count = 0
  for (;;) {
    const changes = Number(run(limit).changes)
    count += changes
    if (changes < limit) return count
    await nextTurn()
  }
}

/** Node tells whether there is a transaction, or an open database, from 22.16 on only. */
const rollBack = (db: DatabaseSync): void => {
  try {
    db.exec('ROLLBACK')
  } catch {
    // There is nothing to roll back: a full disk may have done it already.
  }
}

const apply = (sql: Statements, write: Write): void => {
  if (write.type === 'create') {
    sql.addDocument.run(write.docId, encodeGenesis(write.genesis), write.logId)
    return
  }
  const document = numberIn(sql.document.get(write.docId), 'number')
  if (write.type === 'session') {
    const { author, session } = write.certificate
    sql.addSession.run(document, author, session, encodeCertificate(write.certificate))
    return
  }
  if (write.type === 'chunk') {
    sql.addChunk.run(document, write.id, Math.floor(write.at), write.bytes.length, write.bytes)
    return
  }
  const session = sessionNumber(sql, document, write)
  if (session === undefined) throw new Error('no such session')
  if (numberIn(sql.nextVersion.get(document), 'next') !== write.version) {
    throw new Error('a version is taken or skipped')
  }
  const seq = write.type === 'update' ? write.seq : null
  if (seq !== null && numberIn(sql.nextSeq.get(session), 'next') !== seq) {
    throw new Error('a position is taken or skipped')
  }
  const { version, id, digest, bytes } = write
  const size = bytes.length + (write.type === 'snapshot' ? listChunks(sql, document, write) : 0)
  sql.addEnvelope.run(document, version, session, seq, size, digest, id, bytes)
  if (write.type === 'update') return
  const at = Math.floor(write.at)
  for (const entry of write.covers) {
    const chain = sessionNumber(sql, document, entry) ?? -1
    sql.coverUpdates.run(version, at, chain, entry.above, entry.through)
    if (entry.ended) sql.endSession.run(chain)
  }
  if (write.replaces !== undefined) sql.coverSnapshot.run(version, at, document, write.replaces)
  sql.setActive.run(version, document)
}

/** Chunks belong to the last snapshot that lists them. Gives their bytes. */
const listChunks = (
  sql: Statements,
  document: number,
  { chunks, version }: Write & { readonly type: 'snapshot' },
): number =>
  chunks.reduce((sum, id) => {
    const row = sql.listChunk.get(version, document, id)
    if (row === undefined) throw new Error('a chunk is missing')
    return sum + numberIn(row, 'size')
  }, 0)
