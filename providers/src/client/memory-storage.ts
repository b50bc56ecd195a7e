/** A storage that ends with the page or process. Share one between clients that are to find each other's edits. */
import type { Storage } from './storage.ts'
import { checkChanges, checkDocId } from './storage-name.ts'

/** Keeps documents in memory: for tests, and for apps that want unsent edits to outlive a provider, not a reload. */
export const memoryStorage = (): Storage => {
  const documents = new Map<string, Map<string, Uint8Array>>()
  const locks = new Set<string>()
  return {
    load: async (docId, prefix = '') => {
      checkDocId(docId)
      const entries = [...(documents.get(docId) ?? [])].filter(([key]) => key.startsWith(prefix))
      return new Map(entries.map(([key, value]) => [key, value.slice()]))
    },
    write: async (docId, changes) => {
      checkDocId(docId)
      checkChanges(changes)
      const entries = documents.get(docId) ?? new Map<string, Uint8Array>()
      documents.set(docId, entries)
      for (const { key, value } of changes) {
        if (value === undefined) entries.delete(key)
        else entries.set(key, value.slice())
      }
    },
    clear: async (docId) => {
      checkDocId(docId)
      documents.delete(docId)
    },
    lock: async (name) => {
      if (locks.has(name)) return undefined
      locks.add(name)
      let isHeld = true
      return () => {
        if (isHeld) locks.delete(name)
        isHeld = false
      }
    },
  }
}
