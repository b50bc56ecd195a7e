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

const storeOn = (db: DatabaseSync): Store => {
  const sql = prepare(db)

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
        // A full disk may have rolled it back already.
        if (db.isTransaction) db.exec('ROLLBACK')
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
      const unknown: Uint8Array[] = []
      let [bytes, answered] = [0, 0]
      for (const id of ids) {
        const row = sql.byId.get(document, id)
        const entry = row && entryOf(row)
        const size = entry?.bytes.length ?? 0
        if (bytes > 0 && bytes + size > maxBytes) break
        bytes += size
        answered++
        if (entry === undefined) unknown.push(id)
        else entries.push(entry)
      }
      return { entries, unknown, answered }
    },
    lookup: async (docId, { positions, ids }) => {
      const document = numberOf(docId)
      return {
        positions: positions.map((position) => {
          const row = sql.idAt.get(sessionNumber(sql, document, position) ?? -1, position.seq)
          return row && bytesIn(row, 'id')
        }),
        ids: ids.map((id) => sql.byId.get(document, id) !== undefined),
      }
    },
    prune: async (before) => {
      let count = 0
      for (;;) {
        const changes = Number(sql.prune.run(Math.floor(before), PRUNED_AT_ONCE).changes)
        count += changes
        if (changes < PRUNED_AT_ONCE) return count
        await nextTurn()
      }
    },
    relaySeed: async (fresh) => {
      sql.addSeed.run(fresh)
      return bytesIn(sql.seed.get(), 'value')
    },
    close: async () => {
      if (db.isOpen) db.close()
    },
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
  sql.addEnvelope.run(document, version, session, seq, bytes.length, digest, id, bytes)
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
