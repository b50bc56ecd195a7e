/**
 * Writes chosen parts of a document as one update V1. Yjs can only leave out what lies below a state vector, and it
 * always adds every deletion that the document has ever seen.
 */
import * as Y from 'yjs'
import { merge, type Range, type RangesByClient } from './ranges.ts'
import { indexOfClock } from './structs.ts'

export interface Selection {
  /** Structs, whole ones: a range that ends within a struct brings all of it. Only what the document holds. */
  readonly structs: RangesByClient
  readonly deletions: RangesByClient
}

/** What one transaction changed, as Yjs would tell its `update` listeners; `undefined` when it changed nothing. */
export const encodeTransaction = (transaction: Y.Transaction): Uint8Array | undefined => {
  const { beforeState, afterState, deleteSet, doc } = transaction
  const structs = new Map<number, readonly Range[]>()
  for (const [client, end] of afterState) {
    const start = beforeState.get(client) ?? 0
    if (start < end) structs.set(client, [{ start, end }])
  }
  const deletions = new Map<number, readonly Range[]>()
  for (const [client, items] of deleteSet.clients) {
    deletions.set(
      client,
      items.map(({ clock, len }) => ({ start: clock, end: clock + len })),
    )
  }
  return structs.size === 0 && deletions.size === 0 ? undefined : encodeExcerpt(doc, { structs, deletions })
}

const encodeExcerpt = (doc: Y.Doc, { structs, deletions }: Selection): Uint8Array => {
  const encoder = new Y.UpdateEncoderV1()
  // In V1 every length is a plain varint, the one number that the encoder lets us write.
  encoder.writeLen(structs.size)
  for (const [client, ranges] of higherIdsFirst(structs)) {
    const pieces = piecesFrom(doc.store.clients.get(client) ?? [], ranges)
    encoder.writeLen(pieces.length)
    encoder.writeClient(client)
    encoder.writeLen(ranges[0]?.start ?? 0)
    for (const piece of pieces) {
      if (piece.type === 'struct') {
        piece.struct.write(encoder, piece.offset)
      } else {
        encoder.writeInfo(SKIP)
        encoder.writeLen(piece.length)
      }
    }
  }
  encoder.writeLen(deletions.size)
  for (const [client, ranges] of higherIdsFirst(deletions)) {
    encoder.writeClient(client)
    encoder.writeLen(ranges.length)
    for (const { start, end } of ranges) {
      encoder.writeDsClock(start)
      encoder.writeDsLen(end - start)
    }
  }
  return encoder.toUint8Array()
}

/** The same in as many updates as it takes for each to have at most about `maxBytes`; one struct is never divided. */
export const encodeExcerpts = (doc: Y.Doc, selection: Selection, maxBytes: number): readonly Uint8Array[] => {
  const whole = encodeExcerpt(doc, selection)
  const halves = whole.length > maxBytes ? halvesOf(doc, selection) : []
  return halves.length === 0 ? [whole] : halves.flatMap((half) => encodeExcerpts(doc, half, maxBytes))
}

/** Two selections of about as many structs; none when there is nothing to divide. Deletions follow their structs. */
const halvesOf = (doc: Y.Doc, { structs, deletions }: Selection): readonly Selection[] => {
  const pieces = [...structs].flatMap(([client, ranges]) =>
    piecesFrom(doc.store.clients.get(client) ?? [], ranges).flatMap((piece) => {
      if (piece.type === 'skip') return []
      const { id, length } = piece.struct
      return [{ client, start: id.clock + piece.offset, end: id.clock + length }]
    }),
  )
  if (pieces.length < 2) return []
  const middle = pieces.length >> 1
  return [
    { structs: rangesOf(pieces.slice(0, middle)), deletions: new Map() },
    { structs: rangesOf(pieces.slice(middle)), deletions },
  ]
}

const rangesOf = (pieces: readonly (Range & { readonly client: number })[]): RangesByClient => {
  const byClient = new Map<number, Range[]>()
  for (const { client, start, end } of pieces) {
    const ranges = byClient.get(client) ?? []
    ranges.push({ start, end })
    byClient.set(client, ranges)
  }
  return new Map([...byClient].map(([client, ranges]) => [client, merge(ranges)]))
}

/** The struct kind that stands for a gap in the clock. */
const SKIP = 10

type Piece =
  | { readonly type: 'struct'; readonly struct: Y.Item | Y.GC; readonly offset: number }
  | { readonly type: 'skip'; readonly length: number }

const piecesFrom = (structs: readonly (Y.Item | Y.GC)[], ranges: readonly Range[]): readonly Piece[] => {
  const pieces: Piece[] = []
  let clock = ranges[0]?.start ?? 0
  for (const { start, end } of ranges) {
    if (end <= clock) continue
    if (start > clock) pieces.push({ type: 'skip', length: start - clock })
    clock = Math.max(clock, start)
    for (let i = indexOfClock(structs, clock); clock < end; i++) {
      const struct = structs[i]
      if (struct === undefined) break
      pieces.push({ type: 'struct', struct, offset: clock - struct.id.clock })
      clock = struct.id.clock + struct.length
    }
  }
  return pieces
}

// The order in which Yjs integrates with the fewest conflicts.
const higherIdsFirst = (ranges: RangesByClient): readonly (readonly [number, readonly Range[]])[] =>
  [...ranges].sort(([a], [b]) => b - a)
