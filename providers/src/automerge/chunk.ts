/**
 * Automerge's storage chunks, read as far as the graph of changes goes: which change, after which, by whom.
 *
 *   magic 85 6f 4a 83     checksum 4     kind 1     length varint     body
 *   0 document: actors, heads, …     1 change: deps, actor, seq, …     2 the deflated body of a change     3 bundle
 *
 * The hash of a chunk is SHA-256(kind ‖ length ‖ body) and its first four bytes are the checksum. A deflated change
 * has the hash and the checksum of the change that it inflates to.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { createReader, createWriter, equalBytes, type Reader, toHex } from '../bytes.ts'
import { inflateWithin } from '../client/inflate.ts'
import { err, ok, type Result } from '../result.ts'
import { readHashes } from './hashes.ts'

const MAGIC = 0x856f4a83
const CHECKSUM_BYTES = 4
const KIND = { document: 0, change: 1, deflatedChange: 2 } as const

/** What all deflated changes of one input together may inflate to. Real ones come to some five times their size. */
const INFLATED_BYTES = 64 * 1024 * 1024
const INFLATED_RATIO = 32

/** Hashes and actors are lower-case hex. `bytes` is the whole chunk as it came, a view of the input. */
export type Chunk =
  | {
      readonly type: 'change'
      readonly hash: string
      readonly deps: readonly string[]
      readonly actor: string
      readonly seq: number
      readonly bytes: Uint8Array
    }
  | { readonly type: 'document'; readonly heads: readonly string[]; readonly bytes: Uint8Array }
  /** A bundle, or a kind newer than this reader. */
  | { readonly type: 'other'; readonly bytes: Uint8Array }

export type Change = Extract<Chunk, { type: 'change' }>

export const isChange = (chunk: Chunk): chunk is Change => chunk.type === 'change'

/**
 * Reads concatenated chunks: all of them with the right checksums, or none. Whether the operations inside make sense
 * only Automerge can tell.
 */
export const readChunks = (bytes: Uint8Array): Result<readonly Chunk[]> => {
  const chunks: Chunk[] = []
  const reader = createReader(bytes)
  let inflatable = Math.max(INFLATED_BYTES, INFLATED_RATIO * bytes.length)
  while (reader.remaining() > 0) {
    const start = bytes.length - reader.remaining()
    const magic = reader.u32()
    const checksum = reader.bytes(CHECKSUM_BYTES)
    const kind = reader.u8()
    const body = readBlob(reader)
    if (!reader.sound()) return err('chunk: cut off')
    if (magic !== MAGIC) return err('chunk: unknown magic')

    const isDeflated = kind === KIND.deflatedChange
    const plain = isDeflated ? inflateWithin(body, inflatable) : body
    if (plain === undefined) return err('chunk: does not inflate')
    if (isDeflated) inflatable -= plain.length

    const hash = hashOf(isDeflated ? KIND.change : kind, plain)
    if (!equalBytes(hash.subarray(0, CHECKSUM_BYTES), checksum)) return err('chunk: wrong checksum')

    const chunk = chunkFrom({
      kind,
      hash,
      plain,
      bytes: bytes.subarray(start, bytes.length - reader.remaining()),
    })
    if (chunk === undefined) return err('chunk: malformed')
    chunks.push(chunk)
  }
  return ok(chunks)
}

interface Checked {
  readonly kind: number
  readonly hash: Uint8Array
  /** The body, inflated if it was deflated. */
  readonly plain: Uint8Array
  readonly bytes: Uint8Array
}

const chunkFrom = ({ kind, hash, plain, bytes }: Checked): Chunk | undefined => {
  const reader = createReader(plain)
  if (kind === KIND.document) {
    for (let actors = reader.varint(); actors > 0 && reader.sound(); actors--) readBlob(reader)
    const heads = readHashes(reader)
    return reader.sound() ? { type: 'document', heads, bytes } : undefined
  }
  if (kind !== KIND.change && kind !== KIND.deflatedChange) return { type: 'other', bytes }
  const deps = readHashes(reader)
  const actor = toHex(readBlob(reader))
  const seq = reader.varint()
  return reader.sound() ? { type: 'change', hash: toHex(hash), deps, actor, seq, bytes } : undefined
}

const hashOf = (kind: number, plain: Uint8Array): Uint8Array =>
  sha256.create().update(createWriter(10).u8(kind).varint(plain.length).done()).update(plain).digest()

const readBlob = (reader: Reader): Uint8Array => reader.blob(Number.MAX_SAFE_INTEGER)
