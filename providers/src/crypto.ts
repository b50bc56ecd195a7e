/**
 * The only file that imports libsodium. Everything here composes its pieces; nothing is invented.
 * Each hash, derivation and signature names a label of the registry below (docs/protocol.md, "Labels"),
 * so that bytes made for one purpose are never valid for another.
 */
import sodium from 'libsodium-wrappers'
import { concat, utf8 } from './bytes.ts'

/** Resolves once libsodium can be used; every public door awaits it before any other function here. */
export const cryptoReady: Promise<void> = sodium.ready

const LABELS = [
  'doc-id',
  'key-id',
  'key-commit',
  'root',
  'root-key',
  'room-tag',
  'write-seed',
  'read-seed',
  'epoch-key',
  'storage-key',
  'at-rest',
  'at-rest-key',
  'at-rest-mask',
  'session',
  'msg-key',
  'ciphertext',
  'env-id',
  'env-sig',
  'record-id',
  'record-sig',
  'certificate',
  'device-proof',
  'read-proof',
  'log-digest',
  'state-digest',
  'lockbox-set',
] as const

export type Label = (typeof LABELS)[number]

// "sealsync/v1 <label>" and a NUL: a fixed, prefix-free set.
const PREFIX = new Map<Label, Uint8Array>(LABELS.map((label) => [label, utf8(`sealsync/v1 ${label}\0`)]))

// Hashing is the hot path of a load. libsodium copies its input, so one buffer serves all short ones.
const scratch = new Uint8Array(16_384)

const labelled = (label: Label, parts: readonly Uint8Array[]): Uint8Array => {
  const prefix = PREFIX.get(label) ?? utf8(label)
  let length = prefix.length
  for (let i = 0; i < parts.length; i++) length += parts[i]?.length ?? 0
  if (length > scratch.length) return concat(prefix, ...parts)
  scratch.set(prefix)
  let at = prefix.length
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (part === undefined) continue
    scratch.set(part, at)
    at += part.length
  }
  return scratch.subarray(0, at)
}

/** The two labels whose input is a secret by itself: no copy of it stays in the scratch buffer. */
const forget = (label: Label, result: Uint8Array): Uint8Array => {
  if (label === 'root-key' || label === 'at-rest') scratch.fill(0)
  return result
}

/** BLAKE2b-256 over the label and the parts. Callers keep the parts unambiguous: fixed or stated lengths. */
export const hash = (label: Label, ...parts: readonly Uint8Array[]): Uint8Array =>
  forget(label, sodium.crypto_generichash(32, labelled(label, parts), null))

/** BLAKE2b-128 over the label and the parts. */
export const hash16 = (label: Label, ...parts: readonly Uint8Array[]): Uint8Array =>
  sodium.crypto_generichash(16, labelled(label, parts), null)

/** Keyed BLAKE2b of `length` (16…64) bytes: our KDF, and our PRF for commitments. `key` has 32 bytes. */
export const derive = (
  label: Label,
  key: Uint8Array,
  length: number,
  ...parts: readonly Uint8Array[]
): Uint8Array => sodium.crypto_generichash(length, labelled(label, parts), key)

/** XChaCha20-Poly1305-IETF (draft-irtf-cfrg-xchacha); the result is 16 bytes longer than `plaintext`. */
export const aeadSeal = (
  plaintext: Uint8Array,
  additional: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, additional, null, nonce, key)

/** The plaintext, or `undefined` when ciphertext, nonce, key and additional data do not belong together. */
export const aeadOpen = (
  ciphertext: Uint8Array,
  additional: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array | undefined => {
  if (ciphertext.length < 16) return undefined
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, additional, nonce, key)
  } catch {
    return undefined
  }
}

export interface SigningKey {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(label: Label, ...parts: readonly Uint8Array[]): Uint8Array
  /** Overwrites the secret half; best effort, the engine may have copies. */
  wipe(): void
}

/** An Ed25519 key (RFC 8032) from a 32-byte seed. Signatures have 64 bytes. */
export const signingKey = (seed: Uint8Array): SigningKey => {
  const pair = sodium.crypto_sign_seed_keypair(seed)
  return {
    publicKey: pair.publicKey,
    sign: (label, ...parts) => sodium.crypto_sign_detached(labelled(label, parts), pair.privateKey),
    wipe: () => sodium.memzero(pair.privateKey),
  }
}

/** How signatures are checked. Simulations pass a fast fake; everything else passes `verify`. */
export type Verify = (
  label: Label,
  signature: Uint8Array,
  publicKey: Uint8Array,
  ...parts: readonly Uint8Array[]
) => boolean

/** Only libsodium's verifier decides: others accept signatures that it refuses. */
export const verify: Verify = (label, signature, publicKey, ...parts) => {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  try {
    return sodium.crypto_sign_verify_detached(signature, labelled(label, parts), publicKey)
  } catch {
    return false
  }
}

/** False for public keys of small order, for which some verifiers accept crafted signatures. */
export const isAdmissibleKey = (publicKey: Uint8Array): boolean => {
  try {
    return sodium.crypto_sign_ed25519_pk_to_curve25519(publicKey).length === 32
  } catch {
    return false
  }
}

/** Constant-time comparison of two values of equal length. */
export const equalSecret = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && sodium.memcmp(a, b)

export const wipe = (secret: Uint8Array): void => sodium.memzero(secret)

const POOL_BYTES = 4096
let pool = new Uint8Array(0)
let poolAt = 0

/** Bytes from the platform's CSPRNG, drawn 4 KiB at a time: asking for 24 at a time is ten times slower. */
export const randomBytes = (length: number): Uint8Array => {
  if (length > POOL_BYTES) throw new RangeError(`at most ${POOL_BYTES} random bytes at once`)
  if (poolAt + length > pool.length) {
    pool = globalThis.crypto.getRandomValues(new Uint8Array(POOL_BYTES))
    poolAt = 0
  }
  const bytes = pool.slice(poolAt, poolAt + length)
  pool.fill(0, poolAt, poolAt + length)
  poolAt += length
  return bytes
}
