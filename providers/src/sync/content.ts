/**
 * What is inside the seals. The relay never sees these layouts; clients decode them strictly, because whoever holds
 * the key can write anything.
 *
 *   encoding 1 (bits 0–6: which CRDT encoding, registry in docs/protocol.md; bit 7: deflated)
 *   [inflated length 4, if deflated] …
 *   update:    claims 1 ‖ each: length 1, bytes ‖ payload length 4 ‖ payload ‖ zeros, if the header says padded
 *   snapshot:  claims 4 ‖ each: author 32, session 8, length 1, bytes ‖ digest length 1 (0 or 32), digest ‖
 *              payload length 4 ‖ payload ‖ zeros; with chunks the payload stands in these, and only its length here
 *   ephemeral: session 8 ‖ counter 8 ‖ hello 8 ‖ echoes 1 (bits 0–6: how many; bit 7: broadcast) ‖ 8 each ‖
 *              payload length 4 ‖ payload ‖ zeros
 *   heads:     log id 16 ‖ snapshot id 32 (or zeros) ‖ time 8 (ms since 1970) ‖ count 4 ‖ each: author 32, session 8, seq 8, id 32
 */
import {
  concat,
  createReader,
  createWriter,
  err,
  ok,
  type Reader,
  type Result,
  type Writer,
} from '../protocol/index.ts'

/** 64 MiB: no payload inflates to more. */
export const MAX_INFLATED = 67_108_864
/** DEFLATE cannot do better than about 1,032 : 1; what claims more is an attack. */
const MAX_RATIO = 1100
export const MAX_ECHOES = 64
/** What fits into one ephemeral whatever it echoes, padded or not: 63,488, the longest padded inner, less 541. */
export const MAX_EPHEMERAL_PAYLOAD = 62_947

/** CRDT bytes and the number of their encoding (0…127). The core does not know what the numbers mean. */
export interface Content {
  readonly encoding: number
  readonly payload: Uint8Array
}

export interface Packed extends Content {
  /** Set when `payload` is raw DEFLATE (RFC 1951): its exact length once inflated. */
  readonly inflatedLength: number | undefined
}

export interface UpdateInner extends Packed {
  /** CRDT author ids that this session uses from here on, ≤ 255, each ≤ 255 bytes. */
  readonly claims: readonly Uint8Array[]
}

export interface Claim {
  readonly author: Uint8Array
  readonly session: Uint8Array
  readonly claim: Uint8Array
}

/** Without its payload: that is in chunks. */
export interface ChunkedInner extends Omit<SnapshotInner, 'payload'> {
  /** Of the payload, bytes. */
  readonly payloadLength: number
}

export interface SnapshotInner extends Packed {
  /** Who wrote under which CRDT author id. */
  readonly claims: readonly Claim[]
  /** State digest, 32 bytes, or empty. */
  readonly digest: Uint8Array
}

export interface EphemeralInner {
  readonly session: Uint8Array
  /** Strictly increasing within a session. */
  readonly counter: number
  /** This session's own greeting, 8 random bytes. */
  readonly hello: Uint8Array
  /** Greetings of others that this session has seen; theirs is what makes the message fresh to them. */
  readonly echoes: readonly Uint8Array[]
  /** The payload is an event, not what the session shows. */
  readonly broadcast: boolean
  readonly payload: Uint8Array
}

/** What a session has got from its relay, acknowledged or delivered, as of now. */
export interface HeadsInner {
  /** The relay's log that it got it from. */
  readonly logId: Uint8Array
  /** The active snapshot, or NO_ID. */
  readonly snapshot: Uint8Array
  readonly timeMs: number
  readonly heads: readonly {
    readonly author: Uint8Array
    readonly session: Uint8Array
    readonly seq: number
    readonly id: Uint8Array
  }[]
}

const DEFLATED = 128
const BROADCAST = 128

/** Padmé (Nikitin et al., PETS 2019): lengths keep only O(log log n) bits of information; ≤ 12 % longer. */
export const padmeLength = (length: number): number => {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const zeroBits = exponent - (Math.floor(Math.log2(exponent)) + 1)
  const unit = 2 ** Math.max(0, zeroBits)
  return Math.ceil(length / unit) * unit
}

const finish = (writer: Writer, padded: boolean): Uint8Array => {
  const bytes = writer.done()
  return padded ? concat(bytes, new Uint8Array(padmeLength(bytes.length) - bytes.length)) : bytes
}

const isFinished = (reader: Reader, padded: boolean): boolean => {
  if (!padded) return reader.finished()
  return reader.sound() && reader.bytes(reader.remaining()).every((byte) => byte === 0)
}

const writePacking = (writer: Writer, packed: Omit<Packed, 'payload'>): Writer => {
  writer.u8(packed.encoding | (packed.inflatedLength === undefined ? 0 : DEFLATED))
  return packed.inflatedLength === undefined ? writer : writer.u32(packed.inflatedLength)
}

const readPacking = (reader: Reader) => {
  const first = reader.u8()
  const inflatedLength = (first & DEFLATED) !== 0 ? reader.u32() : undefined
  return { encoding: first & 127, inflatedLength }
}

const isBounded = (inflatedLength: number | undefined, payloadLength: number): boolean =>
  inflatedLength === undefined ||
  (inflatedLength <= MAX_INFLATED && inflatedLength <= MAX_RATIO * payloadLength)

export const encodeUpdateInner = (inner: UpdateInner, padded: boolean): Uint8Array => {
  const writer = writePacking(createWriter(inner.payload.length + 64), inner).u8(inner.claims.length)
  for (const claim of inner.claims) writer.u8(claim.length).bytes(claim)
  return finish(writer.u32(inner.payload.length).bytes(inner.payload), padded)
}

export const decodeUpdateInner = (bytes: Uint8Array, padded: boolean): Result<UpdateInner> => {
  // Most updates are a few bytes, plain and without claims: a load opens thousands of them.
  if (!padded && bytes.length >= 6 && (bytes[0] ?? DEFLATED) < DEFLATED && bytes[1] === 0) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2)
    if (length !== bytes.length - 6) return err('update content: malformed')
    return ok({ encoding: bytes[0] ?? 0, inflatedLength: undefined, claims: [], payload: bytes.subarray(6) })
  }
  const reader = createReader(bytes)
  const packing = readPacking(reader)
  const claims = Array.from({ length: reader.u8() }, () => reader.bytes(reader.u8()))
  const inner = { ...packing, claims, payload: reader.bytes(reader.u32()) }
  if (!isFinished(reader, padded)) return err('update content: malformed')
  return isBounded(inner.inflatedLength, inner.payload.length)
    ? ok(inner)
    : err('update content: inflates too far')
}

const writeFront = (writer: Writer, inner: Omit<SnapshotInner, 'payload'>): Writer => {
  writePacking(writer, inner).u32(inner.claims.length)
  for (const { author, session, claim } of inner.claims) {
    writer.bytes(author).bytes(session).u8(claim.length).bytes(claim)
  }
  return writer.u8(inner.digest.length).bytes(inner.digest)
}

const readFront = (reader: Reader): Omit<SnapshotInner, 'payload'> => {
  const packing = readPacking(reader)
  const claimCount = reader.u32()
  if (claimCount * 41 > reader.remaining()) reader.fail()
  const claims = Array.from({ length: reader.sound() ? claimCount : 0 }, () => ({
    author: reader.bytes(32),
    session: reader.bytes(8),
    claim: reader.bytes(reader.u8()),
  }))
  const digestLength = reader.u8()
  if (digestLength !== 0 && digestLength !== 32) reader.fail()
  return { ...packing, claims, digest: reader.bytes(digestLength) }
}

export const encodeSnapshotInner = (inner: SnapshotInner, padded: boolean): Uint8Array => {
  const writer = writeFront(createWriter(inner.payload.length + 256), inner)
  return finish(writer.u32(inner.payload.length).bytes(inner.payload), padded)
}

export const decodeSnapshotInner = (bytes: Uint8Array, padded: boolean): Result<SnapshotInner> => {
  const reader = createReader(bytes)
  const inner = { ...readFront(reader), payload: reader.bytes(reader.u32()) }
  if (!isFinished(reader, padded)) return err('snapshot content: malformed')
  return isBounded(inner.inflatedLength, inner.payload.length)
    ? ok(inner)
    : err('snapshot content: inflates too far')
}

export const encodeChunkedInner = (inner: ChunkedInner, padded: boolean): Uint8Array =>
  finish(writeFront(createWriter(256), inner).u32(inner.payloadLength), padded)

export const decodeChunkedInner = (bytes: Uint8Array, padded: boolean): Result<ChunkedInner> => {
  const reader = createReader(bytes)
  const inner = { ...readFront(reader), payloadLength: reader.u32() }
  const { inflatedLength, payloadLength } = inner
  if (!isFinished(reader, padded)) return err('snapshot content: malformed')
  const isSmall = payloadLength <= MAX_INFLATED && isBounded(inflatedLength, payloadLength)
  return isSmall ? ok(inner) : err('snapshot content: too large, or inflates too far')
}

export const encodeEphemeralInner = (inner: EphemeralInner, padded: boolean): Uint8Array => {
  const writer = createWriter(inner.payload.length + 64)
    .bytes(inner.session)
    .u53(inner.counter)
    .bytes(inner.hello)
    .u8(inner.echoes.length | (inner.broadcast ? BROADCAST : 0))
  for (const echo of inner.echoes) writer.bytes(echo)
  return finish(writer.u32(inner.payload.length).bytes(inner.payload), padded)
}

export const decodeEphemeralInner = (bytes: Uint8Array, padded: boolean): Result<EphemeralInner> => {
  const reader = createReader(bytes)
  const fields = { session: reader.bytes(8), counter: reader.u53(), hello: reader.bytes(8) }
  const first = reader.u8()
  const echoCount = first & 127
  if (echoCount > MAX_ECHOES) reader.fail()
  const echoes = Array.from({ length: reader.sound() ? echoCount : 0 }, () => reader.bytes(8))
  const broadcast = (first & BROADCAST) !== 0
  const inner = { ...fields, echoes, broadcast, payload: reader.bytes(reader.u32()) }
  return isFinished(reader, padded) ? ok(inner) : err('ephemeral content: malformed')
}

export const encodeHeadsInner = (inner: HeadsInner, padded: boolean): Uint8Array => {
  const writer = createWriter(60 + 80 * inner.heads.length)
    .bytes(inner.logId)
    .bytes(inner.snapshot)
    .u53(inner.timeMs)
    .u32(inner.heads.length)
  for (const head of inner.heads) {
    writer.bytes(head.author).bytes(head.session).u53(head.seq).bytes(head.id)
  }
  return finish(writer, padded)
}

export const decodeHeadsInner = (bytes: Uint8Array, padded: boolean): Result<HeadsInner> => {
  const reader = createReader(bytes)
  const fields = { logId: reader.bytes(16), snapshot: reader.bytes(32), timeMs: reader.u53() }
  const count = reader.u32()
  if (count * 80 > reader.remaining()) reader.fail()
  const heads = Array.from({ length: reader.sound() ? count : 0 }, () => ({
    author: reader.bytes(32),
    session: reader.bytes(8),
    seq: reader.u53(),
    id: reader.bytes(32),
  }))
  return isFinished(reader, padded) ? ok({ ...fields, heads }) : err('heads content: malformed')
}
