/**
 * Packing: consecutive updates of one chain that share key, log height and base, without what can be computed.
 * The receiver rebuilds the canonical bytes and the ids from them, so packing needs no trust.
 *
 *   flags 1 (bit 0: every update has its signature, else only the last; bit 1: a base follows)
 *   author 32 ‖ session 8 ‖ key id 16 ‖ log height varint ‖ [base 32] ‖ first seq varint ‖ prev 32 ‖ count varint
 *   per update: flags 1 (bit 0: padded) ‖ deps 1 ‖ 32 each ‖ nonce 24 ‖ commitment 32 ‖ ciphertext (varint length)
 *   signatures 64 each
 */
import { equalBytes, type Reader, type Writer } from '../bytes.ts'
import { COMMITMENT_BYTES, NO_ID, SIGNATURE_BYTES, TAG_BYTES } from './envelope.ts'
import { LIMITS } from './limits.ts'
import { areDepsOrdered, assembleUpdate, followingHeader, type Update, updateHeader } from './update.ts'

const EVERY_SIGNATURE = 1
const NO_DEPS: readonly Uint8Array[] = []
const BASE = 2

/** Whether `next` may stand behind `previous` in one segment. */
export const continues = (previous: Update, next: Update): boolean =>
  next.seq === previous.seq + 1 &&
  next.logHeight === previous.logHeight &&
  equalBytes(next.prev, previous.id) &&
  equalBytes(next.session, previous.session) &&
  equalBytes(next.author, previous.author) &&
  equalBytes(next.keyId, previous.keyId) &&
  equalBytes(next.base, previous.base)

/**
 * Writes a run of updates, each of which continues the one before. With `signatures: 'last'` only the last one's
 * signature is written: it vouches for all before it, because each names its predecessor's id.
 */
export const writeSegment = (
  writer: Writer,
  updates: readonly Update[],
  signatures: 'every' | 'last',
): void => {
  const first = updates[0]
  const last = updates.at(-1)
  if (first === undefined || last === undefined) throw new TypeError('a segment has at least one update')
  const hasBase = !equalBytes(first.base, NO_ID)
  writer
    .u8((signatures === 'every' ? EVERY_SIGNATURE : 0) | (hasBase ? BASE : 0))
    .bytes(first.author)
    .bytes(first.session)
    .bytes(first.keyId)
    .varint(first.logHeight)
  if (hasBase) writer.bytes(first.base)
  writer.varint(first.seq).bytes(first.prev).varint(updates.length)
  for (const update of updates) {
    writer.u8(update.padded ? 1 : 0).u8(update.deps.length)
    for (const dep of update.deps) writer.bytes(dep)
    writer.bytes(update.nonce).bytes(update.commitment).blob(update.ciphertext)
  }
  for (const update of signatures === 'every' ? updates : [last])
    writer.bytes(update.signature ?? new Uint8Array(64))
}

/** Reads a segment of a document; fails the reader on anything malformed. Updates before the last may lack signatures. */
export const readSegment = (reader: Reader, docId: Uint8Array): readonly Update[] => {
  const flags = reader.u8()
  if ((flags & ~(EVERY_SIGNATURE | BASE)) !== 0) reader.fail()
  const [author, session, keyId] = [reader.bytes(32), reader.bytes(8), reader.bytes(16)]
  const logHeight = reader.varint()
  const base = (flags & BASE) !== 0 ? reader.bytes(32) : NO_ID
  const firstSeq = reader.varint()
  let prev = reader.bytes(32)
  const count = reader.varint()
  if (count === 0 || count > LIMITS.segment || logHeight > 0xffffffff) reader.fail()
  if (firstSeq > Number.MAX_SAFE_INTEGER - (count - 1)) reader.fail()
  if ((flags & BASE) !== 0 && equalBytes(base, NO_ID)) reader.fail()
  const updates: Update[] = []
  let previous: Uint8Array | undefined
  for (let i = 0; i < count && reader.sound(); i++) {
    const updateFlags = reader.u8()
    const depCount = reader.u8()
    if (updateFlags > 1 || depCount > LIMITS.deps) reader.fail()
    const deps = depCount === 0 ? NO_DEPS : Array.from({ length: depCount }, () => reader.bytes(32))
    const nonce = reader.bytes(24)
    const commitment = reader.bytes(COMMITMENT_BYTES)
    const ciphertext = reader.blob(LIMITS.updateBytes)
    if (ciphertext.length < TAG_BYTES || !areDepsOrdered(deps)) reader.fail()
    if (!reader.sound()) return []
    const fields = {
      docId,
      author,
      session,
      keyId,
      nonce,
      padded: updateFlags === 1,
      seq: firstSeq + i,
      prev,
      base,
      logHeight,
      deps,
    }
    const header: Uint8Array =
      previous !== undefined && depCount === 0
        ? followingHeader(previous, fields, ciphertext.length)
        : updateHeader(fields, ciphertext.length)
    const update = assembleUpdate(fields, { header, commitment, ciphertext }, undefined)
    updates.push(update)
    previous = header
    prev = update.id
  }
  const every = (flags & EVERY_SIGNATURE) !== 0
  return updates.map((update, i) =>
    every || i === updates.length - 1 ? { ...update, signature: reader.bytes(SIGNATURE_BYTES) } : update,
  )
}

/** Splits updates, in order, into the longest runs that one segment can hold. */
export const runsOf = (updates: readonly Update[]): readonly (readonly Update[])[] => {
  const runs: Update[][] = []
  for (const update of updates) {
    const run = runs.at(-1)
    const previous = run?.at(-1)
    if (
      run !== undefined &&
      previous !== undefined &&
      run.length < LIMITS.segment &&
      continues(previous, update)
    ) {
      run.push(update)
    } else {
      runs.push([update])
    }
  }
  return runs
}
