/**
 * Packing: consecutive updates of one chain that share key, log height and base, without what can be computed.
 * The receiver rebuilds the canonical bytes and the ids from them, so packing needs no trust.
 *
 *   flags 1 (bit 0: every update has its signature, else only the last of several; bit 1: a base follows; bit 2: follows on)
 *   author 32 ‖ session 8 ‖ key id 16 ‖ log height varint ‖ [base 32] ‖ first seq varint ‖ prev 32 ‖ count varint
 *   or, where both sides know what was pushed before: [base 32] ‖ first seq varint ‖ first 4 bytes of prev ‖ count varint
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
const FOLLOWS = 4
const CHECK_BYTES = 4

/** What the next update of a chain has in common with the one before it. */
export type Tail = Pick<Update, 'author' | 'session' | 'keyId' | 'logHeight' | 'base' | 'seq' | 'id'>

/** Copies: it must not hold on to the frame that the update came in. */
export const tailOf = ({ author, session, keyId, logHeight, base, seq, id }: Update): Tail => ({
  author: author.slice(),
  session: session.slice(),
  keyId: keyId.slice(),
  logHeight,
  base: base.slice(),
  seq,
  id,
})

/** Whether `next` is the next update of the chain, under the same key and log height. */
const follows = (previous: Tail, next: Update): boolean =>
  next.seq === previous.seq + 1 &&
  next.logHeight === previous.logHeight &&
  equalBytes(next.prev, previous.id) &&
  equalBytes(next.session, previous.session) &&
  equalBytes(next.author, previous.author) &&
  equalBytes(next.keyId, previous.keyId)

/** Whether `next` may stand behind `previous` in one segment. */
export const continues = (previous: Update, next: Update): boolean =>
  follows(previous, next) && equalBytes(next.base, previous.base)

/**
 * Writes a run of updates, each of which continues the one before. With `signatures: 'last'` only the last one's
 * signature is written: it vouches for all before it, because each names its predecessor's id. `before`: the update that
 * the reader knows to stand in front of these, if they follow on it.
 */
export const writeSegment = (
  writer: Writer,
  updates: readonly Update[],
  signatures: 'every' | 'last',
  before?: Tail,
): void => {
  const first = updates[0]
  const last = updates.at(-1)
  if (first === undefined || last === undefined) throw new TypeError('a segment has at least one update')
  const isSameBase = before !== undefined && equalBytes(first.base, before.base)
  const hasBase = !equalBytes(first.base, NO_ID)
  const followsOn = before !== undefined && follows(before, first) && (hasBase || isSameBase)
  const writesBase = hasBase && !(followsOn && isSameBase)
  // Of one update there is one way to say it.
  const every = signatures === 'every' || updates.length === 1
  const flags = (every ? EVERY_SIGNATURE : 0) | (writesBase ? BASE : 0)
  writer.u8(followsOn ? flags | FOLLOWS : flags)
  if (!followsOn) writer.bytes(first.author).bytes(first.session).bytes(first.keyId).varint(first.logHeight)
  if (writesBase) writer.bytes(first.base)
  writer.varint(first.seq).bytes(followsOn ? first.prev.subarray(0, CHECK_BYTES) : first.prev)
  writer.varint(updates.length)
  for (const update of updates) {
    writer.u8(update.padded ? 1 : 0).u8(update.deps.length)
    for (const dep of update.deps) writer.bytes(dep)
    writer.bytes(update.nonce).bytes(update.commitment).blob(update.ciphertext)
  }
  for (const update of every ? updates : [last]) writer.bytes(update.signature ?? new Uint8Array(64))
}

/** What every update of a segment shares, and where it begins. */
type Front = Pick<Update, 'author' | 'session' | 'keyId' | 'logHeight' | 'base' | 'prev'> & {
  readonly firstSeq: number
}

const readBase = (reader: Reader, flags: number, otherwise: Uint8Array): Uint8Array => {
  if ((flags & BASE) === 0) return otherwise
  const base = reader.bytes(32)
  // One encoding of each thing: what goes without saying is not said.
  if (equalBytes(base, NO_ID) || equalBytes(base, otherwise)) reader.fail()
  return base
}

const readFront = (reader: Reader, flags: number): Front => {
  const [author, session, keyId] = [reader.bytes(32), reader.bytes(8), reader.bytes(16)]
  const logHeight = reader.varint()
  if (logHeight > 0xffffffff) reader.fail()
  const base = readBase(reader, flags, NO_ID)
  return { author, session, keyId, logHeight, base, firstSeq: reader.varint(), prev: reader.bytes(32) }
}

/** Of a segment that follows on: a number or a check that does not fit means that a frame was lost in between. */
const readFollowing = (reader: Reader, flags: number, before: Tail): Front => {
  const base = readBase(reader, flags, before.base)
  const firstSeq = reader.varint()
  const check = reader.bytes(CHECK_BYTES)
  if (firstSeq !== before.seq + 1 || !equalBytes(check, before.id.subarray(0, CHECK_BYTES))) reader.fail()
  const { author, session, keyId, logHeight, id: prev } = before
  return { author, session, keyId, logHeight, base, firstSeq, prev }
}

/**
 * Reads a segment of a document; fails the reader on anything malformed. Updates before the last may lack signatures.
 * `before`: the update that was pushed last, if this side remembers one.
 */
export const readSegment = (reader: Reader, docId: Uint8Array, before?: Tail): readonly Update[] => {
  const flags = reader.u8()
  const followsOn = (flags & FOLLOWS) !== 0
  if ((flags & ~(EVERY_SIGNATURE | BASE | FOLLOWS)) !== 0 || (followsOn && before === undefined))
    reader.fail()
  if (!reader.sound()) return []
  const front =
    followsOn && before !== undefined ? readFollowing(reader, flags, before) : readFront(reader, flags)
  const { author, session, keyId, logHeight, base, firstSeq } = front
  let { prev } = front
  const count = reader.varint()
  const every = (flags & EVERY_SIGNATURE) !== 0
  if (count === 0 || count > LIMITS.segment || (count === 1 && !every)) reader.fail()
  if (firstSeq > Number.MAX_SAFE_INTEGER - (count - 1)) reader.fail()
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
