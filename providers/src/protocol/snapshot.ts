/**
 * A snapshot: the whole state, and in public the *cover*, which says what it includes.
 *
 *   112 8 session ‖ 120 4 log height ‖ 124 4 cover length ‖ 128 2 chunks ‖ 130 4 ciphertext length
 *   134 32·p parents ‖ 81·c cover: author 32 ‖ session 8 ‖ seq 8 ‖ head 32 ‖ ended 1, ascending ‖ 32·k chunk ids
 * With chunks the ciphertext holds no state, only what describes it; the state is in the chunks, in order.
 */
import { compareBytes, concat, createReader, createWriter } from '../bytes.ts'
import { err, ok, type Result } from '../result.ts'
import {
  COMMITMENT_BYTES,
  type CommonHeader,
  envelopeId,
  readCommon,
  type Sealed,
  SIGNATURE_BYTES,
  TAG_BYTES,
  writeCommon,
} from './envelope.ts'
import { LIMITS } from './limits.ts'

export interface CoverEntry {
  readonly author: Uint8Array
  readonly session: Uint8Array
  /** The last position of the chain that is included. */
  readonly seq: number
  /** The id of the update at that position. */
  readonly head: Uint8Array
  /** Nothing may follow in this session: `head` is its last update. */
  readonly ended: boolean
}

export interface SnapshotHeader extends CommonHeader {
  /** The maker's session, for its certificate; a snapshot is no part of that session's chain. */
  readonly session: Uint8Array
  readonly logHeight: number
  /** Ids of the snapshots that it replaces, ≤ 4. A list: several relays must stay possible. */
  readonly parents: readonly Uint8Array[]
  /** Strictly ascending by (author, session), ≤ 4,096 entries. */
  readonly cover: readonly CoverEntry[]
  readonly chunks: readonly Uint8Array[]
}

export interface Snapshot extends SnapshotHeader, Sealed {
  readonly type: 'snapshot'
  readonly signature: Uint8Array
}

export const snapshotHeader = (fields: SnapshotHeader, ciphertextLength: number): Uint8Array => {
  const writer = createWriter(256 + 81 * fields.cover.length)
  writeCommon(writer, 'snapshot', fields, fields.parents.length)
    .bytes(fields.session)
    .u32(fields.logHeight)
    .u32(fields.cover.length)
    .u16(fields.chunks.length)
    .u32(ciphertextLength)
  for (const parent of fields.parents) writer.bytes(parent)
  for (const entry of fields.cover) {
    writer
      .bytes(entry.author)
      .bytes(entry.session)
      .u53(entry.seq)
      .bytes(entry.head)
      .u8(entry.ended ? 1 : 0)
  }
  for (const chunk of fields.chunks) writer.bytes(chunk)
  return writer.done()
}

export const assembleSnapshot = (
  fields: SnapshotHeader,
  sealed: { readonly header: Uint8Array; readonly commitment: Uint8Array; readonly ciphertext: Uint8Array },
  signature: Uint8Array,
): Snapshot => ({
  type: 'snapshot',
  ...fields,
  ...sealed,
  signature,
  id: envelopeId(sealed.header, sealed.commitment, sealed.ciphertext),
})

export const encodeSnapshot = (snapshot: Snapshot): Uint8Array =>
  concat(snapshot.header, snapshot.commitment, snapshot.ciphertext, snapshot.signature)

/** The order that a cover must have: by author, then session. */
export const compareCover = (
  a: { readonly author: Uint8Array; readonly session: Uint8Array },
  b: { readonly author: Uint8Array; readonly session: Uint8Array },
): number => compareBytes(a.author, b.author) || compareBytes(a.session, b.session)

const isCoverOrdered = (cover: readonly CoverEntry[]): boolean =>
  cover.every((entry, i) => i === 0 || compareCover(cover[i - 1] ?? entry, entry) < 0)

export const decodeSnapshot = (bytes: Uint8Array): Result<Snapshot> => {
  const reader = createReader(bytes)
  const { count, ...common } = readCommon(reader, 'snapshot')
  const session = reader.bytes(8)
  const logHeight = reader.u32()
  const coverLength = reader.u32()
  const chunkCount = reader.u16()
  const ciphertextLength = reader.u32()
  const bounded = count <= LIMITS.parents && coverLength <= LIMITS.openSessions && chunkCount <= LIMITS.chunks
  if (!reader.sound() || !bounded) return err('snapshot: malformed header')
  if (ciphertextLength < TAG_BYTES || ciphertextLength > LIMITS.snapshotBytes) return err('snapshot: size')
  const headerLength = 134 + 32 * count + 81 * coverLength + 32 * chunkCount
  if (bytes.length !== headerLength + COMMITMENT_BYTES + ciphertextLength + SIGNATURE_BYTES) {
    return err('snapshot: wrong length')
  }
  const parents = Array.from({ length: count }, () => reader.bytes(32))
  const cover = Array.from({ length: coverLength }, () => {
    const entry = { author: reader.bytes(32), session: reader.bytes(8), seq: reader.u53() }
    const head = reader.bytes(32)
    const ended = reader.u8()
    if (ended > 1) reader.fail()
    return { ...entry, head, ended: ended === 1 }
  })
  const chunks = Array.from({ length: chunkCount }, () => reader.bytes(32))
  if (!isCoverOrdered(cover)) return err('snapshot: cover out of order')
  const header = bytes.subarray(0, headerLength)
  const commitment = reader.bytes(COMMITMENT_BYTES)
  const ciphertext = reader.bytes(ciphertextLength)
  const signature = reader.bytes(SIGNATURE_BYTES)
  if (!reader.finished()) return err('snapshot: malformed')
  const fields = { ...common, session, logHeight, parents, cover, chunks }
  return ok(assembleSnapshot(fields, { header, commitment, ciphertext }, signature))
}
