/** Raw DEFLATE (RFC 1951) by fflate, synchronous because sealing is. */
import { deflateSync, Inflate } from 'fflate'
import { concat } from '../bytes.ts'

/** What is given to the inflater at once; it can make at most 1,032 times as much before it is looked at. */
const SLICE_BYTES = 4096

export const deflate = (bytes: Uint8Array): Uint8Array => deflateSync(bytes, { level: 9 })

/** Inflates to exactly `length` bytes; `undefined` for anything else: more, fewer, malformed, or cut off. */
export const inflate = (bytes: Uint8Array, length: number): Uint8Array | undefined => {
  const inflated = inflateWithin(bytes, length)
  return inflated?.length === length ? inflated : undefined
}

/**
 * Inflates to at most `limit` bytes; `undefined` for more, malformed, or cut off. Never makes more than a few megabytes
 * beyond `limit`, whatever the input claims. Bytes behind the end of the stream are passed over.
 */
export const inflateWithin = (bytes: Uint8Array, limit: number): Uint8Array | undefined => {
  const parts: Uint8Array[] = []
  let total = 0
  const inflater = new Inflate((part) => {
    parts.push(part)
    total += part.length
  })
  try {
    for (let at = 0; at < bytes.length && total <= limit; at += SLICE_BYTES) {
      inflater.push(bytes.subarray(at, at + SLICE_BYTES), at + SLICE_BYTES >= bytes.length)
    }
  } catch {
    return undefined
  }
  return total <= limit && bytes.length > 0 ? concat(...parts) : undefined
}
