/**
 * An update: the only kind that forms a hash chain, one chain per (author, session).
 *
 *   112 8 session ‖ 120 8 seq ‖ 128 32 prev ‖ 160 32 base ‖ 192 4 log height ‖ 196 4 ciphertext length ‖ 200 32·n deps
 */
import { compareBytes, concat, createReader, createWriter } from '../bytes.ts'
import { hash } from '../crypto.ts'
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

export interface UpdateHeader extends CommonHeader {
  /** 8 random bytes: the chain's name together with the author. */
  readonly session: Uint8Array
  /** Position in the chain, from 0, ≤ 2⁵³ − 1. */
  readonly seq: number
  /** Id of the update at seq − 1; at seq 0 `chainStart(docId, author, session)`. */
  readonly prev: Uint8Array
  /** Id of the snapshot that was active for the author, or zeros. For information: nobody rejects on it. */
  readonly base: Uint8Array
  readonly logHeight: number
  /** Heads of other chains first seen since the author's previous update; strictly ascending, ≤ 32. */
  readonly deps: readonly Uint8Array[]
}

export interface Update extends UpdateHeader, Sealed {
  readonly type: 'update'
  /** Absent when a later signature of the same chain vouches for this update. */
  readonly signature: Uint8Array | undefined
}

/** Where the deps begin, and the length of a header without any. */
const DEPS_AT = 200

/** What stands for the predecessor of seq 0. */
export const chainStart = (docId: Uint8Array, author: Uint8Array, session: Uint8Array): Uint8Array =>
  hash('session', docId, author, session)

export const updateHeader = (fields: UpdateHeader, ciphertextLength: number): Uint8Array => {
  const writer = createWriter(200 + 32 * fields.deps.length)
  writeCommon(writer, 'update', fields, fields.deps.length)
    .bytes(fields.session)
    .u53(fields.seq)
    .bytes(fields.prev)
    .bytes(fields.base)
    .u32(fields.logHeight)
    .u32(ciphertextLength)
  for (const dep of fields.deps) writer.bytes(dep)
  return writer.done()
}

/**
 * The header of an update that follows `previous` in one chain under the same key, height and base, and names no
 * deps: all but position, predecessor, nonce, padding and length is taken from there.
 */
export const followingHeader = (
  previous: Uint8Array,
  fields: Pick<UpdateHeader, 'seq' | 'prev' | 'nonce' | 'padded'>,
  ciphertextLength: number,
): Uint8Array => {
  const header = previous.slice(0, DEPS_AT)
  const view = new DataView(header.buffer)
  header[5] = fields.padded ? 1 : 0
  view.setUint16(6, 0)
  header.set(fields.nonce, 88)
  view.setUint32(120, Math.floor(fields.seq / 2 ** 32))
  view.setUint32(124, fields.seq >>> 0)
  header.set(fields.prev, 128)
  view.setUint32(196, ciphertextLength)
  return header
}

/** An update from its parts; the id is computed here, never taken from anywhere. */
export const assembleUpdate = (
  fields: UpdateHeader,
  sealed: { readonly header: Uint8Array; readonly commitment: Uint8Array; readonly ciphertext: Uint8Array },
  signature: Uint8Array | undefined,
): Update => ({
  // Field by field: a load makes thousands of these.
  type: 'update',
  docId: fields.docId,
  keyId: fields.keyId,
  author: fields.author,
  nonce: fields.nonce,
  padded: fields.padded,
  session: fields.session,
  seq: fields.seq,
  prev: fields.prev,
  base: fields.base,
  logHeight: fields.logHeight,
  deps: fields.deps,
  header: sealed.header,
  commitment: sealed.commitment,
  ciphertext: sealed.ciphertext,
  signature,
  id: envelopeId(sealed.header, sealed.commitment, sealed.ciphertext),
})

/** Canonical bytes; without its signature an update ends after the ciphertext. */
export const encodeUpdate = (update: Update): Uint8Array =>
  concat(
    update.header,
    update.commitment,
    update.ciphertext,
    ...(update.signature === undefined ? [] : [update.signature]),
  )

export const areDepsOrdered = (deps: readonly Uint8Array[]): boolean =>
  deps.every((dep, i) => i === 0 || compareBytes(deps[i - 1] ?? dep, dep) < 0)

export const decodeUpdate = (bytes: Uint8Array): Result<Update> => {
  const reader = createReader(bytes)
  const { count, ...common } = readCommon(reader, 'update')
  const session = reader.bytes(8)
  const seq = reader.u53()
  const prev = reader.bytes(32)
  const base = reader.bytes(32)
  const logHeight = reader.u32()
  const ciphertextLength = reader.u32()
  if (!reader.sound() || count > LIMITS.deps) return err('update: malformed header')
  const deps = Array.from({ length: count }, () => reader.bytes(32))
  if (!areDepsOrdered(deps)) return err('update: deps out of order')
  if (ciphertextLength < TAG_BYTES || ciphertextLength > LIMITS.updateBytes) return err('update: size')
  const header = bytes.subarray(0, 200 + 32 * count)
  const commitment = reader.bytes(COMMITMENT_BYTES)
  const ciphertext = reader.bytes(ciphertextLength)
  const signature = reader.bytes(SIGNATURE_BYTES)
  if (!reader.finished()) return err('update: wrong length')
  const fields = { ...common, session, seq, prev, base, logHeight, deps }
  return ok(assembleUpdate(fields, { header, commitment, ciphertext }, signature))
}
