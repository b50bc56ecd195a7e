/**
 * A store in memory: for tests, for demonstrations, and for simulations, which may decide when an operation completes
 * (`defer`), make a commit go wrong (`fault`), and take the state of the "disk" at any moment (`clone`).
 */
import { EMPTY_DIGEST, toHex } from 'sealsync/protocol'
import {
  append,
  cloneMemoryLog,
  createMemoryLog,
  digestAt,
  entryById,
  headOf,
  idAt,
  loadPageOf,
  type MemoryLog,
  memorySessionKey,
  pageOf,
  pruneLog,
  sessionsOf,
  surveyOf,
} from './memory-log.ts'
import type { Entry, Store, StoredDocument, Write } from './store.ts'

/**
 * How a commit goes wrong. `fail`: rejects, nothing was applied. `die`: nothing was applied and it never settles, as
 * when the process dies half way. `unsure`: it was applied, and rejects all the same.
 */
export type CommitFault = 'fail' | 'die' | 'unsure'

export interface MemoryStoreOptions {
  /** Schedules each half of an operation: doing it, then reporting it. Default: at once, in a microtask. */
  readonly defer?: (run: () => void) => void
  /** Asked once for every commit, when it is about to be done. */
  readonly fault?: (writes: readonly Write[]) => CommitFault | undefined
}

export interface MemoryStore extends Store {
  /**
   * A deep copy, like a disk that outlives a crash: what is still under way on the original does not reach it.
   * With `newLogId` every log gets another id, as a restored backup must.
   */
  clone(options?: MemoryStoreOptions & { readonly newLogId?: (docId: Uint8Array) => Uint8Array }): MemoryStore
}

interface Disk {
  readonly logs: Map<string, MemoryLog>
  seed: Uint8Array | undefined
}

/** A store in memory, empty. */
export const createMemoryStore = (options: MemoryStoreOptions = {}): MemoryStore =>
  storeOn({ logs: new Map(), seed: undefined }, options)

const storeOn = (disk: Disk, options: MemoryStoreOptions): MemoryStore => {
  const defer = options.defer ?? queueMicrotask
  let isClosed = false

  const operation = <T>(run: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      defer(() => {
        try {
          if (isClosed) throw new Error('the store is closed')
          const value = run()
          defer(() => resolve(value))
        } catch (error) {
          defer(() => reject(error))
        }
      })
    })

  const onLog = <T>(docId: Uint8Array, missing: T, run: (log: MemoryLog) => T): Promise<T> =>
    operation(() => {
      const log = disk.logs.get(toHex(docId))
      return log === undefined ? missing : run(log)
    })

  const commit = (writes: readonly Write[]): Promise<void> =>
    new Promise((resolve, reject) => {
      defer(() => {
        const fault = options.fault?.(writes)
        if (fault === 'die') return
        const problem = isClosed
          ? 'the store is closed'
          : fault === 'fail'
            ? 'no space left'
            : misfit(disk, writes)
        if (problem === undefined) for (const write of writes) apply(disk, write)
        const error = problem ?? (fault === 'unsure' ? 'connection lost after the commit' : undefined)
        defer(() => (error === undefined ? resolve() : reject(new Error(error))))
      })
    })

  return {
    loadDocument: (docId) => onLog(docId, undefined, storedDocument),
    commit,
    survey: (docId, stretch) =>
      onLog(
        docId,
        {
          digest: stretch.after === 0 ? EMPTY_DIGEST : undefined,
          pruned: false,
          bytes: 0,
          uncoveredBytes: 0,
        },
        (log) => surveyOf(log, stretch),
      ),
    read: (docId, stretch) =>
      onLog(docId, { entries: [], through: stretch.through, digest: EMPTY_DIGEST, pruned: false }, (log) =>
        pageOf(log, stretch),
      ),
    readLoad: (docId, stretch) =>
      onLog(docId, { entries: [], next: undefined, pruned: false }, (log) => loadPageOf(log, stretch)),
    readByIds: (docId, ids, maxBytes) =>
      onLog(docId, { entries: [], chunks: [], unknown: [...ids], answered: ids.length }, (log) => {
        const entries: Entry[] = []
        const chunks: Uint8Array[] = []
        const unknown: Uint8Array[] = []
        let [bytes, answered] = [0, 0]
        for (const id of ids) {
          const entry = entryById(log, id)
          const chunk = log.chunks.get(toHex(id))
          const size = (entry ?? chunk)?.bytes.length ?? 0
          if (bytes > 0 && bytes + size > maxBytes) break
          bytes += size
          answered++
          if (entry !== undefined) entries.push(entry)
          else if (chunk !== undefined) chunks.push(chunk.bytes)
          else unknown.push(id)
        }
        return { entries, chunks, unknown, answered }
      }),
    lookup: (docId, { positions, ids, chunks }) =>
      onLog(
        docId,
        {
          positions: positions.map(() => undefined),
          ids: ids.map(() => false),
          chunks: chunks.map(() => undefined),
          looseChunks: 0,
        },
        (log) => ({
          positions: positions.map((position) => idAt(log, position, position.seq)),
          ids: ids.map((id) => log.versionById.has(toHex(id))),
          chunks: chunks.map((id) => log.chunks.get(toHex(id))?.bytes.length),
          looseChunks: chunks.length === 0 ? 0 : looseIn(log),
        }),
      ),
    prune: (before, looseBefore) =>
      operation(() =>
        [...disk.logs.values()].reduce((count, log) => count + pruneLog(log, before, looseBefore), 0),
      ),
    relaySeed: (fresh) =>
      operation(() => {
        disk.seed ??= fresh.slice()
        return disk.seed
      }),
    close: () => {
      isClosed = true
      return Promise.resolve()
    },
    clone: ({ newLogId, ...other } = {}) => {
      const logs = new Map<string, MemoryLog>()
      for (const [key, log] of disk.logs)
        logs.set(key, cloneMemoryLog(log, newLogId?.(log.docId) ?? log.logId))
      return storeOn({ logs, seed: disk.seed }, { ...options, ...other })
    },
  }
}

const looseIn = (log: MemoryLog): number =>
  [...log.chunks.values()].filter(({ snapshot }) => snapshot === undefined).length

const storedDocument = (log: MemoryLog): StoredDocument => ({
  docId: log.docId,
  genesis: log.genesis,
  logId: log.logId,
  version: log.rows.length,
  digest: digestAt(log, log.rows.length) ?? EMPTY_DIGEST,
  active: log.active,
  sessions: sessionsOf(log).map((session) => ({
    author: session.certificate.author,
    session: session.certificate.session,
    seq: session.versions.length - 1,
    head: headOf(log, session),
    ended: session.ended,
    certificate: session.certificate,
  })),
})

/** Why the writes do not fit what is stored; checked before any is applied, so that all are or none. */
const misfit = (disk: Disk, writes: readonly Write[]): string | undefined => {
  const versions = new Map<string, number>()
  const lengths = new Map<string, number>()
  const chunks = new Set<string>()
  for (const write of writes) {
    const key = toHex(write.docId)
    const log = disk.logs.get(key)
    if (write.type === 'create') {
      if (log !== undefined || versions.has(key)) return 'the document exists'
      versions.set(key, 0)
      continue
    }
    const version = versions.get(key) ?? log?.rows.length
    if (version === undefined) return 'no such document'
    if (write.type === 'chunk') {
      chunks.add(key + toHex(write.id))
      continue
    }
    const name = memorySessionKey(write.type === 'session' ? write.certificate : write)
    const length = lengths.get(key + name) ?? log?.sessions.get(name)?.versions.length
    if (write.type === 'session') {
      if (length !== undefined) return 'the session exists'
      lengths.set(key + name, 0)
      continue
    }
    if (write.version !== version + 1) return 'a version is taken or skipped'
    if (length === undefined) return 'no such session'
    if (write.type === 'update' && write.seq !== length) return 'a position is taken or skipped'
    const isThere = (id: Uint8Array): boolean => log?.chunks.has(toHex(id)) || chunks.has(key + toHex(id))
    if (write.type === 'snapshot' && !write.chunks.every(isThere)) return 'a chunk is missing'
    versions.set(key, write.version)
    if (write.type === 'update') lengths.set(key + name, length + 1)
  }
  return undefined
}

const apply = (disk: Disk, write: Write): void => {
  const key = toHex(write.docId)
  if (write.type === 'create') {
    disk.logs.set(key, createMemoryLog(write))
    return
  }
  const log = disk.logs.get(key)
  if (log !== undefined) append(log, write)
}
