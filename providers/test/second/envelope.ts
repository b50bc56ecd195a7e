/** Section 8 of docs/protocol.md: headers, sealing, opening. */
import { innerOf, innerTypeOf, paddedLength } from './inner.ts'
import {
  ascending,
  decode,
  encode,
  type Fields,
  fieldsOf,
  flag,
  type Io,
  type Layout,
  lengthOf,
  list,
  MAX_U32,
  MAX_U53,
  must,
  textOf,
} from './layout.ts'
import { aeadOpen, aeadSeal, hash, kdf, sign, verify } from './primitives.ts'

/** What every header begins with. `count` is its u16, and `max` the bound of that. */
const common = (io: Io, kind: number, f: Fields, [count, max]: readonly [number | undefined, number]) => {
  io.constant(`e2c70101${kind.toString(16).padStart(2, '0')}`)
  const padded = flag(io, f.padded)
  return {
    count: io.uint(2, [0, max], count),
    shared: {
      padded,
      docId: io.bytes(32, f.docId),
      keyId: io.bytes(16, f.keyId),
      author: io.bytes(32, f.author),
      nonce: io.bytes(24, f.nonce),
    },
  }
}

const update: Layout = (io, f) => {
  const { count, shared } = common(io, 1, f, [lengthOf(f.deps), 32])
  const own = {
    session: io.bytes(8, f.session),
    seq: io.uint(8, [0, MAX_U53], f.seq),
    prev: io.bytes(32, f.prev),
    base: io.bytes(32, f.base),
    logHeight: io.uint(4, [0, MAX_U32], f.logHeight),
    length: io.uint(4, [16, 4_194_304], f.length),
  }
  return { type: 'update', ...shared, ...own, deps: idsAscending(io, count, f) }
}

export const idsAscending = (io: Io, count: number, f: Fields): readonly string[] =>
  ascending(
    list(count, f.deps, (id) => io.bytes(32, id)),
    (id) => id,
  )

/** Author, session, seq and head of a chain, as covers and cut-offs have them. */
export const position = (io: Io, f: Fields): Fields => ({
  author: io.bytes(32, f.author),
  session: io.bytes(8, f.session),
  seq: io.uint(8, [0, MAX_U53], f.seq),
  head: io.bytes(32, f.head),
})

export const chainOf = (f: Fields): string => `${f.author}${f.session}`

const snapshot: Layout = (io, f) => {
  const { count, shared } = common(io, 2, f, [lengthOf(f.parents), 4])
  const own = { session: io.bytes(8, f.session), logHeight: io.uint(4, [0, MAX_U32], f.logHeight) }
  const covered = io.uint(4, [0, 4096], lengthOf(f.cover))
  const chunkCount = io.uint(2, [0, 4096], lengthOf(f.chunks))
  const length = io.uint(4, [16, 16_777_216], f.length)
  const parents = list(count, f.parents, (id) => io.bytes(32, id))
  const cover = list(covered, f.cover, (entry) => {
    const { ended, ...chain } = fieldsOf(entry)
    return { ...position(io, chain), ended: flag(io, ended) }
  })
  const chunks = list(chunkCount, f.chunks, (id) => io.bytes(32, id))
  return { type: 'snapshot', ...shared, ...own, length, parents, cover: ascending(cover, chainOf), chunks }
}

const ephemeral: Layout = (io, f) => {
  const { shared } = common(io, 3, f, [0, 0])
  return { type: 'ephemeral', ...shared, length: io.uint(4, [16, 65_536], f.length) }
}

const heads: Layout = (io, f) => {
  const { shared } = common(io, 5, f, [0, 0])
  const own = { session: io.bytes(8, f.session), logHeight: io.uint(4, [0, MAX_U32], f.logHeight) }
  return { type: 'heads', ...shared, ...own, length: io.uint(4, [16, 393_216], f.length) }
}

const chunk: Layout = (io, f) => {
  const { count, shared } = common(io, 6, f, [Number(f.index), 4095])
  return { type: 'chunk', index: count, ...shared, length: io.uint(4, [16, 65_536], f.length) }
}

const HEADERS: { readonly [type: string]: Layout } = { update, snapshot, ephemeral, heads, chunk }
export const SEALED: readonly string[] = Object.keys(HEADERS)

const headerOf = (type: string): Layout => {
  const layout = HEADERS[type]
  must(layout !== undefined, `no envelope: ${type}`)
  return layout
}

export const envelope =
  (type: string): Layout =>
  (io, f) => {
    const header = headerOf(type)(io, { ...f, length: textOf(f.ciphertext ?? '').length / 2 })
    const commitment = io.bytes(32, f.commitment)
    const ciphertext = io.bytes(Number(header.length), f.ciphertext)
    const signature = type === 'chunk' ? null : io.bytes(64, f.signature)
    return { ...header, commitment, ciphertext, signature }
  }

const encodeHeader = (f: Fields): string =>
  encode(headerOf(textOf(f.type)), { ...f, length: textOf(f.ciphertext).length / 2 })

const idFrom = (header: string, commitment: string, ciphertext: string): string =>
  hash('env-id', header, commitment, hash('ciphertext', ciphertext))

export const idOf = (f: Fields): string => idFrom(encodeHeader(f), textOf(f.commitment), textOf(f.ciphertext))

export const chainStart = (f: Fields): string => hash('session', textOf(f.docId), chainOf(f))

export interface Sealed {
  readonly inner: string
  readonly header: string
  readonly messageKey: string
  readonly commitment: string
  readonly ciphertext: string
  readonly id: string
  readonly signature: string | null
  readonly bytes: string
}

/** From fields, `content`, `epochKey` and `deviceSeed` to the envelope, and everything on the way there. */
export const seal = (f: Fields): Sealed => {
  const type = textOf(f.type)
  const bare = encode(innerOf(innerTypeOf(f), false), fieldsOf(f.content))
  const inner = f.padded === true ? bare.padEnd(2 * paddedLength(bare.length / 2), '0') : bare
  const header = encode(headerOf(type), { ...f, length: inner.length / 2 + 16 })
  const stream = kdf('msg-key', textOf(f.epochKey), 64, header)
  const [messageKey, commitment] = [stream.slice(0, 64), stream.slice(64)]
  const ciphertext = aeadSeal(messageKey, textOf(f.nonce), inner, header)
  const id = idFrom(header, commitment, ciphertext)
  const signature = type === 'chunk' ? null : sign('env-sig', textOf(f.deviceSeed), id)
  const bytes = encode(envelope(type), { ...f, commitment, ciphertext, signature })
  return { inner, header, messageKey, commitment, ciphertext, id, signature, bytes }
}

export const isSigned = (f: Fields): boolean =>
  verify('env-sig', textOf(f.signature), textOf(f.author), idOf(f))

/** The content of an envelope of this document under this key; throws `Malformed` when there is none. */
export const open = (type: string, bytes: string, key: Fields): Fields => {
  const f = decode(envelope(type), bytes)
  must(f.docId === key.docId, 'of another document')
  must(f.keyId === key.keyId, 'unknown key')
  const header = encodeHeader(f)
  const stream = kdf('msg-key', textOf(key.epochKey), 64, header)
  must(f.commitment === stream.slice(64), 'the commitment does not fit')
  const inner = aeadOpen(stream.slice(0, 64), textOf(f.nonce), textOf(f.ciphertext), header)
  must(inner !== undefined, 'the AEAD does not open')
  return decode(innerOf(innerTypeOf(f), f.padded === true), inner)
}
