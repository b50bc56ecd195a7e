/** The documents in memory: one object per document that somebody has open or waits for; nothing else is kept. */
import { decodeGenesis, encodeGenesis, type Genesis, toHex } from 'sealsync/protocol'
import { createDocument, type Document, emptyLog, logFrom } from './document.ts'
import type { Store, StoredDocument } from './store/store.ts'

interface Wanted {
  readonly docId: Uint8Array
  readonly genesis: Genesis
  /** Whether to begin a log when nothing is stored. */
  readonly create: boolean
}

export interface Documents {
  /**
   * Reads a document into memory and holds it there: every call that gives one is matched by a `release`.
   * `undefined` when nothing is stored of it and `create` is false. Rejects when the store cannot be read.
   */
  hold(wanted: Wanted): Promise<Document | undefined>
  release(document: Document): void
  count(): number
}

export const createDocuments = (store: Store, random: (length: number) => Uint8Array): Documents => {
  const documents = new Map<string, Document>()
  // Shared, so that nobody is left with an older reading of the log than somebody else.
  const reading = new Map<string, Promise<StoredDocument | undefined>>()
  let channels = 0

  const read = (key: string, docId: Uint8Array): Promise<StoredDocument | undefined> => {
    let promise = reading.get(key)
    if (promise === undefined) {
      promise = store.loadDocument(docId).finally(() => reading.delete(key))
      reading.set(key, promise)
    }
    return promise
  }

  const begin = (key: string, { docId, genesis }: Wanted, stored: StoredDocument | undefined): Document => {
    const log = stored === undefined ? emptyLog(random(16)) : logFrom(stored)
    const own = decodeGenesis(encodeGenesis(genesis))
    const identity = { key, docId: docId.slice(), genesis: own.ok ? own.value : genesis, channel: ++channels }
    const document = createDocument(identity, log)
    documents.set(key, document)
    return document
  }

  return {
    hold: async (wanted) => {
      const key = toHex(wanted.docId)
      if (!documents.has(key)) {
        const stored = await read(key, wanted.docId)
        if (stored === undefined && !wanted.create && !documents.has(key)) return undefined
        if (!documents.has(key)) begin(key, wanted, stored)
      }
      const document = documents.get(key)
      // A log that is in memory only does not exist yet for those who do not want to create it.
      if (document === undefined || !(document.log.isStored || wanted.create)) return undefined
      document.holds++
      return document
    },
    release: (document) => {
      document.holds--
      if (document.holds === 0) documents.delete(document.key)
    },
    count: () => documents.size,
  }
}
