/** A state, packed for a snapshot: within it, or in pieces for chunks if it is large. */
import { LIMITS, TAG_BYTES } from '../protocol/index.ts'
import { type Content, encodeChunkedInner, encodeSnapshotInner, MAX_INFLATED } from './content.ts'
import type { Core } from './core.ts'
import { cutPayload, PIECE_BYTES } from './pieces.ts'
import { pack } from './sender.ts'

export interface PackedSnapshot {
  readonly inner: Uint8Array
  /** What the chunks are to hold, in order; none when it is small. */
  readonly pieces: readonly Uint8Array[]
  /** Bytes of the packed state. */
  readonly total: number
}

/** A packed state of more bytes travels in chunks. */
const CHUNKS_ABOVE_BYTES = 256 * 1024

/** `undefined` when it is more than a snapshot can hold. */
export const packSnapshot = (
  core: Core,
  content: Content,
  digest: Uint8Array,
): PackedSnapshot | undefined => {
  const { pad, chunks = { aboveBytes: CHUNKS_ABOVE_BYTES, pieceBytes: PIECE_BYTES } } = core.options
  if (content.payload.length > MAX_INFLATED) return undefined
  const packed = pack(content, core)
  const front = { ...packed, claims: [...core.claims.values()], digest }
  const total = packed.payload.length
  const isLarge = total > chunks.aboveBytes
  const inner = isLarge
    ? encodeChunkedInner({ ...front, payloadLength: total }, pad)
    : encodeSnapshotInner(front, pad)
  const pieces = isLarge ? cutPayload(packed.payload, pad, chunks.pieceBytes) : []
  const fits = inner.length + TAG_BYTES <= LIMITS.snapshotBytes && pieces.length <= LIMITS.chunks
  return fits ? { inner, pieces, total } : undefined
}
