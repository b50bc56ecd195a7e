/**
 * Signatures for simulations: thousands of times faster, and worth nothing. They are bound to key, label and message,
 * so that every honest mistake is still caught; anyone can forge them.
 */
import { compareBytes, toHex, utf8 } from '../bytes.ts'
import { hash, type Label, type SigningKey, type Verify } from '../crypto.ts'

const tagOf = (label: Label, publicKey: Uint8Array, parts: readonly Uint8Array[]): Uint8Array => {
  let [a, b] = [0x811c9dc5, 0x1234567]
  const mix = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      a = Math.imul(a ^ byte, 16777619)
      b = Math.imul(b ^ byte, 0x5bd1e995) ^ (b >>> 13)
    }
  }
  mix(utf8(label))
  mix(publicKey)
  for (const part of parts) mix(part)
  const signature = new Uint8Array(64)
  new DataView(signature.buffer).setUint32(0, a >>> 0)
  new DataView(signature.buffer).setUint32(4, b >>> 0)
  return signature
}

// Keys must look like Ed25519 keys to `isAdmissibleKey`; real ones are made once per seed and remembered.
const publicKeys = new Map<string, Uint8Array>()

/** A signing key whose public half is a real Ed25519 key, made by `real`, and whose signatures are fake. */
export const fakeSigning =
  (real: (seed: Uint8Array) => SigningKey) =>
  (seed: Uint8Array): SigningKey => {
    const name = toHex(hash('session', seed))
    const publicKey = publicKeys.get(name) ?? real(seed).publicKey
    publicKeys.set(name, publicKey)
    return { publicKey, sign: (label, ...parts) => tagOf(label, publicKey, parts), wipe: () => undefined }
  }

export const fakeVerify: Verify = (label, signature, publicKey, ...parts) =>
  compareBytes(signature, tagOf(label, publicKey, parts)) === 0
