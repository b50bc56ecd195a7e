/**
 * Bytes in and out. Signed layouts use the fixed big-endian integers, frames may use varints.
 * A reader never throws: past the end it yields zeros and remembers that it failed, so a decoder
 * reads straight through and asks once, at its end, whether all of it was there.
 */

const MAX_SAFE = Number.MAX_SAFE_INTEGER

export interface Reader {
  u8(): number
  u16(): number
  u32(): number
  /** An unsigned 64-bit integer ≤ 2⁵³ − 1; anything larger fails the reader. */
  u53(): number
  /** LEB128, shortest form only, ≤ 2⁵³ − 1. */
  varint(): number
  /** A view of the next `length` bytes (not a copy). */
  bytes(length: number): Uint8Array
  /** A varint length ≤ `limit`, then that many bytes. */
  blob(limit: number): Uint8Array
  remaining(): number
  fail(): void
  /** True while nothing was read past the end and nothing was malformed. */
  sound(): boolean
  /** True when sound and every byte was read. */
  finished(): boolean
}

export const createReader = (source: Uint8Array): Reader => {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength)
  let offset = 0
  let failed = false
  const take = (length: number): number => {
    if (failed || length > source.length - offset) {
      failed = true
      return -1
    }
    const at = offset
    offset += length
    return at
  }
  const reader: Reader = {
    u8: () => {
      const at = take(1)
      return at < 0 ? 0 : view.getUint8(at)
    },
    u16: () => {
      const at = take(2)
      return at < 0 ? 0 : view.getUint16(at)
    },
    u32: () => {
      const at = take(4)
      return at < 0 ? 0 : view.getUint32(at)
    },
    u53: () => {
      const at = take(8)
      if (at < 0) return 0
      const value = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)
      if (value <= MAX_SAFE) return value
      failed = true
      return 0
    },
    varint: () => {
      let value = 0
      for (let scale = 1; ; scale *= 128) {
        const byte = reader.u8()
        value += (byte & 127) * scale
        // Nine bytes always exceed 2⁵³; without the bound a run of 0x80 would scale to infinity, and value to NaN.
        if (failed || scale > 2 ** 49 || value > MAX_SAFE || (byte === 0 && scale > 1)) {
          failed = true
          return 0
        }
        if (byte < 128) return value
      }
    },
    bytes: (length) => {
      const at = take(length)
      return at < 0 ? new Uint8Array(0) : source.subarray(at, at + length)
    },
    blob: (limit) => {
      const length = reader.varint()
      if (length > limit) failed = true
      return reader.bytes(length)
    },
    remaining: () => source.length - offset,
    fail: () => {
      failed = true
    },
    sound: () => !failed,
    finished: () => !failed && offset === source.length,
  }
  return reader
}

export interface Writer {
  u8(value: number): Writer
  u16(value: number): Writer
  u32(value: number): Writer
  u53(value: number): Writer
  varint(value: number): Writer
  bytes(value: Uint8Array): Writer
  blob(value: Uint8Array): Writer
  /** The bytes written so far, as a copy of their own. */
  done(): Uint8Array
}

export const createWriter = (sizeHint = 256): Writer => {
  let buffer = new Uint8Array(sizeHint)
  let view = new DataView(buffer.buffer)
  let offset = 0
  const room = (length: number): number => {
    const at = offset
    offset += length
    if (offset > buffer.length) {
      const larger = new Uint8Array(Math.max(offset, buffer.length * 2))
      larger.set(buffer)
      buffer = larger
      view = new DataView(buffer.buffer)
    }
    return at
  }
  const writer: Writer = {
    u8: (value) => {
      // First the room: it may replace `view`.
      const at = room(1)
      view.setUint8(at, value)
      return writer
    },
    u16: (value) => {
      const at = room(2)
      view.setUint16(at, value)
      return writer
    },
    u32: (value) => {
      const at = room(4)
      view.setUint32(at, value)
      return writer
    },
    u53: (value) => {
      const at = room(8)
      view.setUint32(at, Math.floor(value / 2 ** 32))
      view.setUint32(at + 4, value >>> 0)
      return writer
    },
    varint: (value) => {
      let left = value
      while (left >= 128) {
        writer.u8((left % 128) | 128)
        left = Math.floor(left / 128)
      }
      return writer.u8(left)
    },
    bytes: (value) => {
      const at = room(value.length)
      buffer.set(value, at)
      return writer
    },
    blob: (value) => writer.varint(value.length).bytes(value),
    done: () => buffer.slice(0, offset),
  }
  return writer
}

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Lexicographic order of public bytes; 0 when equal. For secrets use `equalSecret` of crypto.ts. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && compareBytes(a, b) === 0

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const HEX = utf8('0123456789abcdef')
const ascii = new TextDecoder()

/** In one piece: V8 keeps what `+=` glues together as a tree, ten times as large, for as long as it is a key of a map. */
export const toHex = (bytes: Uint8Array): string => {
  const letters = new Uint8Array(bytes.length * 2)
  let at = 0
  for (const byte of bytes) {
    letters[at++] = HEX[byte >> 4] ?? 0
    letters[at++] = HEX[byte & 15] ?? 0
  }
  return ascii.decode(letters)
}

/** The bytes of a hex string; `undefined` when it is not one. */
export const fromHex = (text: string): Uint8Array | undefined => {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(i * 2, i * 2 + 2), 16),
  )
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** base64url without padding (RFC 4648 §5). */
export const toBase64url = (bytes: Uint8Array): string => {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3)
    const word = (a << 16) | (b << 8) | c
    const symbols = Math.min(bytes.length - i, 3) + 1
    for (let j = 0; j < symbols; j++) text += ALPHABET.charAt((word >> (18 - 6 * j)) & 63)
  }
  return text
}

/** The bytes of canonical base64url text; `undefined` when it is anything else. */
export const fromBase64url = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let word = 0
  let bits = 0
  let at = 0
  for (const symbol of text) {
    const value = ALPHABET.indexOf(symbol)
    if (value < 0) return undefined
    word = ((word << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (word >> bits) & 255
    }
  }
  return toBase64url(bytes) === text ? bytes : undefined
}
