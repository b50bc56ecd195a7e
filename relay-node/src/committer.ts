/**
 * Pushes become commits. One commit runs at a time; what arrives meanwhile gathers into the next one, so that many
 * pushes share one durable write. Nothing is acked or fanned out before its commit.
 */
import { CLOSE, toHex } from 'sealsync/protocol'
import { type Document, emptyLog, logFrom, sessionKey } from './document.ts'
import type { Documents } from './documents.ts'
import { createDraft, type Draft, type Known, type Push, type Rules } from './draft.ts'
import { fanOut } from './fan-out.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { Position, Store } from './store/store.ts'

export interface Committer {
  /** Takes pushes in order; the document stays in memory until they are decided. */
  push(pushes: readonly Push[]): void
  waiting(): number
}

export interface CommitterOptions {
  readonly store: Store
  readonly documents: Documents
  readonly limits: RelayLimits
  /** The rules of a batch that begins now. */
  readonly rules: () => Rules
  /** Runs something after the current turn. */
  readonly defer: (run: () => void) => void
  /** Counts work that has begun; call the result when it is over. */
  readonly begin: () => () => void
  readonly onFailure: (error: unknown) => void
  /** After every commit that has done something. */
  readonly onWritten: () => void
}

export const createCommitter = (options: CommitterOptions): Committer => {
  const { store, documents, limits, defer, begin, onFailure, onWritten } = options
  let queue: Push[] = []
  let isBusy = false

  const schedule = (): void => {
    if (isBusy || queue.length === 0) return
    isBusy = true
    const end = begin()
    // Not at once: what other connections push in this turn shares the commit.
    defer(() => {
      const batch = queue.slice(0, limits.batch)
      queue = queue.slice(limits.batch)
      void run(batch).finally(() => {
        isBusy = false
        for (const { subscriber, bytes } of batch) {
          documents.release(subscriber.document)
          subscriber.link.settled(bytes)
        }
        schedule()
        end()
      })
    })
  }

  const run = async (batch: readonly Push[]): Promise<void> => {
    const drafts = await decideAll(batch)
    if (await commit(drafts)) return publish(drafts)
    // Something in it cannot be stored, or nothing can be: find out push by push, so that one does not harm another.
    for (const { document } of drafts) document.isDoubtful = true
    for (const push of batch) {
      const [single] = await decideAll([push])
      if (single === undefined) continue
      if (await commit([single])) {
        publish([single])
        continue
      }
      push.subscriber.document.isDoubtful = true
      const late = createDraft(push.subscriber.document, NOTHING, options.rules())
      late.postpone(push)
      publish([late])
    }
  }

  const decideAll = async (batch: readonly Push[]): Promise<readonly Draft[]> => {
    const byDocument = new Map<Document, Push[]>()
    for (const push of batch) {
      const { document } = push.subscriber
      const pushes = byDocument.get(document)
      if (pushes === undefined) byDocument.set(document, [push])
      else pushes.push(push)
    }
    const rules = options.rules()
    const drafts: Draft[] = []
    for (const [document, pushes] of byDocument) {
      const known = await prepare(document, pushes)
      const draft = createDraft(document, known ?? NOTHING, rules)
      for (const push of pushes) {
        if (known === undefined) draft.postpone(push)
        else draft.decide(push)
      }
      drafts.push(draft)
    }
    return drafts
  }

  /** What the store knows of what is pushed; `undefined` when it cannot be read. */
  const prepare = async (document: Document, pushes: readonly Push[]): Promise<Known | undefined> => {
    try {
      if (document.isDoubtful) await reload(document)
      return await lookUp(store, document, pushes)
    } catch (error) {
      onFailure(error)
      return undefined
    }
  }

  const commit = async (drafts: readonly Draft[]): Promise<boolean> => {
    const writes = drafts.flatMap((draft) => draft.writes)
    if (writes.length === 0) return true
    try {
      await store.commit(writes)
      onWritten()
      return true
    } catch (error) {
      onFailure(error)
      return false
    }
  }

  const publish = (drafts: readonly Draft[]): void => {
    for (const draft of drafts) {
      const { document, outcomes } = draft
      const { version, digest } = document.log
      draft.adopt()
      fanOut(document, outcomes, { from: { version, digest }, limits })
    }
  }

  /** After a failure the store may have more than we know (the answer was lost), or another log. */
  const reload = async (document: Document): Promise<void> => {
    const stored = await store.loadDocument(document.docId)
    document.isDoubtful = false
    const { isStored, logId, version } = document.log
    if (stored === undefined && !isStored) return
    const isSame = stored !== undefined && toHex(stored.logId) === toHex(logId) && stored.version >= version
    if (isSame && stored.version === version) return
    document.log = stored === undefined ? emptyLog(logId) : logFrom(stored)
    if (!isSame) {
      for (const subscriber of document.subscribers) {
        subscriber.link.fail(CLOSE.unavailable, 'the log of a document was replaced; open it again')
      }
      return
    }
    for (const subscriber of document.subscribers) {
      subscriber.live = false
      subscriber.link.wake(subscriber)
    }
  }

  return {
    push: (pushes) => {
      for (const push of pushes) {
        push.subscriber.document.holds++
        queue.push(push)
      }
      schedule()
    },
    waiting: () => queue.length,
  }
}

const NOTHING: Known = {
  idAt: () => undefined,
  hasId: () => false,
  chunkBytes: () => undefined,
  looseChunks: 0,
}

/** Only what lies below the heads has to be asked for: new updates, the usual case, cost no reading at all. */
const lookUp = async (store: Store, document: Document, pushes: readonly Push[]): Promise<Known> => {
  const positions = new Map<string, Position>()
  const ids = new Map<string, Uint8Array>()
  const chunks = new Map<string, Uint8Array>()
  const want = (position: Position): void => {
    const key = sessionKey(position)
    if (position.seq < (document.log.sessions.get(key)?.seq ?? -1))
      positions.set(key + position.seq, position)
  }
  for (const { envelope } of pushes) {
    if (envelope.type === 'update') want(envelope)
    if (envelope.type === 'chunk') chunks.set(toHex(envelope.id), envelope.id)
    if (envelope.type !== 'snapshot') continue
    ids.set(toHex(envelope.id), envelope.id)
    for (const entry of envelope.cover) want(entry)
    for (const id of envelope.chunks) chunks.set(toHex(id), id)
  }
  if (positions.size === 0 && ids.size === 0 && chunks.size === 0) return NOTHING
  const found = await store.lookup(document.docId, {
    positions: [...positions.values()],
    ids: [...ids.values()],
    chunks: [...chunks.values()],
  })
  const idAt = new Map([...positions.keys()].map((key, i) => [key, found.positions[i]]))
  const hasId = new Map([...ids.keys()].map((key, i) => [key, found.ids[i] ?? false]))
  const chunkBytes = new Map([...chunks.keys()].map((key, i) => [key, found.chunks[i]]))
  return {
    idAt: (key, seq) => idAt.get(key + seq),
    hasId: (id) => hasId.get(toHex(id)) ?? false,
    chunkBytes: (id) => chunkBytes.get(toHex(id)),
    looseChunks: found.looseChunks,
  }
}
