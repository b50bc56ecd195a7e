import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../src/bytes.ts'
import {
  aeadOpen,
  aeadSeal,
  cryptoReady,
  derive,
  equalSecret,
  hash,
  hash16,
  isAdmissibleKey,
  randomBytes,
  signingKey,
  verify,
  wipe,
} from '../src/crypto.ts'
import { counting } from './vectors/samples.ts'

await cryptoReady

/** Encodings of all points of order ≤ 8, canonical and not, of either sign bit. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error('not hex')
  return bytes
}

describe('hashing', () => {
  test('is BLAKE2b over "sealsync/v1 <label>", a NUL and the parts', () => {
    for (const length of [0, 1, 100, 127, 128, 129, 300]) {
      const part = counting(1, length)
      const labelled = concat(utf8('sealsync/v1 doc-id\0'), part)
      expect(toHex(hash('doc-id', part))).toBe(toHex(blake2b(labelled, { dkLen: 32 })))
      expect(toHex(hash16('doc-id', part))).toBe(toHex(blake2b(labelled, { dkLen: 16 })))
      expect(toHex(derive('doc-id', counting(9, 32), 64, part))).toBe(
        toHex(blake2b(labelled, { dkLen: 64, key: counting(9, 32) })),
      )
    }
  })

  test('gives another value under another label', () => {
    expect(hash('doc-id', counting(0, 4))).not.toEqual(hash('env-id', counting(0, 4)))
  })
})

describe('the AEAD', () => {
  test('is XChaCha20-Poly1305-IETF', () => {
    for (const length of [0, 1, 64, 200]) {
      const parts = [counting(3, length), counting(5, 116), counting(7, 24), counting(9, 32)] as const
      const [plaintext, additional, nonce, key] = parts
      const sealed = xchacha20poly1305(key, nonce, additional).encrypt(plaintext)
      expect(toHex(aeadSeal(...parts))).toBe(toHex(sealed))
    }
  })

  test('opens nothing shorter than its tag and nothing that was changed, without throwing', () => {
    const sealed = aeadSeal(counting(3, 9), counting(5, 4), counting(7, 24), counting(9, 32))
    const open = (ciphertext: Uint8Array) =>
      aeadOpen(ciphertext, counting(5, 4), counting(7, 24), counting(9, 32))
    expect(open(sealed)).toEqual(counting(3, 9))
    for (let length = 0; length < sealed.length; length++)
      expect(open(sealed.subarray(0, length))).toBeUndefined()
    expect(aeadOpen(sealed, counting(6, 4), counting(7, 24), counting(9, 32))).toBeUndefined()
    expect(aeadOpen(sealed, counting(5, 4), counting(8, 24), counting(9, 32))).toBeUndefined()
    expect(aeadOpen(sealed, counting(5, 4), counting(7, 24), counting(10, 32))).toBeUndefined()
  })
})

describe('signatures', () => {
  test('are Ed25519 over the labelled parts', () => {
    const key = signingKey(counting(4, 32))
    const signature = key.sign('env-sig', counting(1, 5), counting(6, 5))
    expect(toHex(key.publicKey)).toBe(toHex(ed25519.getPublicKey(counting(4, 32))))
    const signed = concat(utf8('sealsync/v1 env-sig\0'), counting(1, 10))
    expect(toHex(signature)).toBe(toHex(ed25519.sign(signed, counting(4, 32))))
  })

  test('are valid for their label, key and parts alone', () => {
    const key = signingKey(counting(4, 32))
    const signature = key.sign('env-sig', counting(1, 5))
    expect(verify('env-sig', signature, key.publicKey, counting(1, 5))).toBe(true)
    expect(verify('record-sig', signature, key.publicKey, counting(1, 5))).toBe(false)
    expect(verify('env-sig', signature, key.publicKey, counting(2, 5))).toBe(false)
    expect(verify('env-sig', signature, signingKey(counting(5, 32)).publicKey, counting(1, 5))).toBe(false)
  })

  test('of a wrong length, or by a key of a wrong length, are refused without throwing', () => {
    const key = signingKey(counting(4, 32))
    const signature = key.sign('env-sig')
    for (const length of [0, 63])
      expect(verify('env-sig', signature.subarray(0, length), key.publicKey)).toBe(false)
    for (const length of [0, 31])
      expect(verify('env-sig', signature, key.publicKey.subarray(0, length))).toBe(false)
  })

  test('with s ≥ the group order are refused, although the equation holds', () => {
    const key = signingKey(counting(4, 32))
    const signature = key.sign('env-sig')
    const order = hex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
    let carry = 0
    for (const [i, byte] of order.entries()) {
      const sum = (signature[32 + i] ?? 0) + byte + carry
      signature[32 + i] = sum & 255
      carry = sum >> 8
    }
    expect(verify('env-sig', signature, key.publicKey)).toBe(false)
  })

  test.each(SMALL_ORDER)(
    'by the small-order key %s are refused, and the key is not admissible',
    (encoded) => {
      const publicKey = hex(encoded)
      // R = identity and s = 0 satisfy the bare equation for many messages when the key has small order.
      const crafted = concat(hex(SMALL_ORDER[2] ?? ''), new Uint8Array(32))
      expect(isAdmissibleKey(publicKey)).toBe(false)
      for (let i = 0; i < 16; i++) expect(verify('env-sig', crafted, publicKey, counting(i, 4))).toBe(false)
    },
  )

  test('come from admissible keys when made here, and nothing else is one', () => {
    for (let i = 1; i < 20; i++) expect(isAdmissibleKey(signingKey(counting(i, 32)).publicKey)).toBe(true)
    expect(isAdmissibleKey(new Uint8Array(0))).toBe(false)
    expect(isAdmissibleKey(signingKey(counting(1, 32)).publicKey.subarray(1))).toBe(false)
    // y = 2 is not on the curve.
    expect(isAdmissibleKey(concat(Uint8Array.of(2), new Uint8Array(31)))).toBe(false)
  })
})

describe('secrets', () => {
  test('are compared as a whole', () => {
    expect(equalSecret(counting(0, 32), counting(0, 32))).toBe(true)
    expect(equalSecret(counting(0, 32), counting(1, 32))).toBe(false)
    expect(equalSecret(counting(0, 32), counting(0, 31))).toBe(false)
  })

  test('are zeros once wiped', () => {
    const secret = counting(1, 32)
    wipe(secret)
    expect(secret).toEqual(new Uint8Array(32))
  })
})

describe('random bytes', () => {
  test('do not repeat across refills of the pool, and no two answers share memory', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 2000; i++) {
      const bytes = randomBytes(24)
      expect(bytes.buffer.byteLength).toBe(24)
      seen.add(toHex(bytes))
    }
    expect(seen.size).toBe(2000)
    expect(() => randomBytes(4097)).toThrow(RangeError)
  })
})
