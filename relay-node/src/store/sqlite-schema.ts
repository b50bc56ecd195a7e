/** The tables of the SQLite store, and all that is ever asked of them. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

const VERSION = 2

/**
 * One row per envelope, for ever: pruning empties `bytes` and keeps id, digest and position. `by_cover` yields the
 * uncovered updates of a document in the order of a load without touching what a snapshot has covered.
 */
const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    doc_id BLOB NOT NULL UNIQUE,
    genesis BLOB NOT NULL,
    log_id BLOB NOT NULL,
    active INTEGER
  ) STRICT;
  CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (number),
    author BLOB NOT NULL,
    session BLOB NOT NULL,
    certificate BLOB NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    UNIQUE (document, author, session)
  ) STRICT;
  CREATE TABLE envelopes (
    document INTEGER NOT NULL REFERENCES documents (number),
    version INTEGER NOT NULL,
    session INTEGER NOT NULL REFERENCES sessions (number),
    seq INTEGER,
    covered_by INTEGER,
    covered_at INTEGER,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    id BLOB NOT NULL,
    bytes BLOB,
    UNIQUE (document, version)
  ) STRICT;
  CREATE UNIQUE INDEX by_id ON envelopes (document, id);
  CREATE UNIQUE INDEX by_position ON envelopes (session, seq) WHERE seq IS NOT NULL;
  CREATE INDEX by_cover ON envelopes (document, covered_by, session, seq) WHERE seq IS NOT NULL;
  CREATE INDEX by_age ON envelopes (covered_at) WHERE covered_at IS NOT NULL AND bytes IS NOT NULL;
`

/** Since version 2. A chunk has no version of its own; `snapshot` is that of the last snapshot that lists it. */
const CHUNKS = `
  CREATE TABLE chunks (
    document INTEGER NOT NULL REFERENCES documents (number),
    id BLOB NOT NULL,
    snapshot INTEGER,
    at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (document, id)
  ) STRICT;
  CREATE INDEX loose_chunks ON chunks (document, at) WHERE snapshot IS NULL;
  CREATE INDEX listed_chunks ON chunks (document, snapshot) WHERE snapshot IS NOT NULL;
`

/** Makes the tables of a new database, and those that an older one lacks; throws when the file belongs to a newer relay. */
export const migrate = (db: DatabaseSync): void => {
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000',
  )
  const version = db.prepare('PRAGMA user_version').get()?.user_version
  if (version === VERSION) return
  if (version !== 0 && version !== 1) {
    throw new Error(
      `the database has format ${version}, this relay knows ${VERSION}: start a newer sealsync-relay`,
    )
  }
  const missing = version === 0 ? SCHEMA + CHUNKS : CHUNKS
  db.exec(`BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${VERSION}; COMMIT`)
}

export interface Statements {
  readonly seed: StatementSync
  readonly addSeed: StatementSync
  readonly document: StatementSync
  readonly addDocument: StatementSync
  readonly setActive: StatementSync
  readonly last: StatementSync
  readonly sessions: StatementSync
  readonly session: StatementSync
  readonly sessionName: StatementSync
  readonly addSession: StatementSync
  readonly endSession: StatementSync
  readonly addEnvelope: StatementSync
  readonly coverUpdates: StatementSync
  readonly coverSnapshot: StatementSync
  readonly survey: StatementSync
  readonly at: StatementSync
  readonly read: StatementSync
  readonly readLoad: StatementSync
  readonly byId: StatementSync
  readonly idAt: StatementSync
  readonly nextVersion: StatementSync
  readonly nextSeq: StatementSync
  readonly addChunk: StatementSync
  readonly chunk: StatementSync
  readonly chunkSize: StatementSync
  readonly listChunk: StatementSync
  readonly looseChunks: StatementSync
  readonly prune: StatementSync
  readonly pruneListed: StatementSync
  readonly pruneLoose: StatementSync
}

export const prepare = (db: DatabaseSync): Statements => {
  const load = (cover: string): string => `
    SELECT version, id, digest, bytes, size, session, seq FROM envelopes INDEXED BY by_cover
    WHERE document = :document AND covered_by ${cover} AND seq IS NOT NULL
      AND (session, seq) >= (:session, :seq) AND version > :after AND version <= :through`
  return {
    seed: db.prepare(`SELECT value FROM meta WHERE key = 'relay-seed'`),
    addSeed: db.prepare(`INSERT OR IGNORE INTO meta (key, value) VALUES ('relay-seed', ?)`),
    document: db.prepare('SELECT number, genesis, log_id, active FROM documents WHERE doc_id = ?'),
    addDocument: db.prepare('INSERT INTO documents (doc_id, genesis, log_id) VALUES (?, ?, ?)'),
    setActive: db.prepare('UPDATE documents SET active = ? WHERE number = ?'),
    last: db.prepare(
      'SELECT version, digest FROM envelopes WHERE document = ? ORDER BY version DESC LIMIT 1',
    ),
    sessions: db.prepare(`
      SELECT sessions.author, sessions.session, certificate, ended, last.seq AS seq, last.id AS head FROM sessions
      LEFT JOIN envelopes AS last ON last.session = sessions.number
        AND last.seq = (SELECT max(seq) FROM envelopes WHERE session = sessions.number AND seq IS NOT NULL)
      WHERE sessions.document = ? ORDER BY sessions.author, sessions.session`),
    session: db.prepare('SELECT number FROM sessions WHERE document = ? AND author = ? AND session = ?'),
    sessionName: db.prepare('SELECT author, session FROM sessions WHERE number = ?'),
    addSession: db.prepare(
      'INSERT INTO sessions (document, author, session, certificate) VALUES (?, ?, ?, ?)',
    ),
    endSession: db.prepare('UPDATE sessions SET ended = 1 WHERE number = ?'),
    addEnvelope: db.prepare(`
      INSERT INTO envelopes (document, version, session, seq, size, digest, id, bytes)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    coverUpdates: db.prepare(`
      UPDATE envelopes SET covered_by = ?, covered_at = ?
      WHERE session = ? AND seq > ? AND seq <= ? AND seq IS NOT NULL AND covered_by IS NULL`),
    coverSnapshot: db.prepare(`
      UPDATE envelopes SET covered_by = ?, covered_at = ? WHERE document = ? AND version = ? AND covered_by IS NULL`),
    survey: db.prepare(`
      SELECT coalesce(sum(size), 0) AS bytes, coalesce(max(bytes IS NULL), 0) AS pruned,
        coalesce(sum(CASE WHEN seq IS NOT NULL AND coalesce(covered_by > :through, 1) THEN size END), 0) AS uncovered
      FROM envelopes WHERE document = :document AND version > :after AND version <= :through`),
    at: db.prepare('SELECT digest, size, bytes FROM envelopes WHERE document = ? AND version = ?'),
    read: db.prepare(`
      SELECT version, id, digest, bytes, size FROM envelopes
      WHERE document = ? AND version > ? AND version <= ? ORDER BY version`),
    // What became covered while a load is under way belongs to it all the same.
    readLoad: db.prepare(`${load('IS NULL')} UNION ALL ${load('> :through')} ORDER BY session, seq`),
    byId: db.prepare('SELECT version, id, digest, bytes FROM envelopes WHERE document = ? AND id = ?'),
    idAt: db.prepare('SELECT id FROM envelopes WHERE session = ? AND seq = ? AND seq IS NOT NULL'),
    nextVersion: db.prepare('SELECT coalesce(max(version), 0) + 1 AS next FROM envelopes WHERE document = ?'),
    nextSeq: db.prepare(
      'SELECT coalesce(max(seq), -1) + 1 AS next FROM envelopes WHERE session = ? AND seq IS NOT NULL',
    ),
    addChunk: db.prepare('INSERT INTO chunks (document, id, at, size, bytes) VALUES (?, ?, ?, ?, ?)'),
    chunk: db.prepare('SELECT bytes FROM chunks WHERE document = ? AND id = ?'),
    chunkSize: db.prepare('SELECT size FROM chunks WHERE document = ? AND id = ?'),
    listChunk: db.prepare('UPDATE chunks SET snapshot = ? WHERE document = ? AND id = ? RETURNING size'),
    looseChunks: db.prepare('SELECT count(*) AS count FROM chunks WHERE document = ? AND snapshot IS NULL'),
    // After the snapshots themselves: then nobody is sent one whose chunks are gone.
    pruneListed: db.prepare(`
      DELETE FROM chunks WHERE rowid IN (SELECT chunks.rowid FROM
        (SELECT DISTINCT document, snapshot FROM chunks WHERE snapshot IS NOT NULL) AS owner
        JOIN envelopes ON envelopes.document = owner.document AND envelopes.version = owner.snapshot
          AND envelopes.bytes IS NULL
        JOIN chunks ON chunks.document = owner.document AND chunks.snapshot = owner.snapshot LIMIT ?)`),
    pruneLoose: db.prepare(`
      DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE snapshot IS NULL AND at <= ? LIMIT ?)`),
    prune: db.prepare(`
      UPDATE envelopes SET bytes = NULL WHERE rowid IN
        (SELECT rowid FROM envelopes WHERE covered_at IS NOT NULL AND bytes IS NOT NULL AND covered_at <= ? LIMIT ?)`),
  }
}
