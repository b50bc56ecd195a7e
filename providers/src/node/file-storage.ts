/**
 * The storage of Node: one journal per document in one directory. Writes that wait for the disk together are flushed
 * together. Several processes of one machine may share the directory; a network drive or two machines may not.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
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

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

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

// One process at a time appends or rewrites; another's torn tail must not be cut while it is being written.
const inTurn = async <T>(directory: string, path: string, work: () => Promise<T>): Promise<T> => {
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

const soundEntries = (path: string, bytes: Uint8Array) => {
  const replayed = replay(bytes)
  if (replayed.type === 'replayed') return replayed
  throw new Error(
    `${path} is damaged at byte ${replayed.at}: move it away, the relay has what was acknowledged`,
  )
}

/** What is in a journal and where it ends, as long as nobody else appends to it. */
interface Known {
  readonly inode: number
  size: number
  readonly live: Map<string, number>
  liveBytes: number
}

interface Journal {
  load(): Promise<ReadonlyMap<string, Uint8Array>>
  append(changes: readonly Change[]): Promise<void>
  clear(): Promise<void>
}

const setLive = (known: Known, key: string, bytes: number): void => {
  known.liveBytes += bytes - (known.live.get(key) ?? 0)
  if (bytes === 0) known.live.delete(key)
  else known.live.set(key, bytes)
}

const noteChanges = (known: Known, changes: readonly Change[]): void => {
  for (const { key, value } of changes)
    setLive(known, key, value === undefined ? 0 : key.length + value.length)
}

/** Opens the file for appending, without a torn tail. */
const openSound = async (path: string, handle: FileHandle, known: Known | undefined): Promise<Known> => {
  const { ino, size } = await handle.stat()
  if (known?.inode === ino && known.size === size) return known
  const { entries, length } = soundEntries(path, await handle.readFile())
  if (length < size) await handle.truncate(length)
  const fresh: Known = { inode: ino, size: length, live: new Map(), liveBytes: 0 }
  noteChanges(
    fresh,
    [...entries].map(([key, value]) => ({ key, value })),
  )
  return fresh
}

const createJournal = (directory: string, docId: string): Journal => {
  const path = join(directory, `${docId}.journal`)
  let known: Known | undefined
  let gathering: { readonly changes: Change[]; readonly done: Promise<void> } | undefined
  let tail: Promise<unknown> = Promise.resolve()

  // Everything on this document happens in the order of calls.
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
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

  const write = async (changes: readonly Change[]): Promise<void> => {
    const handle = await open(path, 'a+', 0o600)
    let now: Known
    try {
      now = await openSound(path, handle, known)
      // Until all of it is on disk nothing is known: after a failure the next write looks again.
      known = undefined
      const header = now.size === 0 ? JOURNAL_HEADER : new Uint8Array(0)
      const added = concat(header, encodeRecord(changes))
      try {
        await handle.appendFile(added)
        await handle.datasync()
      } catch (error) {
        // What was refused must not be found later.
        await handle.truncate(now.size)
        throw error
      }
      if (header.length > 0) await syncDirectory(directory)
      now.size += added.length
      noteChanges(now, changes)
      known = now
    } finally {
      await handle.close()
    }
    // The write is durable already: a disk too full for a smaller copy is no failure of it.
    if (now.size > Math.max(COMPACT_FROM_BYTES, 2 * now.liveBytes)) await compact().catch(() => undefined)
  }

  return {
    load: () => {
      gathering = undefined
      return inOrder(async () => soundEntries(path, await read(path)).entries)
    },
    append: (changes) => {
      if (gathering === undefined) {
        const gathered: Change[] = []
        const seal = (): void => {
          if (gathering?.changes === gathered) gathering = undefined
        }
        const done = inOrder(() =>
          inTurn(directory, path, () => {
            seal()
            return write(gathered)
          }).finally(seal),
        )
        gathering = { changes: gathered, done }
      }
      gathering.changes.push(...changes.map(({ key, value }) => ({ key, value: value?.slice() })))
      return gathering.done
    },
    clear: () => {
      gathering = undefined
      return inOrder(() =>
        inTurn(directory, path, async () => {
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
      return new Map(found.map(([key, value]) => [key, new Uint8Array(value)]))
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
