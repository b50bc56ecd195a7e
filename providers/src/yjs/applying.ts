/** Applies what others wrote to a Y.Doc: all that can be read and is not in conflict with what is there. */
import * as Y from 'yjs'
import type { Content } from '../sync/content.ts'
import type { Received, Rejection } from '../sync/effects.ts'
import { applyContent, type Decoded, decodeContent, UPDATE_V1 } from './encoding.ts'
import { type Conflict, createGuard } from './guard.ts'
import type { Known } from './known.ts'
import type { ParkedPart } from './parked.ts'
import { createRecent } from './recent.ts'
import { encodeWithout } from './remainder.ts'
import { type ClientRange, includes } from './structs.ts'

/** What one envelope did to the document, within one transaction. */
export interface Piece {
  readonly received: Received
  /** All that its payload says of clients' clocks, new or not, and was not refused. */
  readonly told: readonly ClientRange[]
  /** What of that is part of the document since this transaction; two pieces may name the same. */
  readonly inserted: readonly ClientRange[]
  /** All that its payload says to be deleted. */
  readonly deletions: readonly ClientRange[]
}

interface Rejected {
  readonly received: Received
  readonly reason: Rejection
}

export interface Outcome {
  /** Positions in the batch of what Yjs could not read. */
  readonly unreadable: readonly number[]
  readonly rejected: readonly Rejected[]
  readonly pieces: readonly Piece[]
}

export interface Applying {
  /** Within a transaction. `known` learns what was applied. */
  apply(batch: readonly Received[], known: Known | undefined): Outcome
}

const NONE: readonly ClientRange[] = []

/** Thousands of these live until the transaction of a load ends, so as little of it as can be. */
const deletionsOf = ({ ds }: Decoded): readonly ClientRange[] => {
  if (ds.clients.size === 0) return NONE
  const ranges: ClientRange[] = []
  for (const [client, items] of ds.clients) {
    for (const { clock, len } of items) ranges.push({ client, start: clock, end: clock + len })
  }
  return ranges
}

export const createApplying = (doc: Y.Doc): Applying => {
  const { store } = doc
  const guard = createGuard(doc)
  const recent = createRecent()
  let bytesSinceRetry = 0

  const heldOf = (client: number): number => Y.getState(store, client)

  /** `pieces` came in the same batch. */
  const reject = (received: Received, conflict: Conflict, pieces: readonly Piece[]): Rejected => {
    const { client, at, parked } = conflict
    // Two have written under the id that is ours, and more of it would be refused by whoever came to know theirs first.
    if (client === doc.clientID) doc.clientID = new Y.Doc().clientID
    const inBatch = (): Received | undefined =>
      pieces.find(({ inserted }) => includes(inserted, client, at))?.received
    const other = parked?.envelopeId ?? recent.find(client, at) ?? inBatch()?.envelopeId
    return { received, reason: { type: 'conflict', other } }
  }

  /** What is parked is not in the document yet. */
  const arrived = (ranges: readonly ClientRange[]): readonly ClientRange[] =>
    store.pendingStructs === null
      ? ranges
      : ranges.flatMap(({ client, start, end }) => {
          const held = heldOf(client)
          return start < held ? [{ client, start, end: Math.min(end, held) }] : []
        })

  const retry = (): readonly ParkedPart[] => {
    if (!isRetryDue(doc, bytesSinceRetry)) return []
    bytesSinceRetry = 0
    retryParked(doc)
    return guard.retried()
  }

  const rest = (decoded: Decoded, conflicts: readonly Conflict[]): Content => {
    const cuts = new Map(conflicts.map(({ client, from }) => [client, from]))
    return { encoding: UPDATE_V1, payload: encodeWithout(decoded, cuts, heldOf) }
  }

  /** `false`: Yjs failed to integrate it. */
  const applyRest = (received: Received, decoded: Decoded, conflicts: readonly Conflict[]): boolean => {
    try {
      applyContent(doc, conflicts.length === 0 ? received : rest(decoded, conflicts), undefined)
      return true
    } catch {
      return false
    }
  }

  return {
    apply: (batch, known) => {
      const unreadable: number[] = []
      const released: ParkedPart[] = []
      const pieces: Piece[] = []
      const rejected = guard.begin().map(({ received, conflict }) => reject(received, conflict, pieces))
      for (const [position, received] of batch.entries()) {
        bytesSinceRetry += received.payload.length
        const decoded = decodeContent(received)
        if (decoded === undefined) {
          unreadable.push(position)
          continue
        }
        const inspection = guard.inspect(decoded)
        const [conflict] = inspection.conflicts
        if (conflict !== undefined) rejected.push(reject(received, conflict, pieces))
        if (!applyRest(received, decoded, inspection.conflicts)) {
          unreadable.push(position)
          guard.begin()
          continue
        }
        known?.add(decoded)
        for (const part of guard.settle(decoded, inspection, received)) released.push(part)
        const { told, fresh } = inspection
        pieces.push({ received, told, inserted: fresh, deletions: deletionsOf(decoded) })
      }
      released.push(...retry())
      const settled =
        store.pendingStructs === null
          ? pieces
          : pieces.map((piece) => ({ ...piece, inserted: arrived(piece.inserted) }))
      const late = released.length === 0 ? [] : waited(released, new Set(batch))
      const all = late.length === 0 ? settled : [...late, ...settled]
      recent.add(all)
      return { unreadable, rejected, pieces: all }
    },
  }
}

/** What came in earlier batches and only now is part of the document. */
const waited = (released: readonly ParkedPart[], batch: ReadonlySet<Received>): readonly Piece[] => {
  const ranges = new Map<Received, ClientRange[]>()
  for (const { received, client, start, end } of released) {
    if (received === undefined || batch.has(received)) continue
    const row = ranges.get(received) ?? []
    row.push({ client, start, end })
    ranges.set(received, row)
  }
  return [...ranges].map(([received, inserted]) => ({
    received,
    told: inserted,
    inserted,
    deletions: NONE,
  }))
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
