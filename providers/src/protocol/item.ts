/** What frames carry, in order: the same items up (push) and down (deliver, found). */
import { equalBytes, type Reader, utf8, type Writer } from '../bytes.ts'
import { CERTIFICATE_BYTES, type Certificate, decodeCertificate, encodeCertificate } from './certificate.ts'
import { type Chunk, decodeChunk, encodeChunk } from './ephemeral.ts'
import { LIMITS } from './limits.ts'
import { decodeRecord, encodeRecord, type MembershipRecord } from './record.ts'
import { readSegment, runsOf, type Tail, tailOf, writeSegment } from './segment.ts'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.ts'
import type { Update } from './update.ts'

/**
 * Why the relay did not take an envelope.
 * - `gap`: its predecessor, or a chunk of a snapshot, is not there. `session-ended`, `epoch`: seal it again, in a new
 *   session.
 * - `snapshot-needed`: too many open sessions; someone has to make a snapshot that ends some.
 * - `superseded`: a snapshot that does not fit the active one; make another when there is need.
 * - `too-large`, `role`: sealing it again cannot help. `invalid`: broken bytes, id, certificate or signature.
 * - `unavailable`: later; nothing ends.
 */
export const REFUSALS = [
  'gap',
  'session-ended',
  'epoch',
  'snapshot-needed',
  'superseded',
  'too-large',
  'role',
  'invalid',
  'unavailable',
] as const
export type Refusal = (typeof REFUSALS)[number]

export interface SessionName {
  readonly author: Uint8Array
  readonly session: Uint8Array
}

export type Item =
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'updates'; readonly updates: readonly Update[]; readonly signatures: 'every' | 'last' }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'record'; readonly record: MembershipRecord }
  /** The relay holds it, committed; it counts once the cursor reaches the frame's `through`. */
  | { readonly type: 'ack'; readonly id: Uint8Array }
  | {
      readonly type: 'refused'
      readonly id: Uint8Array
      readonly code: Refusal
      /** With `unavailable`: when to try again, in ms. */
      readonly retryAfterMs: number
      /** With `superseded`: sessions that the relay holds as ended. */
      readonly ended: readonly SessionName[]
    }
  /** A piece of the state of a snapshot that lists it. */
  | { readonly type: 'chunk'; readonly chunk: Chunk }

const TYPES = ['certificate', 'updates', 'snapshot', 'record', 'ack', 'refused', 'chunk'] as const
const SNAPSHOT_LIMIT = LIMITS.snapshotBytes + 512 * 1024
const RECORD_LIMIT = LIMITS.recordBytes + 1024
const CHUNK_LIMIT = LIMITS.chunkBytes + 148

const writeItem = (writer: Writer, item: Item, before: Tail | undefined): void => {
  writer.u8(TYPES.indexOf(item.type) + 1)
  switch (item.type) {
    case 'certificate':
      writer.bytes(encodeCertificate(item.certificate))
      return
    case 'updates':
      writeSegment(writer, item.updates, item.signatures, before)
      return
    case 'snapshot':
      writer.blob(encodeSnapshot(item.snapshot))
      return
    case 'record':
      writer.blob(encodeRecord(item.record))
      return
    case 'ack':
      writer.bytes(item.id)
      return
    case 'refused':
      writer
        .bytes(item.id)
        .u8(REFUSALS.indexOf(item.code) + 1)
        .varint(item.retryAfterMs)
        .varint(item.ended.length)
      for (const { author, session } of item.ended) writer.bytes(author).bytes(session)
      return
    case 'chunk':
      writer.blob(encodeChunk(item.chunk))
  }
}

const readRefused = (reader: Reader): Item => {
  const id = reader.bytes(32)
  const code = REFUSALS[reader.u8() - 1]
  const retryAfterMs = reader.varint()
  const count = reader.varint()
  if (code === undefined || count * 40 > reader.remaining()) reader.fail()
  const ended = Array.from({ length: reader.sound() ? count : 0 }, () => ({
    author: reader.bytes(32),
    session: reader.bytes(8),
  }))
  return { type: 'refused', id, code: code ?? 'invalid', retryAfterMs, ended }
}

/** One item; `undefined` fails the reader, as do envelopes of a document other than `docId`. */
const readItem = (reader: Reader, docId: Uint8Array, before: Tail | undefined): Item | undefined => {
  const type = TYPES[reader.u8() - 1]
  if (type === undefined) return undefined
  switch (type) {
    case 'certificate': {
      const certificate = decodeCertificate(reader.bytes(CERTIFICATE_BYTES))
      return certificate.ok ? { type, certificate: certificate.value } : undefined
    }
    case 'updates': {
      const updates = readSegment(reader, docId, before)
      if (updates.length === 0) return undefined
      const signatures = updates[0]?.signature === undefined ? 'last' : 'every'
      return { type, updates, signatures }
    }
    case 'snapshot': {
      const snapshot = decodeSnapshot(reader.blob(SNAPSHOT_LIMIT))
      if (!snapshot.ok || !equalBytes(snapshot.value.docId, docId)) return undefined
      return { type, snapshot: snapshot.value }
    }
    case 'record': {
      const record = decodeRecord(reader.blob(RECORD_LIMIT))
      if (!record.ok || !equalBytes(record.value.docId, docId)) return undefined
      return { type, record: record.value }
    }
    case 'ack':
      return { type, id: reader.bytes(32) }
    case 'refused':
      return readRefused(reader)
    case 'chunk': {
      const chunk = decodeChunk(reader.blob(CHUNK_LIMIT))
      if (!chunk.ok || !equalBytes(chunk.value.docId, docId)) return undefined
      return { type, chunk: chunk.value }
    }
  }
}

/** The last update of items, or the one before them. */
const tailAfter = (item: Item, before: Tail | undefined): Tail | undefined => {
  const last = item.type === 'updates' ? item.updates.at(-1) : undefined
  return last === undefined ? before : tailOf(last)
}

/**
 * What was pushed last on each channel of a connection. Both ends keep it, so that an update which follows on need not
 * repeat it.
 */
export type Tails = Map<number, Tail>

/** With `tails`, updates that follow on what was pushed last on this channel say so. */
export const writeItems = (
  writer: Writer,
  items: readonly Item[],
  pushed?: { readonly tails: Tails; readonly channel: number },
): void => {
  let before = pushed?.tails.get(pushed.channel)
  writer.varint(items.length)
  for (const item of items) {
    writeItem(writer, item, before)
    if (pushed !== undefined) before = tailAfter(item, before)
  }
  if (pushed !== undefined && before !== undefined) pushed.tails.set(pushed.channel, before)
}

/** All items of a frame about `docId`; fails the reader when any is malformed or of an unknown type. */
export const readItems = (
  reader: Reader,
  docId: Uint8Array,
  pushed?: { readonly tails: Tails; readonly channel: number },
): readonly Item[] => {
  let before = pushed?.tails.get(pushed.channel)
  const count = reader.varint()
  const items: Item[] = []
  if (count > LIMITS.items) reader.fail()
  for (let i = 0; i < count && reader.sound(); i++) {
    const item = readItem(reader, docId, before)
    if (item === undefined) reader.fail()
    else {
      items.push(item)
      if (pushed !== undefined) before = tailAfter(item, before)
    }
  }
  if (pushed !== undefined && before !== undefined && reader.sound()) pushed.tails.set(pushed.channel, before)
  return items
}

/** Updates in the fewest segments, in the order given. */
export const updateItems = (
  updates: readonly Update[],
  signatures: 'every' | 'last' = 'every',
): readonly Item[] =>
  runsOf(updates).map((run) => ({
    type: 'updates',
    updates: run,
    signatures: run.length === 1 ? 'every' : signatures,
  }))

export const writeText = (writer: Writer, text: string): Writer => writer.blob(utf8(text))

/** UTF-8 text of at most `limit` bytes; malformed UTF-8 fails the reader. */
export const readText = (reader: Reader, limit: number): string => {
  const bytes = reader.blob(limit)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    reader.fail()
    return ''
  }
}
