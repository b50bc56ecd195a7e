/**
 * The one thing that people of a document share. As text: `ss1_` + base64url(32 random bytes ‖ CRC-32 of them, 4).
 * The checksum only catches typing and copying mistakes before anything is sent; it protects nothing.
 */
import { concat, createReader, createWriter, fromBase64url, toBase64url } from '../bytes.ts'
import { randomBytes } from '../crypto.ts'

const PREFIX = 'ss1_'
const SECRET_BYTES = 32
const TEXT_LENGTH = PREFIX.length + 48

// CRC-32 as of IEEE 802.3, and not a hash: this must work before libsodium has loaded.
const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

/** A new secret of 256 random bits as text of 52 characters. Whoever has it can read and write. */
export const generateSecret = (): string => {
  const secret = randomBytes(SECRET_BYTES)
  return PREFIX + toBase64url(concat(secret, createWriter(4).u32(crc32(secret)).done()))
}

const secretFromText = (text: string): Uint8Array => {
  if (text === '') {
    throw new TypeError('the secret is empty: call generateSecret() once and share its result')
  }
  if (!text.startsWith(PREFIX)) {
    throw new TypeError('passphrases are not supported yet: call generateSecret() once and share its result')
  }
  const reader = createReader(fromBase64url(text.slice(PREFIX.length)) ?? new Uint8Array(0))
  const secret = reader.bytes(SECRET_BYTES).slice()
  if (reader.u32() === crc32(secret) && reader.finished()) return secret
  throw new TypeError(
    `the secret is mistyped or incomplete, its checksum does not fit: copy all ${TEXT_LENGTH} characters that generateSecret() returned, from "${PREFIX}" on`,
  )
}

/**
 * The bytes of a secret, ≥ 32, as a copy that may be wiped. Takes the text of `generateSecret` or bytes.
 * Throws a `TypeError` that says what is wrong and what to do, and never repeats what it was given.
 */
export const secretFrom = (value: string | Uint8Array): Uint8Array => {
  if (typeof value === 'string') return secretFromText(value)
  if (!(value instanceof Uint8Array)) {
    throw new TypeError('the secret is neither text nor a Uint8Array: pass the result of generateSecret()')
  }
  if (value.length < SECRET_BYTES) {
    throw new TypeError(
      `the secret has ${value.length} bytes and needs ≥ ${SECRET_BYTES} random ones: pass the result of generateSecret()`,
    )
  }
  if (value.every((byte) => byte === 0)) {
    throw new TypeError(
      'the secret is all zeros, was it never filled or already wiped? Pass the result of generateSecret()',
    )
  }
  return value.slice()
}
