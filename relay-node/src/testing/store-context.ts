/** One document in a store under test: makes writes that fit one another, and reads everything back. */
import {
  type Chunk,
  type CoverEntry,
  EMPTY_DIGEST,
  encodeChunk,
  encodeSnapshot,
  encodeUpdate,
  nextDigest,
  randomBytes,
  type Snapshot,
  type Update,
} from 'sealsync/protocol'
import type { Covered, Entry, LoadPosition, Store, Stretch, Write } from '../store/store.ts'
import { type Author, createAuthor, createTestDocument, type TestDocument } from './author.ts'

type UpdateWrite = Write & { readonly type: 'update' }

export interface StoreContext {
  readonly store: Store
  reopen(): Promise<Store>
  readonly document: TestDocument
  readonly docId: Uint8Array
  readonly logId: Uint8Array
  /** The digest after the writes made so far. */
  digest(): Uint8Array
  author(): Author
  create(): readonly Write[]
  session(author: Author): Write
  update(update: Update | undefined): UpdateWrite
  chunk(chunk: Chunk, at?: number): Write
  commit(writes: readonly Write[]): Promise<void>
  snapshot(
    author: Author,
    cover: readonly CoverEntry[],
    options?: { readonly at?: number; readonly parent?: Snapshot; readonly chunks?: readonly Uint8Array[] },
  ): Promise<Snapshot>
  readAll(): Promise<readonly Entry[]>
  /** The ids of a load, page by page. */
  loadAll(
    stretch: Stretch & { readonly maxBytes: number },
    from?: LoadPosition,
  ): Promise<readonly Uint8Array[]>
}

export const createStoreContext = ({
  store,
  reopen,
}: Pick<StoreContext, 'store' | 'reopen'>): StoreContext => {
  const document = createTestDocument()
  const { docId } = document
  const logId = randomBytes(16)
  let version = 0
  let digest = EMPTY_DIGEST
  let replaces: number | undefined

  const place = (envelope: Update | Snapshot) => {
    version += 1
    digest = nextDigest(digest, envelope.id)
    const { author, session, id } = envelope
    return { docId, author, session, version, id, digest }
  }

  return {
    store,
    reopen,
    document,
    docId,
    logId,
    digest: () => digest,
    author: () => createAuthor(document),
    create: () => [{ type: 'create', docId, genesis: document.genesis, logId }],
    session: ({ certificate }) => ({ type: 'session', docId, certificate }),
    update: (update) => {
      if (update === undefined) throw new TypeError('there is no such update')
      return { type: 'update', ...place(update), seq: update.seq, bytes: encodeUpdate(update) }
    },
    chunk: (chunk, at = 0) => ({ type: 'chunk', docId, id: chunk.id, bytes: encodeChunk(chunk), at }),
    commit: (writes) => store.commit(writes),
    snapshot: async (author, cover, { at = 0, parent, chunks = [] } = {}) => {
      const snapshot = author.snapshot(cover, parent === undefined ? [] : [parent.id], { chunks })
      const covers = snapshot.cover.map(({ seq, head: _, ...entry }): Covered => {
        const before = parent?.cover.find((other) => sameSession(other, entry))
        return { ...entry, above: before?.seq ?? -1, through: seq }
      })
      const write = { type: 'snapshot', ...place(snapshot), covers, replaces, chunks, at } as const
      await store.commit([{ ...write, bytes: encodeSnapshot(snapshot) }])
      replaces = version
      return snapshot
    },
    readAll: async () => {
      const { entries } = await store.read(docId, {
        after: 0,
        through: version,
        maxBytes: Number.MAX_SAFE_INTEGER,
      })
      return entries
    },
    loadAll: async (stretch, from) => {
      const ids: Uint8Array[] = []
      let position = from
      do {
        const page = await store.readLoad(docId, { ...stretch, from: position })
        if (page.pruned) throw new Error('something was pruned')
        ids.push(...page.entries.map(({ id }) => id))
        position = page.next
      } while (position !== undefined)
      return ids
    },
  }
}

const sameSession = (a: CoverEntry, b: Pick<CoverEntry, 'author' | 'session'>): boolean =>
  `${a.author}${a.session}` === `${b.author}${b.session}`
