/** The payload of a snapshot, cut into what its chunks hold, and put together again. */
import { type Chunk, LIMITS, type Snapshot, TAG_BYTES, toHex } from '../protocol/index.ts'
import { padmeLength } from './content.ts'
import { openFront } from './opening.ts'
import type { Vault } from './vault.ts'

/** What fits into one chunk. */
export const PIECE_BYTES: number = LIMITS.chunkBytes - TAG_BYTES

/** In pieces of `pieceBytes`, the last one shorter; padded, zeros fill it up to a length that tells little. */
export const cutPayload = (
  payload: Uint8Array,
  padded: boolean,
  pieceBytes: number,
): readonly Uint8Array[] => {
  let bytes = payload
  if (padded) {
    bytes = new Uint8Array(padmeLength(payload.length))
    bytes.set(payload)
  }
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
    bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  )
}

export interface Pieces {
  readonly snapshot: Snapshot
  /** Bytes of the payload, and how many of them are here. */
  readonly total: number
  done(): number
  /** Ids of chunks that are not here, in order. */
  missing(): readonly Uint8Array[]
  isListed(id: Uint8Array): boolean
  /** Whether this chunk was missing. */
  add(chunk: Chunk): boolean
  /** Why they will never make a payload, if so. */
  problem(): string | undefined
  /** All chunks, in order, and what they hold; `undefined` while some are missing, or when there is a problem. */
  whole(): { readonly chunks: readonly Chunk[]; readonly payload: Uint8Array } | undefined
}

/** Gathers the chunks of a snapshot whose payload has `length` bytes. */
export const createPieces = (snapshot: Snapshot, length: number, vault: Vault): Pieces => {
  const places = new Map(snapshot.chunks.map((id, index) => [toHex(id), index]))
  const chunks = new Map<number, Chunk>()
  const opened = new Map<number, Uint8Array>()
  const most = snapshot.padded ? padmeLength(length) : length
  let payload: Uint8Array | undefined
  let bytes = 0
  let problem = places.size < snapshot.chunks.length ? 'it lists one chunk twice' : undefined

  const join = (): Uint8Array | undefined => {
    const all = new Uint8Array(bytes)
    let at = 0
    for (let index = 0; index < snapshot.chunks.length; index++) {
      const piece = opened.get(index)
      if (piece === undefined) return undefined
      all.set(piece, at)
      at += piece.length
    }
    if (bytes < length) problem = 'its chunks hold less than it says'
    else if (all.subarray(length).some((byte) => byte !== 0)) problem = 'its filling is not zero'
    opened.clear()
    return problem === undefined ? all.subarray(0, length) : undefined
  }

  return {
    snapshot,
    total: length,
    done: () => Math.min(bytes, length),
    missing: () => snapshot.chunks.filter((_, index) => !chunks.has(index)),
    isListed: (id) => places.has(toHex(id)),
    add: (chunk) => {
      const place = places.get(toHex(chunk.id))
      if (place === undefined || chunks.has(place)) return false
      chunks.set(place, chunk)
      const piece = vault.open(chunk)
      if (!piece.ok) problem = 'a chunk of it does not open'
      else if (chunk.index !== place) problem = 'a chunk of it stands in another place'
      else {
        opened.set(place, piece.value)
        bytes += piece.value.length
        if (bytes > most) problem = 'its chunks hold more than it says'
      }
      if (problem === undefined && chunks.size === snapshot.chunks.length) payload = join()
      return true
    },
    problem: () => problem,
    whole: () => {
      if (payload === undefined) return undefined
      return { chunks: [...chunks].sort(([a], [b]) => a - b).map(([, chunk]) => chunk), payload }
    },
  }
}

/** A snapshot and what was kept of its chunks. */
export interface KeptSnapshot {
  readonly snapshot: Snapshot
  readonly chunks: readonly Chunk[]
}

/** What its chunks hold; `undefined` if it has none, or if they are not all there. */
export const payloadOf = ({ snapshot, chunks }: KeptSnapshot, vault: Vault): Uint8Array | undefined => {
  if (snapshot.chunks.length === 0) return undefined
  const front = openFront(snapshot, vault)
  if (!front.ok) return undefined
  const pieces = createPieces(snapshot, front.value.payloadLength, vault)
  for (const chunk of chunks) pieces.add(chunk)
  return pieces.whole()?.payload
}
