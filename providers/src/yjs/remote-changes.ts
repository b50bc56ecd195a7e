/** Who wrote what a transaction brought. */
import type { Transaction } from 'yjs'
import { toHex } from '../bytes.ts'
import type { Piece } from './applying.ts'
import { createRanges, type Ranges } from './ranges.ts'
import type { ClientRange } from './structs.ts'

/** One verified piece of the document that a transaction applied, and what it changed. */
export interface RemoteChange {
  /** Hex of the 32-byte device key that has signed it. */
  readonly author: string
  /** Hex of the 8-byte id of the session that has sent it. */
  readonly session: string
  /** Hex of the 32-byte envelope id; `undefined` for an edit of this device that was kept and not sent yet. */
  readonly envelopeId: string | undefined
  /** A snapshot was made by its author, from what everybody wrote: what it inserts says nothing of who wrote it. */
  readonly kind: 'update' | 'snapshot'
  /** What it added to the document. */
  readonly inserted: readonly ClientRange[]
  /** What it deleted of the document, as far as it was there and was not deleted. */
  readonly deleted: readonly ClientRange[]
}

export interface RemoteChanges {
  note(transaction: Transaction, pieces: readonly Piece[]): void
  /** Those of this transaction, in the order of application; none for one that is not of the provider. */
  of(transaction: Transaction): readonly RemoteChange[]
}

export const createRemoteChanges = (): RemoteChanges => {
  const noted = new WeakMap<Transaction, readonly Piece[]>()
  const described = new WeakMap<Transaction, readonly RemoteChange[]>()

  return {
    note: (transaction, pieces) => {
      const before = noted.get(transaction)
      noted.set(transaction, before === undefined ? pieces : [...before, ...pieces])
      described.delete(transaction)
    },
    of: (transaction) => {
      const pieces = noted.get(transaction)
      if (pieces === undefined) return NONE
      const known = described.get(transaction)
      if (known !== undefined) return known
      const changes = describe(transaction, pieces)
      described.set(transaction, changes)
      return changes
    },
  }
}

const NONE: readonly RemoteChange[] = Object.freeze([])

/** Where two pieces name the same, it was the first that changed something. */
const describe = ({ deleteSet }: Transaction, pieces: readonly Piece[]): readonly RemoteChange[] => {
  const inserted = createRanges()
  const deleted = createRanges()
  const toDelete = createRanges()
  for (const [client, items] of deleteSet.clients) {
    for (const { clock, len } of items) toDelete.add(client, clock, clock + len)
  }
  return pieces.flatMap(({ received, inserted: ranges, deletions }) => {
    const { author, session, envelopeId, kind } = received
    const news = ranges.flatMap((range) => take(inserted, range))
    const gone = deletions.flatMap(({ client, ...range }) =>
      toDelete
        .held(client, range.start, range.end)
        .flatMap(({ start, end }) => take(deleted, { client, start, end })),
    )
    if (news.length === 0 && gone.length === 0) return []
    const isSealed = envelopeId.some((byte) => byte !== 0)
    const change: RemoteChange = {
      author: toHex(author),
      session: toHex(session),
      envelopeId: isSealed ? toHex(envelopeId) : undefined,
      kind,
      inserted: news,
      deleted: gone,
    }
    return [Object.freeze(change)]
  })
}

const take = (taken: Ranges, { client, start, end }: ClientRange): readonly ClientRange[] => {
  const fresh = taken.gaps(client, start, end).map((gap) => ({ client, start: gap.start, end: gap.end }))
  taken.add(client, start, end)
  return fresh
}
