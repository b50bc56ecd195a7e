/** What the commitment is there for: Poly1305 does not say which key a ciphertext was made with. */
import { xchacha20 } from '@noble/ciphers/chacha.js'
import { toHex } from '../../src/bytes.ts'

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse()) || '0'}`)

const fromLittleEndian = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))

/** The one-time Poly1305 key (r, s) that XChaCha20-Poly1305-IETF makes of a key and a nonce. */
const polyKey = (key: Uint8Array, nonce: Uint8Array): { readonly r: bigint; readonly s: bigint } => {
  const block = xchacha20(key, nonce, new Uint8Array(32))
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
