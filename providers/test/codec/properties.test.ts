import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import {
  assembleChunk,
  assembleEphemeral,
  assembleHeads,
  assembleSnapshot,
  assembleUpdate,
  type Certificate,
  chunkHeader,
  compareBytes,
  compareCover,
  concat,
  continues,
  createReader,
  createWriter,
  decodeCertificate,
  decodeChunk,
  decodeEphemeral,
  decodeGenesis,
  decodeHeads,
  decodeRecord,
  decodeSnapshot,
  decodeToClient,
  decodeToRelay,
  decodeUpdate,
  encodeCertificate,
  encodeChunk,
  encodeGenesis,
  encodeRecord,
  encodeSigned,
  encodeSnapshot,
  encodeToClient,
  encodeToRelay,
  encodeUpdate,
  ephemeralHeader,
  fromBase64url,
  fromHex,
  headsHeader,
  type Item,
  type MembershipRecord,
  NO_ID,
  ok,
  REFUSALS,
  type Result,
  readItems,
  readSegment,
  recordBytes,
  recordId,
  type Sealed,
  type Snapshot,
  snapshotHeader,
  type Tails,
  type ToClient,
  type ToRelay,
  tailOf,
  toBase64url,
  toHex,
  type Update,
  updateHeader,
  updateItems,
  writeItems,
  writeSegment,
} from '../../src/protocol/index.ts'
import {
  decodeEphemeralInner,
  decodeHeadsInner,
  decodeSnapshotInner,
  decodeUpdateInner,
  encodeEphemeralInner,
  encodeHeadsInner,
  encodeSnapshotInner,
  encodeUpdateInner,
} from '../../src/sync/content.ts'
import { checkedSamples } from './check.ts'

await cryptoReady

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const upTo = (length: number) => fc.uint8Array({ maxLength: length })
const id = bytes(32)
const u32 = fc.nat({ max: 0xffffffff })
const u53 = fc.maxSafeNat()
const docId = new Uint8Array(32).fill(9)
const session = bytes(8)

const ascending = <T>(list: readonly T[], compare: (a: T, b: T) => number): readonly T[] =>
  [...list].sort(compare).filter((item, i, sorted) => i === 0 || compare(sorted[i - 1] ?? item, item) !== 0)
const sortedIds = (maxLength: number) =>
  fc.array(id, { maxLength }).map((list) => ascending(list, compareBytes))

const common = fc.record({
  docId: fc.constant(docId),
  keyId: bytes(16),
  author: id,
  nonce: bytes(24),
  padded: fc.boolean(),
})
const parts = fc.record({
  commitment: id,
  ciphertext: fc.uint8Array({ minLength: 16, maxLength: 90 }),
  signature: bytes(64),
})

const updateFields = fc.record({
  ...{
    session,
    seq: u53,
    prev: id,
    base: fc.oneof(id, fc.constant(NO_ID)),
    logHeight: u32,
    deps: sortedIds(32),
  },
})
const update: fc.Arbitrary<Update> = fc
  .tuple(common, updateFields, parts)
  .map(([shared, own, { commitment, ciphertext, signature }]) => {
    const fields = { ...shared, ...own }
    const header = updateHeader(fields, ciphertext.length)
    return assembleUpdate(fields, { header, commitment, ciphertext }, signature)
  })

const coverEntry = fc.record({ author: id, session, seq: u53, head: id, ended: fc.boolean() })
const snapshotFields = fc.record({
  session,
  logHeight: u32,
  parents: fc.array(id, { maxLength: 4 }),
  cover: fc.array(coverEntry, { maxLength: 20 }).map((cover) => ascending(cover, compareCover)),
  chunks: fc.array(id, { maxLength: 9 }),
})
const snapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(common, snapshotFields, parts)
  .map(([shared, own, { commitment, ciphertext, signature }]) => {
    const fields = { ...shared, ...own }
    const header = snapshotHeader(fields, ciphertext.length)
    return assembleSnapshot(fields, { header, commitment, ciphertext }, signature)
  })

const ephemeral = fc.tuple(common, parts).map(([fields, { commitment, ciphertext, signature }]) => {
  const header = ephemeralHeader(fields, ciphertext.length)
  return assembleEphemeral(fields, { header, commitment, ciphertext }, signature)
})
const heads = fc
  .tuple(common, fc.record({ session, logHeight: u32 }), parts)
  .map(([shared, own, { commitment, ciphertext, signature }]) => {
    const fields = { ...shared, ...own }
    const header = headsHeader(fields, ciphertext.length)
    return assembleHeads(fields, { header, commitment, ciphertext }, signature)
  })
const chunk = fc
  .tuple(common, fc.nat({ max: 4095 }), parts)
  .map(([shared, index, { commitment, ciphertext }]) => {
    const fields = { ...shared, index }
    const header = chunkHeader(fields, ciphertext.length)
    return assembleChunk(fields, { header, commitment, ciphertext })
  })

const genesis = fc.record({ adminKey: id, writeKey: id, readKey: id, keyCommitment: id, tag: bytes(16) })
const role = fc.constantFrom('admin', 'writer', 'reader')
const certificate: fc.Arbitrary<Certificate> = fc.record({
  ...{ role, docId: fc.constant(docId), author: id, session, logHeight: u32, signature: bytes(64) },
})

const cutOff = fc.record({ author: id, session, seq: u53, head: id })
const body = fc.oneof(
  fc.record({ op: fc.constant('add-member'), device: id, boxKey: id, role }),
  fc.record({ op: fc.constant('set-role'), device: id, role }),
  fc.record({
    op: fc.constant('rotate'),
    keyId: bytes(16),
    keyCommitment: id,
    lockboxSet: id,
    removed: sortedIds(9),
    cutOffs: fc.array(cutOff, { maxLength: 9 }).map((list) => ascending(list, compareCover)),
    previousKey: fc.oneof(bytes(72), bytes(0)),
  }),
  fc.record({ op: fc.constant('set-link-keys'), writeKey: id, readKey: id }),
)
const record: fc.Arbitrary<MembershipRecord> = fc
  .record({
    body,
    author: id,
    height: fc.integer({ min: 1, max: 0xffffffff }),
    prev: id,
    signature: bytes(64),
  })
  .map(({ signature, ...fields }) => {
    const unsigned = { docId, ...fields }
    return { type: 'record', ...unsigned, signature, id: recordId(recordBytes(unsigned)) }
  })

/** A chain whose ids and positions are right, as one run or several. */
const chain: fc.Arbitrary<readonly Update[]> = fc
  .tuple(
    common,
    updateFields,
    fc.nat({ max: 0xffffffffffff }),
    fc.array(
      fc.record({
        own: parts,
        nonce: bytes(24),
        padded: fc.boolean(),
        deps: sortedIds(4),
        newBase: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  )
  .map(([shared, first, seq, links]) => {
    const updates: Update[] = []
    let base = first.base
    for (const [i, { own, nonce, padded, deps, newBase }] of links.entries()) {
      if (newBase) base = updates.at(-1)?.id ?? base
      const prev = updates.at(-1)?.id ?? first.prev
      const fields = { ...shared, ...first, nonce, padded, deps, base, seq: seq + i, prev }
      const { commitment, ciphertext, signature } = own
      const header = updateHeader(fields, ciphertext.length)
      updates.push(assembleUpdate(fields, { header, commitment, ciphertext }, signature))
    }
    return updates
  })

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ type: fc.constant('certificate'), certificate }),
  chain.map((updates): Item => {
    const [first] = updateItems(updates)
    return first ?? { type: 'ack', id: NO_ID }
  }),
  fc.record({ type: fc.constant('snapshot'), snapshot }),
  fc.record({ type: fc.constant('record'), record }),
  fc.record({ type: fc.constant('ack'), id }),
  fc.record({
    type: fc.constant('refused'),
    id,
    code: fc.constantFrom(...REFUSALS),
    retryAfterMs: u53,
    ended: fc.array(fc.record({ author: id, session }), { maxLength: 5 }),
  }),
)
const items = fc.array(item, { maxLength: 4 })
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const channel = u53
const cursor = fc.record({ logId: bytes(16), version: u53, digest: bytes(16) })

const toRelay: fc.Arbitrary<ToRelay> = fc.oneof(
  fc.record({ type: fc.constant('hello'), minVersion: u53, maxVersion: u53, token: text }),
  fc.record({
    ...{ type: fc.constant('open'), attempt: u53, create: fc.boolean(), genesis, certificate },
    ...{ deviceProof: bytes(64), readProof: bytes(64), cursor: fc.option(cursor, { nil: undefined }) },
  }),
  fc.record({ type: fc.constant('push'), channel, items }),
  fc.record({ type: fc.constant('ephemeral'), channel, ephemeral }),
  fc.record({ type: fc.constant('fetch'), channel, ids: fc.array(id, { maxLength: 9 }) }),
  fc.record({ type: fc.constant('close'), channel }),
  fc.record({ type: fc.constant('ping'), token: u53 }),
)

const toClient: fc.Arbitrary<ToClient> = fc.oneof(
  fc.record({ type: fc.constant('hello'), version: u53, relayKey: id, nonce: id }),
  fc.record({
    ...{ type: fc.constant('opened'), docId: id, attempt: u53, channel, connection: u53, logId: bytes(16) },
    ...{ complete: fc.boolean(), isNew: fc.boolean() },
  }),
  fc
    .record({
      ...{ type: fc.constant('deliver'), channel, load: fc.constantFrom('none', 'part', 'last') },
      ...{ piece: u53, after: u53, through: u53, digest: bytes(16), caughtUp: fc.boolean(), items },
    })
    .map((frame) => ({
      ...frame,
      piece: frame.load === 'none' ? 0 : frame.piece,
      after: Math.min(frame.after, frame.through),
      through: Math.max(frame.after, frame.through),
    })),
  fc.record({ type: fc.constant('ephemeral'), channel, connection: u53, ephemeral }),
  fc.record({ type: fc.constant('found'), channel, items, unknown: fc.array(id, { maxLength: 9 }) }),
  fc.record({ type: fc.constant('closed'), docId: id, code: fc.nat({ max: 65_535 }), reason: text }),
  fc.record({ type: fc.constant('pong'), token: u53 }),
  fc.record({ type: fc.constant('joined'), channel, connection: u53, certificate }),
  fc.record({ type: fc.constant('left'), channel, connection: u53 }),
)

const packing = { encoding: fc.nat({ max: 127 }), payload: upTo(60) }
const bounded = <T extends { readonly payload: Uint8Array }>(inner: fc.Arbitrary<T>) =>
  fc.tuple(inner, fc.option(fc.nat({ max: 1100 }), { nil: undefined })).map(([fields, ratio]) => ({
    ...fields,
    inflatedLength: ratio === undefined ? undefined : ratio * fields.payload.length,
  }))
const updateInner = bounded(fc.record({ ...packing, claims: fc.array(upTo(255), { maxLength: 5 }) }))
const snapshotInner = bounded(
  fc.record({
    ...packing,
    claims: fc.array(fc.record({ author: id, session, claim: upTo(255) }), { maxLength: 5 }),
    digest: fc.oneof(bytes(0), id),
  }),
)
const ephemeralInner = fc.record({
  ...{
    session,
    counter: u53,
    hello: bytes(8),
    echoes: fc.array(bytes(8), { maxLength: 64 }),
    broadcast: fc.boolean(),
    payload: upTo(60),
  },
})
const headsInner = fc.record({
  logId: bytes(16),
  snapshot: id,
  timeMs: u53,
  heads: fc.array(fc.record({ author: id, session, seq: u53, id }), { maxLength: 5 }),
})

const docIdOfAny = () => docId
/** Anything with a decoder; the `true` and `false` are whether the seal is padded. */
const decoders: Readonly<Record<string, (encoded: Uint8Array) => { readonly ok: boolean }>> = {
  genesis: decodeGenesis,
  certificate: decodeCertificate,
  update: decodeUpdate,
  snapshot: decodeSnapshot,
  ephemeral: decodeEphemeral,
  heads: decodeHeads,
  record: decodeRecord,
  chunk: decodeChunk,
  'frames to the relay': (encoded) => decodeToRelay(encoded, docIdOfAny),
  'frames to the client': (encoded) => decodeToClient(encoded, docIdOfAny),
  items: (encoded) => {
    const reader = createReader(encoded)
    readItems(reader, docId)
    return { ok: reader.finished() }
  },
  segments: (encoded) => {
    const reader = createReader(encoded)
    readSegment(reader, docId)
    return { ok: reader.finished() }
  },
  'update contents': (encoded) => decodeUpdateInner(encoded, false),
  'snapshot contents': (encoded) => decodeSnapshotInner(encoded, false),
  'ephemeral contents': (encoded) => decodeEphemeralInner(encoded, false),
  'heads contents': (encoded) => decodeHeadsInner(encoded, false),
  'padded update contents': (encoded) => decodeUpdateInner(encoded, true),
  'padded snapshot contents': (encoded) => decodeSnapshotInner(encoded, true),
  'padded ephemeral contents': (encoded) => decodeEphemeralInner(encoded, true),
  'padded heads contents': (encoded) => decodeHeadsInner(encoded, true),
}

const packed = (updates: readonly Update[]): Uint8Array => {
  const writer = createWriter()
  writeItems(writer, updateItems(updates))
  return writer.done()
}

describe('decoding what was encoded gives it back', () => {
  const isSame = <T>(arbitrary: fc.Arbitrary<T>, roundTrip: (value: T) => unknown) =>
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(roundTrip(value)).toEqual(ok(value))
      }),
    )

  test('for a genesis and a certificate', () => {
    isSame(genesis, (value) => decodeGenesis(encodeGenesis(value)))
    isSame(certificate, (value) => decodeCertificate(encodeCertificate(value)))
  })

  test('for every envelope, with its id', () => {
    isSame(update, (value) => decodeUpdate(encodeUpdate(value)))
    isSame(snapshot, (value) => decodeSnapshot(encodeSnapshot(value)))
    isSame(ephemeral, (value) => decodeEphemeral(encodeSigned(value)))
    isSame(heads, (value) => decodeHeads(encodeSigned(value)))
    isSame(chunk, (value) => decodeChunk(encodeChunk(value)))
    isSame(record, (value) => decodeRecord(encodeRecord(value)))
  })

  test('for every frame to the relay', () => {
    isSame(toRelay, (value) => decodeToRelay(encodeToRelay(value), docIdOfAny))
  })

  test('for every frame to the client', () => {
    isSame(toClient, (value) => decodeToClient(encodeToClient(value), docIdOfAny))
  })

  test('for what is inside a seal, padded or not', () => {
    for (const padded of [false, true]) {
      isSame(updateInner, (value) => decodeUpdateInner(encodeUpdateInner(value, padded), padded))
      isSame(snapshotInner, (value) => decodeSnapshotInner(encodeSnapshotInner(value, padded), padded))
      isSame(ephemeralInner, (value) => decodeEphemeralInner(encodeEphemeralInner(value, padded), padded))
      isSame(headsInner, (value) => decodeHeadsInner(encodeHeadsInner(value, padded), padded))
    }
  })

  test('for hex and base64url', () => {
    fc.assert(
      fc.property(upTo(80), (value) => {
        expect(fromHex(toHex(value))).toEqual(value)
        expect(fromBase64url(toBase64url(value))).toEqual(value)
        expect(toBase64url(value)).toBe(Buffer.from(value).toString('base64url'))
      }),
    )
  })
})

describe('a packed chain', () => {
  test('unpacks to the same canonical bytes and ids', () => {
    fc.assert(
      fc.property(chain, (updates) => {
        const reader = createReader(packed(updates))
        const read = readItems(reader, docId).flatMap((part) => (part.type === 'updates' ? part.updates : []))
        expect(reader.finished()).toBe(true)
        expect(read.map(encodeUpdate)).toEqual(updates.map(encodeUpdate))
        expect(read.map((unpacked) => unpacked.id)).toEqual(updates.map((original) => original.id))
      }),
    )
  })

  test('unpacks the same from pushes of which each follows on the one before, on both ends of a connection', () => {
    fc.assert(
      fc.property(chain, fc.integer({ min: 1, max: 3 }), (updates, size) => {
        const [sent, received]: [Tails, Tails] = [new Map(), new Map()]
        for (let at = 0; at < updates.length; at += size) {
          const pushed = updates.slice(at, at + size)
          const frame: ToRelay = { type: 'push', channel: 5, items: updateItems(pushed) }
          const encoded = encodeToRelay(frame, sent)
          expect(decodeToRelay(encoded, docIdOfAny, received)).toEqual(ok(frame))
          expect(encoded.length).toBeLessThanOrEqual(encodeToRelay(frame).length)
          const [first, before] = [pushed[0], updates[at - 1]]
          const saves = first !== undefined && before !== undefined && continues(before, first)
          if (saves) expect(encoded.length).toBeLessThanOrEqual(encodeToRelay(frame).length - 85)
          if (saves) expect(decodeToRelay(encoded, docIdOfAny, new Map()).ok).toBe(false)
          if (saves) expect(decodeToRelay(encoded, docIdOfAny).ok).toBe(false)
        }
        expect(received).toEqual(sent)
      }),
    )
  })

  test('does not follow on another update than the one that was pushed before', () => {
    fc.assert(
      fc.property(chain, (updates) => {
        for (const [at, update] of updates.entries()) {
          const before = updates[at - 1]
          if (before === undefined || !continues(before, update)) continue
          const writer = createWriter()
          writeSegment(writer, [update], 'every', tailOf(before))
          for (const other of [
            { ...before, seq: before.seq + 1 },
            { ...before, id: update.id },
          ]) {
            const reader = createReader(writer.done())
            readSegment(reader, docId, tailOf(other))
            expect(reader.finished()).toBe(false)
          }
        }
      }),
    )
  })

  test('keeps its ids when only the last signature travels', () => {
    fc.assert(
      fc.property(chain, (updates) => {
        for (const part of updateItems(updates, 'last')) {
          if (part.type !== 'updates') continue
          const writer = createWriter()
          writeSegment(writer, part.updates, 'last')
          const reader = createReader(writer.done())
          const read = readSegment(reader, docId)
          expect(reader.finished()).toBe(true)
          expect(read.map((unpacked) => unpacked.id)).toEqual(part.updates.map((original) => original.id))
          expect(read.at(-1)?.signature).toEqual(part.updates.at(-1)?.signature)
          expect(read.slice(0, -1).every((unpacked) => unpacked.signature === undefined)).toBe(true)
        }
      }),
    )
  })
})

// Samples with a few bytes overwritten reach further into a decoder than noise does.
const samples: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(...checkedSamples().map((sample) => sample.bytes)),
  toRelay.map(encodeToRelay),
  toClient.map(encodeToClient),
  chain.map(packed),
  chain.map((updates) => packed(updates).slice(2)),
  updateInner.map((inner) => encodeUpdateInner(inner, false)),
  snapshotInner.map((inner) => encodeSnapshotInner(inner, false)),
  ephemeralInner.map((inner) => encodeEphemeralInner(inner, true)),
  headsInner.map((inner) => encodeHeadsInner(inner, false)),
)
const damage = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.constantFrom(0, 1, 2, 127, 128, 254, 255)), {
  maxLength: 6,
})
const garbage = fc.oneof(
  upTo(400),
  fc.tuple(samples, damage, fc.nat({ max: 500 })).map(([sample, changes, length]) => {
    const changed = sample.slice(0, Math.max(length, 4))
    for (const [at, value] of changes) if (at < changed.length) changed[at] = value
    return changed
  }),
)

const numRuns = process.env.SEALSYNC_LONG === '1' ? 100_000 : 1500

describe('no decoder throws, and each gives a Result', () => {
  test.each(Object.entries(decoders))('for %s', (_, decode) => {
    fc.assert(
      fc.property(garbage, (encoded) => {
        const before = encoded.slice()
        expect(typeof decode(encoded).ok).toBe('boolean')
        expect(encoded).toEqual(before)
      }),
      { numRuns },
    )
  })
})

describe('what decodes has no second encoding', () => {
  const isOnlyForm = <T>(decode: (encoded: Uint8Array) => Result<T>, encode: (value: T) => Uint8Array) =>
    fc.assert(
      fc.property(garbage, (encoded) => {
        const decoded = decode(encoded)
        if (decoded.ok) expect(encode(decoded.value)).toEqual(encoded)
      }),
      { numRuns },
    )
  const rebuilt = (envelope: Sealed, header: Uint8Array, signature: Uint8Array = new Uint8Array(0)) =>
    concat(header, envelope.commitment, envelope.ciphertext, signature)

  test('as a genesis, certificate or record', () => {
    isOnlyForm(decodeGenesis, encodeGenesis)
    isOnlyForm(decodeCertificate, encodeCertificate)
    isOnlyForm(decodeRecord, encodeRecord)
  })

  test('as an envelope whose header is written again from its fields', () => {
    const lengthOf = (envelope: Sealed) => envelope.ciphertext.length
    isOnlyForm(decodeUpdate, (value) => rebuilt(value, updateHeader(value, lengthOf(value)), value.signature))
    isOnlyForm(decodeSnapshot, (value) =>
      rebuilt(value, snapshotHeader(value, lengthOf(value)), value.signature),
    )
    isOnlyForm(decodeEphemeral, (value) =>
      rebuilt(value, ephemeralHeader(value, lengthOf(value)), value.signature),
    )
    isOnlyForm(decodeHeads, (value) => rebuilt(value, headsHeader(value, lengthOf(value)), value.signature))
    isOnlyForm(decodeChunk, (value) => rebuilt(value, chunkHeader(value, lengthOf(value))))
  })

  test('as a frame', () => {
    isOnlyForm((encoded) => decodeToRelay(encoded, docIdOfAny), encodeToRelay)
    isOnlyForm((encoded) => decodeToClient(encoded, docIdOfAny), encodeToClient)
  })

  test('as what is inside a seal', () => {
    isOnlyForm(
      (encoded) => decodeUpdateInner(encoded, false),
      (value) => encodeUpdateInner(value, false),
    )
    isOnlyForm(
      (encoded) => decodeSnapshotInner(encoded, false),
      (value) => encodeSnapshotInner(value, false),
    )
    isOnlyForm(
      (encoded) => decodeEphemeralInner(encoded, false),
      (value) => encodeEphemeralInner(value, false),
    )
    isOnlyForm(
      (encoded) => decodeHeadsInner(encoded, false),
      (value) => encodeHeadsInner(value, false),
    )
  })
})
