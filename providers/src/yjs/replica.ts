/** One Y.Doc as the core sees it: a thing that applies, merges, compares and captures bytes. */
import * as Y from 'yjs'
import type { Replica } from '../client/replica.ts'
import type { Claim, Content } from '../sync/content.ts'
import type { Received, Rejection } from '../sync/effects.ts'
import { createApplying, type Outcome, type Piece } from './applying.ts'
import { canonicalForm } from './canonical.ts'
import { decodeContent, smallest, toUpdateV1, UPDATE_V1, UPDATE_V2 } from './encoding.ts'
import { createKnown, type Known } from './known.ts'

/** What is told at once of a large document: well below what a relay takes as one update. */
const PIECE_BYTES = 1024 * 1024

/** `Y.mergeUpdates` is quadratic in their number. */
const MERGE_AT_ONCE = 100

const NOTHING: Outcome = { unreadable: [], rejected: [], pieces: [] }

/** Yjs answers at once. */
export interface YjsReplica extends Replica {
  missing(pending: readonly Content[]): readonly Content[]
  capture(evenIncomplete: boolean): Content | undefined
}

export interface ReplicaEvents {
  /** Who writes under which client id: before that content is applied. */
  readonly onClaims?: (claims: readonly Claim[]) => void
  /** Something was applied, by this transaction: within it, and before any observer hears of it. */
  readonly onPieces?: (transaction: Y.Transaction, pieces: readonly Piece[]) => void
  /** Something was not applied, or not all of it, although it can be read. */
  readonly onRejected?: (received: Received, reason: Rejection) => void
}

/** `origin` is the origin of all transactions that apply what others wrote. */
export const createYjsReplica = (
  doc: Y.Doc,
  origin: unknown,
  { onClaims, onPieces, onRejected }: ReplicaEvents = {},
): YjsReplica => {
  let known: Known | undefined
  const applying = createApplying(doc)

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
      for (const { claims } of batch) if (claims.length > 0) onClaims?.(claims)
      let outcome: Outcome = NOTHING
      try {
        doc.transact((transaction) => {
          outcome = applying.apply(batch, isKnown ? known : undefined)
          onPieces?.(transaction, outcome.pieces)
        }, origin)
      } catch (error) {
        // A listener of the app threw after all was applied: its bug must be heard, but it is not the network's.
        queueMicrotask(() => {
          throw error
        })
      }
      for (const { received, reason } of outcome.rejected) onRejected?.(received, reason)
      return outcome.unreadable
    },
    track: () => {
      known = createKnown()
    },
    missing: (pending) => {
      const relayKnown = known ?? createKnown()
      known = undefined
      return beyond(doc, relayKnown, pending)
    },
    beyond: (contents) => beyond(doc, createKnown(), contents),
    capture: (evenIncomplete) => {
      const isWhole = doc.store.pendingStructs === null && doc.store.pendingDs === null
      if (!isWhole && !evenIncomplete) return undefined
      return { encoding: UPDATE_V2, payload: Y.encodeStateAsUpdateV2(doc) }
    },
    canonical: () => canonicalForm(doc),
  }
}

/** What the document holds beyond what is known and these contents, which are known from here on. */
const beyond = (doc: Y.Doc, known: Known, contents: readonly Content[]): readonly Content[] => {
  for (const content of contents) {
    const decoded = decodeContent(content)
    if (decoded !== undefined) known.add(decoded)
  }
  return known.beyond(doc, PIECE_BYTES).map((payload) => ({ encoding: UPDATE_V1, payload }))
}

const mergeAll = (updates: readonly Uint8Array[]): Uint8Array => {
  if (updates.length <= MERGE_AT_ONCE) return Y.mergeUpdates([...updates])
  const merged: Uint8Array[] = []
  for (let i = 0; i < updates.length; i += MERGE_AT_ONCE) {
    merged.push(Y.mergeUpdates(updates.slice(i, i + MERGE_AT_ONCE)))
  }
  return mergeAll(merged)
}
