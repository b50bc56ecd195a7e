/**
 * What every sealed kind shares: the first 112 header bytes, the commitment, the ciphertext, and the id.
 *
 *   0  2 magic E2 C7     2  1 version 1    3  1 suite 1    4  1 kind    5  1 flags (bit 0: padded)
 *   6  2 count (deps of an update, parents of a snapshot, index of a chunk, else 0)
 *   8 32 docId          40 16 key id      56 32 author    88 24 nonce   112 … what the kind adds
 *
 *   envelope = header ‖ commitment 32 ‖ ciphertext (tag included) ‖ signature 64 (a chunk has none)
 *   id = H(env-id, header ‖ commitment ‖ H(ciphertext)): the public part of a pruned snapshot stays verifiable.
 * The signature covers the id and stands outside of it, so that stripping or replacing it never makes another envelope.
 */
import type { Reader, Writer } from '../bytes.ts'
import { hash } from '../crypto.ts'
import { SUITE, VERSION } from './genesis.ts'

/** Offset of the kind in every envelope. */
const KIND_AT = 4

export const KIND = { update: 1, snapshot: 2, ephemeral: 3, record: 4, heads: 5, chunk: 6 } as const
export type Kind = keyof typeof KIND

export const MAGIC = 0xe2c7
export const COMMON_BYTES = 112
export const COMMITMENT_BYTES = 32
export const SIGNATURE_BYTES = 64
export const TAG_BYTES = 16
const PADDED = 1

/** 32 zero bytes: "none" wherever an id or a key may be absent. */
export const NO_ID: Uint8Array = new Uint8Array(32)

export interface CommonHeader {
  readonly docId: Uint8Array
  /** Which epoch key sealed it, 16 bytes; receivers compute key ids themselves and never trust this one. */
  readonly keyId: Uint8Array
  /** Ed25519 public key of the device, 32 bytes. */
  readonly author: Uint8Array
  /** 24 random bytes. */
  readonly nonce: Uint8Array
  readonly padded: boolean
}

export interface Sealed extends CommonHeader {
  /** The canonical header bytes: additional data of the AEAD and input of the key derivation. */
  readonly header: Uint8Array
  readonly commitment: Uint8Array
  readonly ciphertext: Uint8Array
  readonly id: Uint8Array
}

export const writeCommon = (writer: Writer, kind: Kind, header: CommonHeader, count: number): Writer =>
  writer
    .u16(MAGIC)
    .u8(VERSION)
    .u8(SUITE)
    .u8(KIND[kind])
    .u8(header.padded ? PADDED : 0)
    .u16(count)
    .bytes(header.docId)
    .bytes(header.keyId)
    .bytes(header.author)
    .bytes(header.nonce)

/** Whether bytes say of themselves that they are of this kind; nothing else of them is checked. */
export const isKind = (bytes: Uint8Array, kind: keyof typeof KIND): boolean => bytes[KIND_AT] === KIND[kind]

/** Reads the common part; fails the reader on another magic, version, suite, kind or flag. */
export const readCommon = (reader: Reader, kind: Kind): CommonHeader & { readonly count: number } => {
  const known =
    reader.u16() === MAGIC && reader.u8() === VERSION && reader.u8() === SUITE && reader.u8() === KIND[kind]
  const flags = reader.u8()
  if (!known || (flags & ~PADDED) !== 0) reader.fail()
  return {
    count: reader.u16(),
    docId: reader.bytes(32),
    keyId: reader.bytes(16),
    author: reader.bytes(32),
    nonce: reader.bytes(24),
    padded: flags === PADDED,
  }
}

/** Which kind encoded bytes claim to be; `undefined` for a kind that this version does not know. */
export const kindOf = (bytes: Uint8Array): Kind | undefined => {
  for (const [kind, code] of Object.entries(KIND)) if (code === bytes[4]) return kind as Kind
  return undefined
}

/** The 32-byte id of a sealed envelope. */
export const envelopeId = (header: Uint8Array, commitment: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  hash('env-id', header, commitment, hash('ciphertext', ciphertext))
