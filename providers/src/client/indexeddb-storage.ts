/** The storage of browsers: one database, one object store, keyed by document and key. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Storage } from './storage.ts'
import { checkChanges, checkDocId } from './storage-name.ts'
import { webLock } from './web-lock.ts'

interface Schema extends DBSchema {
  entries: { key: [docId: string, key: string]; value: Uint8Array }
}

const STORE = 'entries'
// Above every character that a key may have.
const LAST = '\uffff'

const range = (docId: string, prefix = ''): IDBKeyRange =>
  IDBKeyRange.bound([docId, prefix], [docId, prefix + LAST])

export interface IndexedDbStorageOptions {
  /** Database name; apps of one origin that must not meet choose different ones. */
  readonly name?: string
}

/** Keeps documents, encrypted, in IndexedDB. Nothing is opened before the first use. */
export const indexedDbStorage = ({ name = 'sealsync' }: IndexedDbStorageOptions = {}): Storage => {
  let opening: Promise<IDBPDatabase<Schema>> | undefined

  const database = (): Promise<IDBPDatabase<Schema>> => {
    if (opening !== undefined) return opening
    const forget = (): void => {
      if (opening === current) opening = undefined
    }
    const current = openDB<Schema>(name, 1, {
      upgrade: (db) => {
        db.createObjectStore(STORE)
      },
      // A newer version of the app, or a deletion, must not wait for this tab.
      blocking: () => {
        forget()
        void current.then((db) => db.close())
      },
      terminated: forget,
    })
    opening = current
    current.catch(forget)
    return current
  }

  // Browsers drop connections of pages that slept; a transaction on one throws InvalidStateError at once.
  const withDatabase = async <T>(use: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> => {
    const current = database()
    const db = await current
    try {
      return await use(db)
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
      if (opening === current) opening = undefined
      return use(await database())
    }
  }

  return {
    load: async (docId, prefix) => {
      checkDocId(docId)
      return withDatabase(async (db) => {
        const { store, done } = db.transaction(STORE, 'readonly')
        const within = range(docId, prefix)
        const [keys, values] = await Promise.all([store.getAllKeys(within), store.getAll(within), done])
        return new Map(keys.map(([, key], i) => [key, values[i] ?? new Uint8Array(0)]))
      })
    },
    write: async (docId, changes) => {
      checkDocId(docId)
      checkChanges(changes)
      const copies = changes.map(({ key, value }) => ({ key, value: value?.slice() }))
      await withDatabase(async (db) => {
        const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' })
        const { store, done } = transaction
        const requests = copies.map(({ key, value }) =>
          value === undefined ? store.delete([docId, key]) : store.put(value, [docId, key]),
        )
        // Without waiting to hear of each request: of a page that is just being left this may be the last word.
        transaction.commit?.()
        // The transaction knows why it failed; each of its requests only that it was aborted.
        const [outcome] = await Promise.allSettled([done, ...requests])
        if (outcome.status === 'rejected') throw outcome.reason
      })
    },
    clear: async (docId) => {
      checkDocId(docId)
      await withDatabase((db) => db.delete(STORE, range(docId)))
    },
    lock: (lockName) => webLock(`${name}:${lockName}`),
  }
}
