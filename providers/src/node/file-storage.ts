/**
 * The storage of Node: one journal per document in one directory. Writes that wait for the disk together are flushed
 * together. Several processes of one machine may share the directory; a network drive or two machines may not.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { concat } from '../bytes.ts'
import type { Change, Storage } from '../client/storage.ts'
import { checkChanges, checkDocId } from '../client/storage-name.ts'
import { encodeJournal, encodeRecord, JOURNAL_HEADER, replay } from './journal.ts'
import { takeLockFile } from './lock-file.ts'

export interface FileStorageOptions {
  /** Where the files go; made if it does not exist. */
  readonly directory: string
}

/** A journal is rewritten when it is larger than this and less than half of it still counts, bytes. */
const COMPACT_FROM_BYTES = 64 * 1024
const TURN_POLL_MS = 5
const TURN_PATIENCE_MS = 15_000

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const read = async (path: string): Promise<Uint8Array> => {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return new Uint8Array(0)
    throw error
  }
}

// A new or renamed file is durable once its directory is; Windows has no such call and needs none.
const syncDirectory = async (directory: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const soundEntries = (path: string, bytes: Uint8Array) => {
  const replayed = replay(bytes)
  if (replayed.type === 'replayed') return replayed
  throw new Error(`${path} is damaged at byte ${replayed.at}: move it away, the relay has what was acknowledged`)
}

/** What is in a journal and where it ends, as long as nobody else appends to it. */
interface Known {
  readonly inode: number
  size: number
  readonly live: Map<string, number>
}

interface Journal {
  load(): Promise<ReadonlyMap<string, Uint8Array>>
  append(changes: readonly Change[]): Promise<void>
  clear(): Promise<void>
}

interface Waiting {
  readonly changes: readonly Change[]
  readonly record: Uint8Array
}

const createJournal = (directory: string, docId: string): Journal => {
  const path = join(directory, `${docId}.journal`)
  let known: Known | undefined
  let waiting: Waiting[] = []
  let flushing: Promise<void> | undefined
  let tail: Promise<unknown> = Promise.resolve()

  // Everything on this document happens in the order of calls.
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }

  // One process at a time appends or rewrites; another's torn tail must not be cut while it is being written.
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    await mkdir(directory, { recursive: true })
    const until = performance.now() + TURN_PATIENCE_MS
    let release = takeLockFile(`${path}.turn`)
    while (release === undefined) {
      if (performance.now() > until) {
        throw new Error(`${path}.turn is held for too long: remove it if no process uses this directory`)
      }
      await sleep(TURN_POLL_MS)
      release = takeLockFile(`${path}.turn`)
    }
    try {
      return await work()
    } finally {
      release()
    }
  }

  const note = (to: Known, { changes, record }: Waiting): void => {
    to.size += record.length
    for (const { key, value } of changes) {
      if (value === undefined) to.live.delete(key)
      else to.live.set(key, key.length + value.length + 18)
    }
  }

  const compact = async (): Promise<void> => {
    const { entries } = soundEntries(path, await read(path))
    const temporary = `${path}.new`
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(encodeJournal(entries))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncDirectory(directory)
    known = undefined
  }

  const flush = async (): Promise<void> => {
    const batch = waiting
    waiting = []
    flushing = undefined
    const handle = await open(path, 'a+', 0o600)
    let grown: Known
    try {
      const { ino, size } = await handle.stat()
      if (known?.inode !== ino || known.size !== size) {
        const { entries, length } = soundEntries(path, await handle.readFile())
        if (length < size) await handle.truncate(length)
        const live = [...entries].map(([key, value]): [string, number] => [key, key.length + value.length + 18])
        known = { inode: ino, size: length, live: new Map(live) }
      }
      grown = { ...known, live: new Map(known.live) }
      const header = grown.size === 0 ? JOURNAL_HEADER : new Uint8Array(0)
      known = undefined
      try {
        await handle.appendFile(concat(header, ...batch.map(({ record }) => record)))
        await handle.datasync()
      } catch (error) {
        // All or none: what was refused must not be found later.
        await handle.truncate(grown.size)
        throw error
      }
      if (header.length > 0) await syncDirectory(directory)
      grown.size += header.length
      for (const write of batch) note(grown, write)
      known = grown
    } finally {
      await handle.close()
    }
    const liveBytes = [...grown.live.values()].reduce((sum, bytes) => sum + bytes, 0)
    // The writes are durable already: a disk too full for the smaller copy is no failure of theirs.
    if (grown.size > COMPACT_FROM_BYTES && grown.size > 2 * liveBytes) await compact().catch(() => undefined)
  }

  return {
    load: () =>
      inOrder(async () => {
        const { entries } = soundEntries(path, await read(path))
        return entries
      }),
    append: (changes) => {
      waiting.push({ changes, record: encodeRecord(changes) })
      flushing ??= inOrder(() => inTurn(flush))
      return flushing
    },
    clear: () => {
      // A write after this one must not join those before.
      flushing = undefined
      return inOrder(() =>
        inTurn(async () => {
          known = undefined
          await rm(path, { force: true })
          await syncDirectory(directory)
        }),
      )
    },
  }
}

/** Keeps documents, encrypted, in files. Nothing is touched before the first use. */
export const fileStorage = ({ directory }: FileStorageOptions): Storage => {
  const journals = new Map<string, Journal>()
  const journalOf = (docId: string): Journal => {
    checkDocId(docId)
    const journal = journals.get(docId) ?? createJournal(directory, docId)
    journals.set(docId, journal)
    return journal
  }
  return {
    load: async (docId, prefix = '') => {
      const entries = await journalOf(docId).load()
      const found = [...entries].filter(([key]) => key.startsWith(prefix))
      return new Map(found.map(([key, value]) => [key, Uint8Array.from(value)]))
    },
    write: async (docId, changes) => {
      checkChanges(changes)
      await journalOf(docId).append(changes)
    },
    clear: async (docId) => {
      await journalOf(docId).clear()
    },
    lock: async (name) => {
      await mkdir(directory, { recursive: true })
      // Lock names have characters that file systems have not.
      const file = createHash('sha256').update(name).digest('hex').slice(0, 32)
      return takeLockFile(join(directory, `${file}.lock`))
    },
  }
}
