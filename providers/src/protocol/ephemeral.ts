/**
 * The small sealed kinds outside of the chains.
 *   ephemeral: 112 4 ciphertext length. Session, counter, hello and echoes are inside the seal. Signed, never stored.
 *   heads:     112 8 session ‖ 120 4 log height ‖ 124 4 ciphertext length. What its author has seen.
 *   chunk:     112 4 ciphertext length; `count` is its index. No signature: the signed snapshot lists its id.
 */
import { concat, createReader, createWriter } from '../bytes.ts'
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

export interface Ephemeral extends Sealed {
  readonly type: 'ephemeral'
  readonly signature: Uint8Array
}

export interface HeadsHeader extends CommonHeader {
  readonly session: Uint8Array
  readonly logHeight: number
}

export interface Heads extends HeadsHeader, Sealed {
  readonly type: 'heads'
  readonly signature: Uint8Array
}

export interface ChunkHeader extends CommonHeader {
  readonly index: number
}

export interface Chunk extends ChunkHeader, Sealed {
  readonly type: 'chunk'
}

type Parts = {
  readonly header: Uint8Array
  readonly commitment: Uint8Array
  readonly ciphertext: Uint8Array
}

export const ephemeralHeader = (fields: CommonHeader, ciphertextLength: number): Uint8Array =>
  writeCommon(createWriter(116), 'ephemeral', fields, 0).u32(ciphertextLength).done()

export const assembleEphemeral = (fields: CommonHeader, parts: Parts, signature: Uint8Array): Ephemeral => ({
  type: 'ephemeral',
  ...fields,
  ...parts,
  signature,
  id: envelopeId(parts.header, parts.commitment, parts.ciphertext),
})

export const headsHeader = (fields: HeadsHeader, ciphertextLength: number): Uint8Array =>
  writeCommon(createWriter(128), 'heads', fields, 0)
    .bytes(fields.session)
    .u32(fields.logHeight)
    .u32(ciphertextLength)
    .done()

export const assembleHeads = (fields: HeadsHeader, parts: Parts, signature: Uint8Array): Heads => ({
  type: 'heads',
  ...fields,
  ...parts,
  signature,
  id: envelopeId(parts.header, parts.commitment, parts.ciphertext),
})

export const chunkHeader = (fields: ChunkHeader, ciphertextLength: number): Uint8Array =>
  writeCommon(createWriter(116), 'chunk', fields, fields.index).u32(ciphertextLength).done()

export const assembleChunk = (fields: ChunkHeader, parts: Parts): Chunk => ({
  type: 'chunk',
  ...fields,
  ...parts,
  id: envelopeId(parts.header, parts.commitment, parts.ciphertext),
})

/** Canonical bytes of an ephemeral or a heads message. */
export const encodeSigned = (envelope: Ephemeral | Heads): Uint8Array =>
  concat(envelope.header, envelope.commitment, envelope.ciphertext, envelope.signature)

export const encodeChunk = (chunk: Chunk): Uint8Array =>
  concat(chunk.header, chunk.commitment, chunk.ciphertext)

export const decodeEphemeral = (bytes: Uint8Array): Result<Ephemeral> => {
  const reader = createReader(bytes)
  const { count, ...common } = readCommon(reader, 'ephemeral')
  const length = reader.u32()
  if (!reader.sound() || count !== 0) return err('ephemeral: malformed header')
  if (length < TAG_BYTES || length > LIMITS.ephemeralBytes) return err('ephemeral: size')
  const parts = {
    header: bytes.subarray(0, 116),
    commitment: reader.bytes(COMMITMENT_BYTES),
    ciphertext: reader.bytes(length),
  }
  const signature = reader.bytes(SIGNATURE_BYTES)
  return reader.finished() ? ok(assembleEphemeral(common, parts, signature)) : err('ephemeral: wrong length')
}

export const decodeHeads = (bytes: Uint8Array): Result<Heads> => {
  const reader = createReader(bytes)
  const { count, ...common } = readCommon(reader, 'heads')
  const fields = { ...common, session: reader.bytes(8), logHeight: reader.u32() }
  const length = reader.u32()
  if (!reader.sound() || count !== 0) return err('heads: malformed header')
  if (length < TAG_BYTES || length > LIMITS.headsBytes) return err('heads: size')
  const parts = {
    header: bytes.subarray(0, 128),
    commitment: reader.bytes(COMMITMENT_BYTES),
    ciphertext: reader.bytes(length),
  }
  const signature = reader.bytes(SIGNATURE_BYTES)
  return reader.finished() ? ok(assembleHeads(fields, parts, signature)) : err('heads: wrong length')
}

export const decodeChunk = (bytes: Uint8Array): Result<Chunk> => {
  const reader = createReader(bytes)
  const { count, ...common } = readCommon(reader, 'chunk')
  const length = reader.u32()
  if (!reader.sound() || count >= LIMITS.chunks) return err('chunk: malformed header')
  if (length < TAG_BYTES || length > LIMITS.chunkBytes) return err('chunk: size')
  const parts = {
    header: bytes.subarray(0, 116),
    commitment: reader.bytes(COMMITMENT_BYTES),
    ciphertext: reader.bytes(length),
  }
  return reader.finished()
    ? ok(assembleChunk({ ...common, index: count }, parts))
    : err('chunk: wrong length')
}
