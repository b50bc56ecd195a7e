/** Section 8.6 of docs/protocol.md: membership records. */
import { chainOf, position } from './envelope.ts'
import {
  ascending,
  decode,
  encode,
  type Fields,
  fieldsOf,
  type Io,
  type Layout,
  lengthOf,
  list,
  MAX_U32,
  must,
  named,
  sized,
  textOf,
} from './layout.ts'
import { hash, sign } from './primitives.ts'

const OPERATIONS = ['add-member', 'set-role', 'rotate', 'set-link-keys']
const ROLES = ['admin', 'writer', 'reader']

const bodyOf =
  (op: string): Layout =>
  (io, f) => {
    if (op === 'add-member')
      return {
        ...{ op, device: io.bytes(32, f.device), boxKey: io.bytes(32, f.boxKey) },
        role: named(io, 1, ROLES, f.role),
      }
    if (op === 'set-role') return { op, device: io.bytes(32, f.device), role: named(io, 1, ROLES, f.role) }
    if (op === 'rotate') return rotate(io, f)
    return { op, writeKey: io.bytes(32, f.writeKey), readKey: io.bytes(32, f.readKey) }
  }

const rotate: Layout = (io, f) => {
  const keyId = io.bytes(16, f.keyId)
  const keyCommitment = io.bytes(32, f.keyCommitment)
  const lockboxSet = io.bytes(32, f.lockboxSet)
  const removedCount = io.uint(2, [0, 65_535], lengthOf(f.removed))
  const removed = list(removedCount, f.removed, (device) => io.bytes(32, device))
  const cutOffCount = io.uint(4, [0, MAX_U32], lengthOf(f.cutOffs))
  const cutOffs = list(cutOffCount, f.cutOffs, (entry) => position(io, fieldsOf(entry)))
  const previousKey = sized(io, 2, [0, 72], f.previousKey)
  must(previousKey.length === 0 || previousKey.length === 144, 'a previous key of another length')
  ascending(removed, (device) => device)
  return {
    op: 'rotate',
    keyId,
    keyCommitment,
    lockboxSet,
    removed,
    cutOffs: ascending(cutOffs, chainOf),
    previousKey,
  }
}

const unsigned = (io: Io, f: Fields): Fields => {
  io.constant('e2c701010400')
  const given = fieldsOf(f.body)
  const op = named(io, 2, OPERATIONS, given.op)
  const head = {
    docId: io.bytes(32, f.docId),
    author: io.bytes(32, f.author),
    height: io.uint(4, [1, MAX_U32], f.height),
    prev: io.bytes(32, f.prev),
  }
  const body = sized(io, 4, [0, 1_048_576], io.isReading ? undefined : encode(bodyOf(op), given))
  return { ...head, body: decode(bodyOf(op), body) }
}

export const record: Layout = (io, f) => ({ ...unsigned(io, f), signature: io.bytes(64, f.signature) })

export const signRecord = (f: Fields): { unsigned: string; id: string; signature: string; bytes: string } => {
  const bytes = encode(unsigned, f)
  const id = hash('record-id', bytes)
  const signature = sign('record-sig', textOf(f.adminSeed), id)
  return { unsigned: bytes, id, signature, bytes: bytes + signature }
}
