/**
 * The primitives once more, from their specifications and node:crypto, without libsodium: vectors that two
 * implementations agree on. Slow and not constant-time; for tests only.
 */
import { createCipheriv, createPrivateKey, createPublicKey, verify } from 'node:crypto'

const MASK = (1n << 64n) - 1n
const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]
// The order of message words in each round, one hex digit per word.
const SIGMA = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
]
const COLUMNS_AND_DIAGONALS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

const fromLittleEndian = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))

const rotated = (value: bigint, bits: bigint): bigint => ((value >> bits) | (value << (64n - bits))) & MASK

const compress = (state: bigint[], block: Uint8Array, counter: number, isLast: boolean): void => {
  const words = Array.from({ length: 16 }, (_, i) => littleEndian(block.subarray(8 * i, 8 * i + 8)))
  const v = [...state, ...IV]
  const at = (i: number): bigint => v[i] ?? 0n
  v[12] = at(12) ^ BigInt(counter)
  if (isLast) v[14] = at(14) ^ MASK
  for (let round = 0; round < 12; round++) {
    const order = SIGMA[round % 10] ?? ''
    for (const [i, [a, b, c, d]] of COLUMNS_AND_DIAGONALS.entries()) {
      const [x, y] = [0, 1].map((j) => words[Number.parseInt(order.charAt(2 * i + j), 16)] ?? 0n)
      v[a] = (at(a) + at(b) + (x ?? 0n)) & MASK
      v[d] = rotated(at(d) ^ at(a), 32n)
      v[c] = (at(c) + at(d)) & MASK
      v[b] = rotated(at(b) ^ at(c), 24n)
      v[a] = (at(a) + at(b) + (y ?? 0n)) & MASK
      v[d] = rotated(at(d) ^ at(a), 16n)
      v[c] = (at(c) + at(d)) & MASK
      v[b] = rotated(at(b) ^ at(c), 63n)
    }
  }
  for (let i = 0; i < 8; i++) state[i] = (state[i] ?? 0n) ^ at(i) ^ at(i + 8)
}

/** BLAKE2b (RFC 7693) of `length` bytes, with a key or without. */
export const blake2b = (
  message: Uint8Array,
  length: number,
  key: Uint8Array = new Uint8Array(0),
): Uint8Array => {
  const state = [...IV]
  state[0] = (state[0] ?? 0n) ^ BigInt(0x01010000 ^ (key.length << 8) ^ length)
  const keyBytes = key.length === 0 ? 0 : 128
  const input = new Uint8Array(Math.max(128, Math.ceil((keyBytes + message.length) / 128) * 128))
  input.set(key)
  input.set(message, keyBytes)
  for (let at = 0; at < input.length; at += 128) {
    const isLast = at + 128 === input.length
    const counter = isLast ? keyBytes + message.length : at + 128
    compress(state, input.subarray(at, at + 128), counter, isLast)
  }
  return Uint8Array.from(state.flatMap((word) => [...fromLittleEndian(word, 8)])).subarray(0, length)
}

const chachaKeystream = (key: Uint8Array, iv: Uint8Array, length: number): Uint8Array =>
  createCipheriv('chacha20', key, iv).update(Buffer.alloc(length))

const words32 = (bytes: Uint8Array): readonly number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i, true))
}

const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

/**
 * HChaCha20 (draft-irtf-cfrg-xchacha §2.2) from the ChaCha20 block function: a block is the permuted state plus the
 * state before it, so that subtracting what is known leaves the permutation.
 */
const hchacha20 = (key: Uint8Array, input: Uint8Array): Uint8Array => {
  const block = chachaKeystream(key, input, 64)
  const out = new Uint8Array(32)
  const view = new DataView(out.buffer)
  const first = words32(block.subarray(0, 32))
  const last = words32(block.subarray(32))
  const nonce = new DataView(input.buffer, input.byteOffset)
  for (let i = 0; i < 4; i++) {
    view.setUint32(4 * i, ((first[i] ?? 0) - (CONSTANTS[i] ?? 0)) >>> 0, true)
    view.setUint32(16 + 4 * i, ((last[4 + i] ?? 0) - nonce.getUint32(4 * i, true)) >>> 0, true)
  }
  return out
}

const ietfNonce = (nonce: Uint8Array): Uint8Array => {
  const iv = new Uint8Array(12)
  iv.set(nonce.subarray(16), 4)
  return iv
}

/** XChaCha20-Poly1305-IETF: ciphertext ‖ tag 16. */
export const xchachaSeal = (
  plaintext: Uint8Array,
  additional: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array => {
  const subkey = hchacha20(key, nonce.subarray(0, 16))
  const cipher = createCipheriv('chacha20-poly1305', subkey, ietfNonce(nonce), { authTagLength: 16 })
  cipher.setAAD(additional, { plaintextLength: plaintext.length })
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Uint8Array.from(Buffer.concat([ciphertext, cipher.getAuthTag()]))
}

/** The one-time Poly1305 key (r, s) that XChaCha20-Poly1305-IETF makes of a key and a nonce. */
const polyKey = (key: Uint8Array, nonce: Uint8Array): { readonly r: bigint; readonly s: bigint } => {
  const subkey = hchacha20(key, nonce.subarray(0, 16))
  const iv = new Uint8Array(16)
  iv.set(ietfNonce(nonce), 4)
  const block = chachaKeystream(subkey, iv, 32)
  const r = littleEndian(block.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  return { r, s: littleEndian(block.subarray(16)) }
}

const P = (1n << 130n) - 5n
const modulo = (value: bigint): bigint => ((value % P) + P) % P

const power = (base: bigint, exponent: number): bigint => {
  let result = 1n
  for (let i = 0; i < exponent; i++) result = modulo(result * base)
  return result
}

const inverse = (value: bigint): bigint => {
  let [result, base] = [1n, modulo(value)]
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = modulo(result * base)
    base = modulo(base * base)
  }
  return result
}

/**
 * 32 bytes of ciphertext and a tag that XChaCha20-Poly1305 accepts under two keys: two linear equations in the two
 * ciphertext blocks, tried with one tag after another until both solutions are blocks. (Len, Grubbs, Ristenpart,
 * "Partitioning oracle attacks", USENIX Security 2021.)
 */
export const ciphertextOfTwoKeys = (
  keys: readonly [Uint8Array, Uint8Array],
  nonce: Uint8Array,
  additional: Uint8Array,
): Uint8Array => {
  const blocks: bigint[] = []
  for (let at = 0; at < additional.length; at += 16) {
    blocks.push(littleEndian(additional.subarray(at, at + 16)) + (1n << 128n))
  }
  const lengths = BigInt(additional.length) + (32n << 64n) + (1n << 128n)
  const equations = keys.map((key) => {
    const { r, s } = polyKey(key, nonce)
    let known = modulo(lengths * r)
    for (const [i, block] of blocks.entries()) known = modulo(known + block * power(r, blocks.length - i + 3))
    return { x: power(r, 3), y: power(r, 2), known, s }
  })
  const [one, two] = equations
  if (one === undefined || two === undefined) throw new Error('two keys')
  const determinant = inverse(one.x * two.y - two.x * one.y)
  for (let tag = 1n; ; tag++) {
    const [a, b] = [one, two].map(({ s, known }) => ((tag - s) & ((1n << 128n) - 1n)) - known)
    const x = modulo(((a ?? 0n) * two.y - (b ?? 0n) * one.y) * determinant)
    const y = modulo((one.x * (b ?? 0n) - two.x * (a ?? 0n)) * determinant)
    if (x >> 128n !== 1n || y >> 128n !== 1n) continue
    return Uint8Array.from([x, y, tag].flatMap((block) => [...fromLittleEndian(block, 16)]))
  }
}

const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** The Ed25519 public key of a seed, by OpenSSL. */
export const publicKeyOf = (seed: Uint8Array): Uint8Array => {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  return Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
}

/** Whether OpenSSL accepts an Ed25519 signature. */
export const isSigned = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean => {
  const key = { key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' } as const
  return verify(null, message, key, signature)
}
