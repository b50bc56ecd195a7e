/**
 * Entries of somebody else's key-value store, key and value sealed with a secret. Keys are paths of text.
 *
 *   root  = H(at-rest, secret)        K = KDF(at-rest-key, root, 32)
 *   maskᵢ = KDF(at-rest-mask, root, 16, i as u32 ‖ mask₀ ‖ … ‖ maskᵢ₋₁ ‖ componentᵢ)
 *   value = version ‖ nonce ‖ AEAD(K, nonce, key ‖ data, additional data = version ‖ masks)
 *
 * A mask depends on all masks before it: a prefix stays a prefix, and one name in two places looks like two names.
 */
import { concat, createReader, createWriter, fromHex, toHex, utf8 } from '../bytes.ts'
import { aeadOpen, aeadSeal, derive, hash, randomBytes, wipe } from '../crypto.ts'
import { TAG_BYTES } from '../protocol/envelope.ts'
import { readText, writeText } from '../protocol/item.ts'
import { isWiped } from './keyring.ts'

const VERSION = 1
const MASK_BYTES = 16
const NONCE_BYTES = 24

export interface Entry {
  readonly key: string[]
  readonly data: Uint8Array
}

/** Seals entries and opens them. Once wiped, all of it throws. */
export interface AtRest {
  /**
   * The key under which the store keeps `key`: for each component 32 characters of lower-case hex. Works for a prefix
   * of a key alike. Throws a `TypeError` for text that is not well-formed Unicode.
   */
  mask(key: readonly string[]): string[]
  /** What the store gets: the masked key and the sealed value. */
  seal(key: readonly string[], data: Uint8Array): { readonly masked: string[]; readonly sealed: Uint8Array }
  /** The entry, or `undefined` unless `sealed` is what `seal` made for exactly this masked key. */
  open(masked: readonly string[], sealed: Uint8Array): Entry | undefined
  /** Overwrites the keys. */
  wipe(): void
}

/** `secret` has ≥ 32 bytes and is left as it is. `random` is for vectors; never reuse its output. Needs `cryptoReady`. */
export const createAtRest = (
  secret: Uint8Array,
  random: (length: number) => Uint8Array = randomBytes,
): AtRest => {
  const root = hash('at-rest', secret)
  const key = derive('at-rest-key', root, 32)

  const checkKeys = (): void => {
    if (isWiped(root))
      throw new Error('the keys of this storage were wiped when it was closed: make a new one')
  }

  const masksOf = (path: readonly string[]): Uint8Array => {
    const masks = new Uint8Array(path.length * MASK_BYTES)
    for (const [i, component] of path.entries()) {
      checkText(component, i)
      const depth = createWriter(4).u32(i).done()
      const before = masks.subarray(0, i * MASK_BYTES)
      masks.set(derive('at-rest-mask', root, MASK_BYTES, depth, before, utf8(component)), i * MASK_BYTES)
    }
    return masks
  }

  return {
    mask: (path) => {
      checkKeys()
      return namesFrom(masksOf(path))
    },

    seal: (path, data) => {
      checkKeys()
      const masks = masksOf(path)
      const nonce = random(NONCE_BYTES)
      const ciphertext = aeadSeal(encodeEntry(path, data), additionalData(masks), nonce, key)
      return { masked: namesFrom(masks), sealed: concat(Uint8Array.of(VERSION), nonce, ciphertext) }
    },

    open: (masked, sealed) => {
      checkKeys()
      const masks = masksFrom(masked)
      const reader = createReader(sealed)
      const version = reader.u8()
      const nonce = reader.bytes(NONCE_BYTES)
      if (masks === undefined || version !== VERSION || reader.remaining() < TAG_BYTES) return undefined
      const inner = aeadOpen(reader.bytes(reader.remaining()), additionalData(masks), nonce, key)
      return inner === undefined ? undefined : decodeEntry(inner)
    },

    wipe: () => {
      wipe(root)
      wipe(key)
    },
  }
}

const encodeEntry = (path: readonly string[], data: Uint8Array): Uint8Array => {
  const head = createWriter().varint(path.length)
  for (const component of path) writeText(head, component)
  return concat(head.done(), data)
}

const decodeEntry = (inner: Uint8Array): Entry | undefined => {
  const reader = createReader(inner)
  const count = reader.varint()
  const key: string[] = []
  for (let i = 0; i < count && reader.sound(); i++) key.push(readText(reader, inner.length))
  // A copy: a view would carry the key along wherever the data is transferred.
  return reader.sound() ? { key, data: reader.bytes(reader.remaining()).slice() } : undefined
}

const additionalData = (masks: Uint8Array): Uint8Array => concat(Uint8Array.of(VERSION), masks)

const namesFrom = (masks: Uint8Array): string[] =>
  Array.from({ length: masks.length / MASK_BYTES }, (_, i) =>
    toHex(masks.subarray(i * MASK_BYTES, (i + 1) * MASK_BYTES)),
  )

const masksFrom = (names: readonly string[]): Uint8Array | undefined => {
  const masks: Uint8Array[] = []
  for (const name of names) {
    const mask = fromHex(name)
    if (mask?.length !== MASK_BYTES) return undefined
    masks.push(mask)
  }
  return concat(...masks)
}

// UTF-8 has no lone surrogates: two names that differ in nothing else would get one mask, and overwrite each other.
const checkText = (component: string, at: number): void => {
  if (typeof component === 'string' && !/\p{Surrogate}/u.test(component)) return
  throw new TypeError(
    `component ${at} of the storage key is not well-formed Unicode text: pass strings without lone surrogates`,
  )
}
