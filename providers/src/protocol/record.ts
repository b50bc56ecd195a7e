/**
 * A membership record: public, signed, hash-chained by height. The layout is fixed in version 1; documents that have
 * no admin key (every shared-secret document) have no records, and a relay refuses them there.
 *
 *   0 2 magic ‖ 2 1 version ‖ 3 1 suite ‖ 4 1 kind 4 ‖ 5 1 zero ‖ 6 2 op ‖ 8 32 docId ‖ 40 32 author ‖ 72 4 height
 *   76 32 prev ‖ 108 4 body length ‖ 112 … body ‖ 64 signature over id = H(record-id, everything before it)
 */
import { compareBytes, concat, createReader, createWriter, type Reader, type Writer } from '../bytes.ts'
import { hash } from '../crypto.ts'
import { err, ok, type Result } from '../result.ts'
import type { Role } from './certificate.ts'
import { KIND, MAGIC, SIGNATURE_BYTES } from './envelope.ts'
import { SUITE, VERSION } from './genesis.ts'
import { LIMITS } from './limits.ts'

/** The last position of one removed device's chain that still counts. */
export interface CutOff {
  readonly author: Uint8Array
  readonly session: Uint8Array
  readonly seq: number
  readonly head: Uint8Array
}

export type RecordBody =
  /** op 1: device 32 ‖ box key 32 (X25519) ‖ role 1 */
  | {
      readonly op: 'add-member'
      readonly device: Uint8Array
      readonly boxKey: Uint8Array
      readonly role: Role
    }
  /** op 2: device 32 ‖ role 1 */
  | { readonly op: 'set-role'; readonly device: Uint8Array; readonly role: Role }
  /**
   * op 3: new key id 16 ‖ its commitment 32 ‖ lockbox set digest 32 ‖ removed count 2 ‖ 32 each, ascending ‖
   * cut-off count 4 ‖ 80 each, ascending ‖ 0 or 72 bytes, length in 2: the previous key sealed under the new one
   */
  | {
      readonly op: 'rotate'
      readonly keyId: Uint8Array
      readonly keyCommitment: Uint8Array
      readonly lockboxSet: Uint8Array
      readonly removed: readonly Uint8Array[]
      readonly cutOffs: readonly CutOff[]
      readonly previousKey: Uint8Array
    }
  /** op 4: write key 32 ‖ read key 32 */
  | { readonly op: 'set-link-keys'; readonly writeKey: Uint8Array; readonly readKey: Uint8Array }

export interface MembershipRecord {
  readonly type: 'record'
  readonly docId: Uint8Array
  readonly author: Uint8Array
  /** Position in the log, from 1. */
  readonly height: number
  /** Id of the record below; the docId at height 1. */
  readonly prev: Uint8Array
  readonly body: RecordBody
  readonly signature: Uint8Array
  readonly id: Uint8Array
}

const ROLE_CODES: readonly Role[] = ['admin', 'writer', 'reader']
const OPS: readonly RecordBody['op'][] = ['add-member', 'set-role', 'rotate', 'set-link-keys']
const PREVIOUS_KEY_BYTES = 72

const writeBody = (writer: Writer, body: RecordBody): Writer => {
  switch (body.op) {
    case 'add-member':
      return writer
        .bytes(body.device)
        .bytes(body.boxKey)
        .u8(ROLE_CODES.indexOf(body.role) + 1)
    case 'set-role':
      return writer.bytes(body.device).u8(ROLE_CODES.indexOf(body.role) + 1)
    case 'rotate':
      writer.bytes(body.keyId).bytes(body.keyCommitment).bytes(body.lockboxSet).u16(body.removed.length)
      for (const device of body.removed) writer.bytes(device)
      writer.u32(body.cutOffs.length)
      for (const cut of body.cutOffs) {
        writer.bytes(cut.author).bytes(cut.session).u53(cut.seq).bytes(cut.head)
      }
      return writer.u16(body.previousKey.length).bytes(body.previousKey)
    case 'set-link-keys':
      return writer.bytes(body.writeKey).bytes(body.readKey)
  }
}

const readRole = (reader: Reader): Role => {
  const role = ROLE_CODES[reader.u8() - 1]
  if (role === undefined) reader.fail()
  return role ?? 'reader'
}

const ascending = <T>(reader: Reader, items: readonly T[], compare: (a: T, b: T) => number): readonly T[] => {
  items.forEach((item, i) => {
    const before = items[i - 1]
    if (before !== undefined && compare(before, item) >= 0) reader.fail()
  })
  return items
}

const readRotate = (reader: Reader): RecordBody => {
  const keyId = reader.bytes(16)
  const keyCommitment = reader.bytes(32)
  const lockboxSet = reader.bytes(32)
  const removedCount = reader.u16()
  if (removedCount * 32 > reader.remaining()) reader.fail()
  const removed = reader.sound() ? Array.from({ length: removedCount }, () => reader.bytes(32)) : []
  const cutCount = reader.u32()
  if (cutCount * 80 > reader.remaining()) reader.fail()
  const cutOffs = Array.from({ length: reader.sound() ? cutCount : 0 }, () => ({
    author: reader.bytes(32),
    session: reader.bytes(8),
    seq: reader.u53(),
    head: reader.bytes(32),
  }))
  const previousLength = reader.u16()
  if (previousLength !== 0 && previousLength !== PREVIOUS_KEY_BYTES) reader.fail()
  return {
    op: 'rotate',
    keyId,
    keyCommitment,
    lockboxSet,
    removed: ascending(reader, removed, compareBytes),
    cutOffs: ascending(
      reader,
      cutOffs,
      (a, b) => compareBytes(a.author, b.author) || compareBytes(a.session, b.session),
    ),
    previousKey: reader.bytes(previousLength),
  }
}

const readBody = (reader: Reader, op: RecordBody['op']): RecordBody => {
  switch (op) {
    case 'add-member':
      return { op, device: reader.bytes(32), boxKey: reader.bytes(32), role: readRole(reader) }
    case 'set-role':
      return { op, device: reader.bytes(32), role: readRole(reader) }
    case 'rotate':
      return readRotate(reader)
    case 'set-link-keys':
      return { op, writeKey: reader.bytes(32), readKey: reader.bytes(32) }
  }
}

type Unsigned = Omit<MembershipRecord, 'type' | 'signature' | 'id'>

/** The bytes whose labelled hash is the record's id. */
export const recordBytes = (record: Unsigned): Uint8Array => {
  const body = writeBody(createWriter(), record.body).done()
  return createWriter(112 + body.length)
    .u16(MAGIC)
    .u8(VERSION)
    .u8(SUITE)
    .u8(KIND.record)
    .u8(0)
    .u16(OPS.indexOf(record.body.op) + 1)
    .bytes(record.docId)
    .bytes(record.author)
    .u32(record.height)
    .bytes(record.prev)
    .u32(body.length)
    .bytes(body)
    .done()
}

export const recordId = (unsigned: Uint8Array): Uint8Array => hash('record-id', unsigned)

export const encodeRecord = (record: MembershipRecord): Uint8Array =>
  concat(recordBytes(record), record.signature)

export const decodeRecord = (bytes: Uint8Array): Result<MembershipRecord> => {
  const reader = createReader(bytes)
  const known =
    reader.u16() === MAGIC && reader.u8() === VERSION && reader.u8() === SUITE && reader.u8() === KIND.record
  const flags = reader.u8()
  const op = OPS[reader.u16() - 1]
  if (!known || flags !== 0 || op === undefined) return err('record: malformed header')
  const fields = {
    docId: reader.bytes(32),
    author: reader.bytes(32),
    height: reader.u32(),
    prev: reader.bytes(32),
  }
  const bodyLength = reader.u32()
  if (!reader.sound() || bodyLength > LIMITS.recordBytes) return err('record: size')
  if (bytes.length !== 112 + bodyLength + SIGNATURE_BYTES) return err('record: wrong length')
  const inside = createReader(reader.bytes(bodyLength))
  const body = readBody(inside, op)
  const signature = reader.bytes(SIGNATURE_BYTES)
  if (!inside.finished() || !reader.finished() || fields.height === 0) return err('record: malformed body')
  const id = recordId(bytes.subarray(0, 112 + bodyLength))
  return ok({ type: 'record', ...fields, body, signature, id })
}
