/**
 * A second implementation of docs/protocol.md, for tests: written from that page alone, on the noble libraries,
 * without a line of `src`. Bytes are lower-case hex throughout, so that fields read and compare like the vectors.
 * This file: sections 3 and 4.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

const { Point } = ed25519

/** `prefix(label)`. */
export const prefix = (label: string): string => `${hexOfText(`sealsync/v1 ${label}`)}00`

export const hexOfText = (text: string): string => bytesToHex(utf8ToBytes(text))

const message = (label: string, parts: readonly string[]): Uint8Array =>
  hexToBytes(prefix(label) + parts.join(''))

/** `H(label, …)`, 32 bytes. */
export const hash = (label: string, ...parts: readonly string[]): string => hashTo(32, label, ...parts)

/** `H` of another length: 16 bytes are no cut-off 32. */
export const hashTo = (length: number, label: string, ...parts: readonly string[]): string =>
  bytesToHex(blake2b(message(label, parts), { dkLen: length }))

/** `KDF(label, key, length, …)`. */
export const kdf = (label: string, key: string, length: number, ...parts: readonly string[]): string =>
  bytesToHex(blake2b(message(label, parts), { dkLen: length, key: hexToBytes(key) }))

export const publicKeyOf = (seed: string): string => bytesToHex(ed25519.getPublicKey(hexToBytes(seed)))

/** `Sign(label, seed, …)`, 64 bytes. */
export const sign = (label: string, seed: string, ...parts: readonly string[]): string =>
  bytesToHex(ed25519.sign(message(label, parts), hexToBytes(seed)))

export const verify = (
  label: string,
  signature: string,
  publicKey: string,
  ...parts: readonly string[]
): boolean => isValidSignature(hexToBytes(signature), message(label, parts), hexToBytes(publicKey))

const pointOf = (encoding: Uint8Array): InstanceType<typeof Point> | undefined => {
  try {
    return Point.fromBytes(encoding)
  } catch {
    return undefined
  }
}

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes.slice().reverse())}`)

/** Section 3, "Which signatures are valid". noble's own verifier multiplies by the cofactor, and accepts more. */
export const isValidSignature = (
  signature: Uint8Array,
  signed: Uint8Array,
  publicKey: Uint8Array,
): boolean => {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  const [r, s] = [signature.slice(0, 32), littleEndian(signature.slice(32))]
  const [key, commitment] = [pointOf(publicKey), pointOf(r)]
  if (key === undefined || commitment === undefined || s >= Point.Fn.ORDER) return false
  if (key.isSmallOrder() || commitment.isSmallOrder()) return false
  const digest = sha512.create().update(r).update(publicKey).update(signed).digest()
  const k = littleEndian(digest) % Point.Fn.ORDER
  return Point.BASE.multiplyUnsafe(s).equals(commitment.add(key.multiplyUnsafe(k)))
}

/** Section 3, "Which device keys are admissible". */
export const isAdmissibleKey = (publicKey: string): boolean => {
  const point = pointOf(hexToBytes(publicKey))
  return point !== undefined && !point.is0() && point.isTorsionFree()
}

export const aeadSeal = (key: string, nonce: string, plaintext: string, additional: string): string =>
  bytesToHex(aead(key, nonce, additional).encrypt(hexToBytes(plaintext)))

/** `undefined` when they do not belong together. */
export const aeadOpen = (
  key: string,
  nonce: string,
  ciphertext: string,
  additional: string,
): string | undefined => {
  try {
    return bytesToHex(aead(key, nonce, additional).decrypt(hexToBytes(ciphertext)))
  } catch {
    return undefined
  }
}

const aead = (key: string, nonce: string, additional: string) =>
  xchacha20poly1305(hexToBytes(key), hexToBytes(nonce), hexToBytes(additional))
