/**
 * Where Ed25519 verifiers disagree (docs/protocol.md, section 3). Whoever changes the verifier, or brings a new version
 * of it, learns here what else would be accepted from then on. All crafted signatures are made here, by who knows the
 * discrete logarithms.
 */
import { createPublicKey, verify as nodeVerify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/bytes.ts'
import { cryptoReady, isAdmissibleKey, signingKey, verify } from '../../src/crypto.ts'
import { createRandom } from '../../src/testing/random.ts'
import { isAdmissibleKey as isAdmissible, isValidSignature } from './primitives.ts'

await cryptoReady

const { Point } = ed25519
const L = Point.Fn.ORDER
const P = 2n ** 255n - 19n
type CurvePoint = InstanceType<typeof Point>

const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse())}`)
const encoded = (value: bigint): Uint8Array =>
  (fromHex(value.toString(16).padStart(64, '0')) ?? new Uint8Array(0)).reverse()
const modulo = (value: bigint): bigint => ((value % L) + L) % L
/** The sign bit of x, set although x is 0. */
const withSign = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 31 ? byte | 128 : byte))

const [secret, nonce] = [2n ** 200n + 12_345n, 2n ** 211n + 67_890n]
const KEY = Point.BASE.multiply(secret)
const R = Point.BASE.multiply(nonce)
/** A point of order 8; its multiples are the eight points of small order. */
const T = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
const IDENTITY = encoded(1n)

interface Crafted {
  readonly key: Uint8Array
  readonly r: Uint8Array
  /** S, from the challenge k. */
  readonly s: (k: bigint) => bigint
  /** Which challenges are of use; messages are tried until one fits. */
  readonly fits?: (k: bigint) => boolean
}

interface Verdicts {
  readonly libsodium: boolean
  readonly noble: boolean
  readonly nobleStrict: boolean
  readonly openssl: boolean
  readonly webcrypto: boolean
  readonly isAdmissible: boolean
}

const honest = (k: bigint): bigint => modulo(nonce + k * secret)
const byKey = (r: Uint8Array, s: (k: bigint) => bigint = honest): Crafted => ({ key: KEY.toBytes(), r, s })
const ofOrder = (order: bigint): CurvePoint => T.multiplyUnsafe(8n / order)
/** The key drops out of the equation when k is a multiple of its order: anybody can sign. */
const bySmallOrder = (order: bigint): Crafted => ({
  ...{ key: ofOrder(order).toBytes(), r: R.toBytes(), s: () => nonce },
  fits: (k) => k % order === 0n,
})
const MIXED = KEY.add(T).toBytes()

const yes = true
const no = false
/**
 * libsodium, noble as it comes, noble with `zip215: false`, OpenSSL as in the Node of this repository, whose WebCrypto
 * gives the same verdicts; the key.
 */
const row = (verdicts: readonly [boolean, boolean, boolean, boolean], key: boolean): Verdicts => {
  const [libsodium, noble, nobleStrict, openssl] = verdicts
  return { libsodium, noble, nobleStrict, openssl, webcrypto: openssl, isAdmissible: key }
}

// OpenSSL 3.0 (Node 20) accepts what is marked ①; that of this repository's Node has learned to refuse it.
const TABLE: readonly (readonly [name: string, crafted: Crafted, verdicts: Verdicts])[] = [
  ['an honest signature', byKey(R.toBytes()), row([yes, yes, yes, yes], yes)],
  ['S one too large', byKey(R.toBytes(), (k) => honest(k) + 1n), row([no, no, no, no], yes)],
  ['S + L', byKey(R.toBytes(), (k) => honest(k) + L), row([no, no, no, no], yes)],
  ['S + 14 L, beyond 2²⁵⁵', byKey(R.toBytes(), (k) => honest(k) + 14n * L), row([no, no, no, no], yes)],
  ['S = L, where 0 is right', byKey(encoded(1n), () => L), row([no, no, no, no], yes)],
  ['R not on the curve', byKey(encoded(2n)), row([no, no, no, no], yes)],
  ['R = identity ①', byKey(IDENTITY, (k) => modulo(k * secret)), row([no, yes, yes, no], yes)],
  ['R = identity, y = p + 1', byKey(encoded(P + 1n), (k) => modulo(k * secret)), row([no, yes, no, no], yes)],
  [
    'R = identity, with the sign of a zero',
    byKey(withSign(IDENTITY), (k) => modulo(k * secret)),
    row([no, yes, no, no], yes),
  ],
  [
    'R of order 8, right with the cofactor',
    byKey(T.toBytes(), (k) => modulo(k * secret)),
    row([no, yes, yes, no], yes),
  ],
  ['R + order 8, right with the cofactor', byKey(R.add(T).toBytes()), row([no, yes, yes, no], yes)],
  [
    'a key + order 8, right with the cofactor',
    { key: MIXED, r: R.toBytes(), s: honest, fits: (k) => k % 8n !== 0n },
    row([no, yes, yes, no], no),
  ],
  [
    'a key + order 8, right without the cofactor',
    { key: MIXED, r: R.toBytes(), s: honest, fits: (k) => k % 8n === 0n },
    row([yes, yes, yes, yes], no),
  ],
  [
    'a key and R + order 8, right without the cofactor',
    { key: MIXED, r: R.add(T).toBytes(), s: honest, fits: (k) => (k + 1n) % 8n === 0n },
    row([yes, yes, yes, yes], no),
  ],
  ['a key of order 1 ①', bySmallOrder(1n), row([no, yes, no, no], no)],
  ['a key of order 2 ①', bySmallOrder(2n), row([no, yes, no, no], no)],
  ['a key of order 4 ①', bySmallOrder(4n), row([no, yes, no, no], no)],
  ['a key of order 8 ①', bySmallOrder(8n), row([no, yes, no, no], no)],
  ['a key, R = identity, S = 0 ①', { key: IDENTITY, r: IDENTITY, s: () => 0n }, row([no, yes, no, no], no)],
  [
    'the key identity, y = p + 1 ①',
    { key: encoded(P + 1n), r: R.toBytes(), s: () => nonce },
    row([no, yes, no, no], no),
  ],
  [
    'the key identity, with the sign of a zero ①',
    { key: withSign(IDENTITY), r: R.toBytes(), s: () => nonce },
    row([no, yes, no, no], no),
  ],
  [
    'a key that is not on the curve',
    { key: encoded(2n), r: R.toBytes(), s: () => nonce },
    row([no, no, no, no], no),
  ],
  ['zeros alone', { key: encoded(0n), r: encoded(0n), s: () => 0n }, row([no, yes, no, no], no)],
]

const part = (i: number): Uint8Array => Uint8Array.of(i)
const messageOf = (i: number): Uint8Array => concat(utf8('sealsync/v1 env-sig\0'), part(i))

const craft = ({ key, r, s, fits = () => true }: Crafted) => {
  for (let i = 0; i < 256; i++) {
    const message = messageOf(i)
    const k = modulo(number(sha512(concat(r, key, message))))
    if (fits(k)) return { key, signature: concat(r, encoded(s(k))), message, part: part(i) }
  }
  throw new Error('no message fits')
}

const opensslAccepts = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean => {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
  return nodeVerify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}

/** As a browser would ask; a key that cannot be imported has signed nothing. */
const webcryptoAccepts = async (
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
  key: Uint8Array<ArrayBuffer>,
): Promise<boolean> => {
  const imported = await crypto.subtle
    .importKey('raw', key, 'Ed25519', false, ['verify'])
    .catch(() => undefined)
  return imported !== undefined && crypto.subtle.verify('Ed25519', imported, signature, message)
}

test.each(TABLE)('%s', async (_, crafted, verdicts) => {
  const { key, signature, message, part: signed } = craft(crafted)
  expect({
    libsodium: verify('env-sig', signature, key, signed),
    noble: ed25519.verify(signature, message, key),
    nobleStrict: ed25519.verify(signature, message, key, { zip215: false }),
    openssl: opensslAccepts(signature, message, key),
    webcrypto: await webcryptoAccepts(signature.slice(), message.slice(), key.slice()),
    isAdmissible: isAdmissibleKey(key),
  }).toEqual(verdicts)
  expect(isValidSignature(signature, message, key)).toBe(verdicts.libsodium)
  expect(isAdmissible(toHex(key))).toBe(verdicts.isAdmissible)
})

test('no crafted signature by an admissible key is valid, whatever other verifiers say', () => {
  const valid = TABLE.filter(([, , { libsodium, isAdmissible: isIn }]) => libsodium && isIn)
  expect(valid.map(([name]) => name)).toEqual(['an honest signature'])
})

test('no encoding with y ≥ p is an admissible key, nor is a point outside of the subgroup', () => {
  for (let y = P; y < 2n ** 255n; y++) {
    for (const key of [encoded(y), withSign(encoded(y))]) {
      expect(isAdmissibleKey(key)).toBe(false)
      expect(isAdmissible(toHex(key))).toBe(false)
    }
  }
  for (let i = 0n; i < 8n; i++) {
    const key = KEY.add(i === 0n ? Point.ZERO : T.multiplyUnsafe(i)).toBytes()
    expect(isAdmissibleKey(key)).toBe(i === 0n)
    expect(isAdmissible(toHex(key))).toBe(i === 0n)
  }
})

test('libsodium and the second implementation find the same signatures valid and the same keys admissible', () => {
  const dice = createRandom(12)
  const taken = { signatures: 0, keys: 0 }
  for (let i = 0; i < 400; i++) {
    const pair = signingKey(dice.bytes(32))
    const [key, signature] = [pair.publicKey, pair.sign('env-sig', part(i))]
    const bytes = concat(key, signature)
    if (dice.chance(0.8)) bytes[dice.int(bytes.length)] = dice.int(256)
    const [changedKey, changed] = [bytes.slice(0, 32), bytes.slice(32)]
    const [isValid, isIn] = [verify('env-sig', changed, changedKey, part(i)), isAdmissibleKey(changedKey)]
    expect(isValidSignature(changed, messageOf(i), changedKey)).toBe(isValid)
    expect(isAdmissible(toHex(changedKey))).toBe(isIn)
    if (isValid) taken.signatures++
    if (isIn) taken.keys++
  }
  expect(taken.signatures).toBeGreaterThan(20)
  expect(taken.keys).toBeLessThan(400)
})
