/** One Y.Doc as the core sees it: a thing that applies, merges, compares and captures bytes. */
import * as Y from 'yjs'
import type { Replica } from '../client/replica.ts'
import type { Claim, Content } from '../sync/content.ts'
import { applyContent, decodeContent, smallest, toUpdateV1, UPDATE_V1, UPDATE_V2 } from './encoding.ts'
import { createKnown, type Known } from './known.ts'

/** What is told at once of a large document: well below what a relay takes as one update. */
const PIECE_BYTES = 1024 * 1024

/** `Y.mergeUpdates` is quadratic in their number. */
const MERGE_AT_ONCE = 100

/** Yjs answers at once. */
export interface YjsReplica extends Replica {
  missing(pending: readonly Content[]): readonly Content[]
  capture(evenIncomplete: boolean): Content | undefined
}

/**
 * `origin` is the origin of all transactions that apply what others wrote.
 * `onClaims` hears who writes under which client id, before that content is applied.
 */
export const createYjsReplica = (
  doc: Y.Doc,
  origin: unknown,
  onClaims: (claims: readonly Claim[]) => void = () => {},
): YjsReplica => {
  let known: Known | undefined
  let bytesSinceRetry = 0

  const isEmpty = (): boolean =>
    doc.store.clients.size === 0 && doc.store.pendingStructs === null && doc.store.pendingDs === null

  return {
    encodings: [UPDATE_V1, UPDATE_V2],
    isEmpty,
    merge: (edits) => {
      const [only] = edits
      if (only !== undefined && edits.length === 1) return only
      return smallest(mergeAll(edits.map(toUpdateV1)))
    },
    apply: (batch, isKnown) => {
      const unreadable: number[] = []
      for (const { claims } of batch) if (claims.length > 0) onClaims(claims)
      try {
        doc.transact(() => {
          for (const [position, received] of batch.entries()) {
            if (!applyOne(doc, received, isKnown ? known : undefined)) unreadable.push(position)
            bytesSinceRetry += received.payload.length
          }
          if (isRetryDue(doc, bytesSinceRetry)) {
            bytesSinceRetry = 0
            retryParked(doc)
          }
        }, origin)
      } catch (error) {
        // A listener of the app threw after all was applied: its bug must be heard, but it is not the network's.
        queueMicrotask(() => {
          throw error
        })
      }
      return unreadable
    },
    track: () => {
      known = createKnown()
    },
    missing: (pending) => {
      const relayKnown = known ?? createKnown()
      known = undefined
      for (const content of pending) {
        const decoded = decodeContent(content)
        if (decoded !== undefined) relayKnown.add(decoded)
      }
      return relayKnown.beyond(doc, PIECE_BYTES).map((payload) => ({ encoding: UPDATE_V1, payload }))
    },
    beyond: (contents) => {
      const others = createKnown()
      for (const content of contents) {
        const decoded = decodeContent(content)
        if (decoded !== undefined) others.add(decoded)
      }
      return others.beyond(doc, PIECE_BYTES).map((payload) => ({ encoding: UPDATE_V1, payload }))
    },
    capture: (evenIncomplete) => {
      const isWhole = doc.store.pendingStructs === null && doc.store.pendingDs === null
      if (!isWhole && !evenIncomplete) return undefined
      return { encoding: UPDATE_V2, payload: Y.encodeStateAsUpdateV2(doc) }
    },
  }
}

const applyOne = (doc: Y.Doc, content: Content, known: Known | undefined): boolean => {
  const decoded = decodeContent(content)
  if (decoded === undefined) return false
  try {
    applyContent(doc, content, undefined)
  } catch {
    return false
  }
  known?.add(decoded)
  return true
}

/** Parked content may be this many times what arrived since it was last tried: so trying it costs a constant factor. */
const RETRY_RATIO = 64

const isRetryDue = ({ store }: Y.Doc, bytesSinceRetry: number): boolean =>
  store.pendingStructs !== null && store.pendingStructs.update.length <= RETRY_RATIO * bytesSinceRetry

/**
 * Yjs notes only the deepest dependency of what it parks, and tries again when that one arrives. When two authors'
 * parked structs wait for each other's earlier ones, that moment never comes although all is there.
 */
const retryParked = (doc: Y.Doc): void => {
  const { store } = doc
  for (let before = Number.POSITIVE_INFINITY; store.pendingStructs !== null; ) {
    const parked = store.pendingStructs
    if (parked.update.length >= before) return
    before = parked.update.length
    store.pendingStructs = null
    try {
      Y.applyUpdateV2(doc, parked.update)
    } catch {
      // Content of another origin that Yjs cannot integrate: it stays where it was.
      store.pendingStructs ??= parked
      return
    }
  }
}

const mergeAll = (updates: readonly Uint8Array[]): Uint8Array => {
  if (updates.length <= MERGE_AT_ONCE) return Y.mergeUpdates([...updates])
  const merged: Uint8Array[] = []
  for (let i = 0; i < updates.length; i += MERGE_AT_ONCE) {
    merged.push(Y.mergeUpdates(updates.slice(i, i + MERGE_AT_ONCE)))
  }
  return mergeAll(merged)
}
