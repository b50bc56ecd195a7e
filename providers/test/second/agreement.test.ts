/** What `src` makes on libsodium, the second implementation reads, and the other way around; drawn from seeds. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/bytes.ts'
import { cryptoReady } from '../../src/crypto.ts'
import { createAtRest } from '../../src/keys/at-rest.ts'
import { documentKeys } from '../../src/keys/root.ts'
import { createVault } from '../../src/keys/vault.ts'
import * as protocol from '../../src/protocol/index.ts'
import * as content from '../../src/sync/content.ts'
import { createRandom, type Random } from '../../src/testing/random.ts'
import { plain, plainRecord } from '../vectors/kinds.ts'
import { envelope, open, SEALED, type Sealed, seal } from './envelope.ts'
import { segment, toClient, toRelay } from './frames.ts'
import { innerOf, innerTypeOf } from './inner.ts'
import { atRest, certificate, genesis, isAdmitted, issue, keysOf, proofMessages } from './keys.ts'
import { decode, encode, type Fields, type Layout, Malformed, textOf } from './layout.ts'
import { sign } from './primitives.ts'
import { record } from './record.ts'

await cryptoReady

const ROUNDS = 60
const bytesOf = (hex: unknown): Uint8Array => {
  const bytes = typeof hex === 'string' ? fromHex(hex) : undefined
  if (bytes === undefined) throw new Error(`not hex: ${hex}`)
  return bytes
}

/** Strings that Unicode normalisation and UTF-8 have opinions on. */
const nameFrom = (dice: Random): string =>
  Array.from({ length: dice.int(12) }, () =>
    dice.pick([...'ae/-é e\u0301\u212b漢\u{1f600}\ufeff\u1e9b\u0323']),
  ).join('')

const many = <T>(dice: Random, below: number, make: () => T): T[] =>
  Array.from({ length: dice.int(below) }, make)

const idsFrom = (dice: Random, below: number): Uint8Array[] =>
  many(dice, below, () => dice.bytes(32)).sort(protocol.compareBytes)

const deviceOf = (dice: Random) => {
  const [secret, room, deviceSeed] = [dice.bytes(32), nameFrom(dice), dice.bytes(32)]
  const role = dice.chance(0.5) ? 'writer' : 'reader'
  const keys = documentKeys(secret, room)
  const vault = createVault({ keys, deviceSeed, role, random: (length) => dice.bytes(length) })
  return { vault, deviceSeed, second: keysOf(toHex(secret), room) }
}

/** Fields and content of each kind, the envelope that the vault makes of them, and how `src` reads the inside. */
const makers = {
  update: (dice: Random, { vault }: ReturnType<typeof deviceOf>) => {
    const payload = dice.bytes(dice.int(300))
    const inner = {
      encoding: dice.int(128),
      inflatedLength: dice.chance(0.5) ? undefined : dice.int(1100 * payload.length + 1),
      claims: many(dice, 4, () => dice.bytes(dice.int(256))),
      payload,
    }
    const own = {
      ...{ padded: dice.chance(0.5), session: dice.bytes(8), seq: dice.int(2 ** 53), prev: dice.bytes(32) },
      ...{ base: dice.bytes(32), logHeight: dice.int(2 ** 32), deps: idsFrom(dice, 33) },
    }
    const sealed = vault.sealUpdate(own, content.encodeUpdateInner(inner, own.padded))
    const read = (bytes: Uint8Array) => content.decodeUpdateInner(bytes, own.padded)
    return { inner, sealed, bytes: protocol.encodeUpdate(sealed), decode: protocol.decodeUpdate, read }
  },
  snapshot: (dice: Random, { vault }: ReturnType<typeof deviceOf>) => {
    const chain = () => ({ author: dice.bytes(32), session: dice.bytes(8) })
    const front = {
      ...{ encoding: dice.int(128), inflatedLength: undefined },
      claims: many(dice, 4, () => ({ ...chain(), claim: dice.bytes(dice.int(256)) })),
      digest: dice.bytes(dice.chance(0.5) ? 0 : 32),
    }
    const entry = () => ({
      ...chain(),
      seq: dice.int(2 ** 53),
      head: dice.bytes(32),
      ended: dice.chance(0.5),
    })
    const own = {
      ...{ padded: dice.chance(0.5), session: dice.bytes(8), logHeight: dice.int(2 ** 32) },
      parents: many(dice, 5, () => dice.bytes(32)),
      cover: many(dice, 9, entry).sort(protocol.compareCover),
      chunks: many(dice, 5, () => dice.bytes(32)),
    }
    const { encodeSnapshot, decodeSnapshot: decode } = protocol
    if (own.chunks.length > 0) {
      const inner = { ...front, payloadLength: dice.int(2 ** 26 + 1) }
      const sealed = vault.sealSnapshot(own, content.encodeChunkedInner(inner, own.padded))
      const read = (bytes: Uint8Array) => content.decodeChunkedInner(bytes, own.padded)
      return { inner, sealed, bytes: encodeSnapshot(sealed), decode, read }
    }
    const inner = { ...front, payload: dice.bytes(dice.int(300)) }
    const sealed = vault.sealSnapshot(own, content.encodeSnapshotInner(inner, own.padded))
    const read = (bytes: Uint8Array) => content.decodeSnapshotInner(bytes, own.padded)
    return { inner, sealed, bytes: encodeSnapshot(sealed), decode, read }
  },
  ephemeral: (dice: Random, { vault }: ReturnType<typeof deviceOf>) => {
    const inner = {
      ...{ session: dice.bytes(8), counter: dice.int(2 ** 53), hello: dice.bytes(8) },
      ...{ echoes: many(dice, 65, () => dice.bytes(8)), broadcast: dice.chance(0.5) },
      payload: dice.bytes(dice.int(300)),
    }
    const padded = dice.chance(0.5)
    const sealed = vault.sealEphemeral(padded, content.encodeEphemeralInner(inner, padded))
    const read = (bytes: Uint8Array) => content.decodeEphemeralInner(bytes, padded)
    return { inner, sealed, bytes: protocol.encodeSigned(sealed), decode: protocol.decodeEphemeral, read }
  },
  heads: (dice: Random, { vault }: ReturnType<typeof deviceOf>) => {
    const head = () => ({
      ...{ author: dice.bytes(32), session: dice.bytes(8), seq: dice.int(2 ** 53), id: dice.bytes(32) },
    })
    const inner = {
      logId: dice.bytes(16),
      snapshot: dice.bytes(32),
      timeMs: dice.int(2 ** 53),
      heads: many(dice, 5, head),
    }
    const own = { padded: dice.chance(0.5), session: dice.bytes(8), logHeight: dice.int(2 ** 32) }
    const sealed = vault.sealHeads(own, content.encodeHeadsInner(inner, own.padded))
    const read = (bytes: Uint8Array) => content.decodeHeadsInner(bytes, own.padded)
    return { inner, sealed, bytes: protocol.encodeSigned(sealed), decode: protocol.decodeHeads, read }
  },
  chunk: (dice: Random, { vault }: ReturnType<typeof deviceOf>) => {
    const inner = { state: dice.bytes(dice.int(300)) }
    const sealed = vault.sealChunk({ index: dice.int(4096), padded: false }, inner.state)
    const read = (bytes: Uint8Array) => protocol.ok({ state: bytes })
    return { inner, sealed, bytes: protocol.encodeChunk(sealed), decode: protocol.decodeChunk, read }
  },
}

describe('both implementations', () => {
  test.each(Object.entries(makers))(
    'seal the same %s, and each opens what the other sealed',
    (type, make) => {
      const dice = createRandom(7)
      for (let i = 0; i < ROUNDS; i++) {
        const device = deviceOf(dice)
        const { inner, sealed, bytes, decode: decodeIt, read } = make(dice, device)
        const epochKey = textOf(device.second.epochKey)
        const fields = { ...plainRecord(sealed), type, epochKey, deviceSeed: toHex(device.deviceSeed) }
        const other: Sealed = seal({ ...fields, content: plain(inner) })
        expect(other.bytes).toBe(toHex(bytes))
        const signature = 'signature' in sealed && sealed.signature ? toHex(sealed.signature) : null
        expect(other).toMatchObject({ id: toHex(sealed.id), signature })
        expect(open(type, toHex(bytes), device.second)).toEqual(plain(inner))
        const decoded = decodeIt(bytesOf(other.bytes))
        const opened = decoded.ok ? device.vault.open(decoded.value) : undefined
        expect(opened?.ok && read(opened.value)).toEqual(protocol.ok(inner))
      }
    },
  )

  test('derive the same keys, and make the same certificates and proofs', () => {
    const dice = createRandom(8)
    for (let i = 0; i < ROUNDS; i++) {
      const { vault, deviceSeed, second } = deviceOf(dice)
      expect(toHex(vault.docId)).toBe(second.docId)
      expect(plainRecord(vault.genesis)).toEqual(decode(genesis, encode(genesis, second)))
      const cert = vault.certify(dice.bytes(8))
      const issuerSeed = textOf(cert.role === 'writer' ? second.writeSeed : second.readSeed)
      const { bytes } = issue(issuerSeed, plainRecord(cert))
      expect(bytes).toBe(toHex(protocol.encodeCertificate(cert)))
      expect(isAdmitted(bytes, toHex(protocol.encodeGenesis(vault.genesis)))).toBe(true)
      const [relayKey, nonce] = [dice.bytes(32), dice.bytes(32)]
      const messages = proofMessages(plainRecord({ relayKey, nonce }), plainRecord(cert))
      expect(plainRecord(vault.prove(relayKey, nonce, cert))).toEqual({
        deviceProof: sign('device-proof', toHex(deviceSeed), messages.device),
        readProof: sign('read-proof', textOf(second.readSeed), messages.read),
      })
    }
  })

  test('open the entries at rest of each other', () => {
    const dice = createRandom(9)
    for (let i = 0; i < ROUNDS; i++) {
      const [secret, data] = [dice.bytes(32), dice.bytes(dice.int(300))]
      const key = many(dice, 6, () => nameFrom(dice))
      const [ours, second] = [createAtRest(secret), atRest(toHex(secret))]
      const masks = ours.mask(key)
      const sealed = second.seal(key, toHex(data), toHex(dice.bytes(24)))
      expect(sealed.maskedKey).toEqual(masks)
      expect(ours.open(masks, bytesOf(sealed.bytes))).toEqual({ key, data })
      expect(second.open(masks, toHex(ours.seal(key, data).sealed))).toEqual({ key, data: toHex(data) })
    }
  })
})

const vectorsOf = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../../docs/vectors/${file}.json`, import.meta.url), 'utf8')).vectors

interface Case {
  readonly sample: Uint8Array
  readonly layout: Layout
  readonly decode: (bytes: Uint8Array) => { readonly ok: boolean }
}

const DOC_ID: string = vectorsOf('genesis')[0].expected.docId
const docIdOf = (): string => DOC_ID
const docIdBytes = (): Uint8Array => bytesOf(DOC_ID)

const samplesOf = (file: string, field = 'bytes'): readonly Uint8Array[] =>
  vectorsOf(file).map((vector: { expected: Fields }) => bytesOf(vector.expected[field]))

const innersOf = (type: string): readonly Uint8Array[] =>
  SEALED.flatMap((file) =>
    vectorsOf(file).flatMap(({ inputs, expected }: Record<string, Fields>) =>
      inputs !== undefined && innerTypeOf(inputs) === type ? [bytesOf(expected?.inner)] : [],
    ),
  )

const of = (file: string, layout: Layout, decode: Case['decode']): readonly Case[] =>
  samplesOf(file).map((sample) => ({ sample, layout, decode }))

const inside = (type: string, decode: (bytes: Uint8Array, padded: boolean) => { ok: boolean }): Case[] =>
  innersOf(type).flatMap((sample) =>
    [true, false].map((padded) => ({
      ...{ sample: padded ? concat(sample, new Uint8Array(5)) : sample, layout: innerOf(type, padded) },
      decode: (bytes: Uint8Array) => decode(bytes, padded),
    })),
  )

const segments: readonly Case[] = vectorsOf('segment').map(({ inputs, expected }: Record<string, Fields>) => {
  const pushed = inputs?.pushedBefore
  const before = pushed === undefined ? undefined : protocol.decodeUpdate(bytesOf(pushed))
  return {
    sample: bytesOf(expected?.bytes),
    layout: segment(DOC_ID, pushed === undefined ? undefined : textOf(pushed)),
    decode: (bytes: Uint8Array) => {
      const reader = protocol.createReader(bytes)
      protocol.readSegment(reader, docIdBytes(), before?.ok ? protocol.tailOf(before.value) : undefined)
      return { ok: reader.finished() }
    },
  }
})

const frames: readonly Case[] = vectorsOf('frames').map(
  ({ name, expected }: { name: string; expected: Fields }) => {
    const isUp = name.startsWith('to relay')
    return {
      sample: bytesOf(expected.bytes),
      layout: isUp ? toRelay({ docIdOf }) : toClient({ docIdOf }),
      decode: (bytes: Uint8Array) =>
        isUp
          ? protocol.decodeToRelay(bytes, docIdBytes, new Map())
          : protocol.decodeToClient(bytes, docIdBytes),
    }
  },
)

const CASES: Readonly<Record<string, readonly Case[]>> = {
  genesis: of('genesis', genesis, protocol.decodeGenesis),
  certificate: of('certificate', certificate, protocol.decodeCertificate),
  update: of('update', envelope('update'), protocol.decodeUpdate),
  snapshot: of('snapshot', envelope('snapshot'), protocol.decodeSnapshot),
  ephemeral: of('ephemeral', envelope('ephemeral'), protocol.decodeEphemeral),
  heads: of('heads', envelope('heads'), protocol.decodeHeads),
  chunk: of('chunk', envelope('chunk'), protocol.decodeChunk),
  record: of('record', record, protocol.decodeRecord),
  'inside of an update': inside('update', content.decodeUpdateInner),
  'inside of a snapshot': inside('snapshot', content.decodeSnapshotInner),
  'inside of a snapshot in chunks': inside('snapshot in chunks', content.decodeChunkedInner),
  'inside of an ephemeral': inside('ephemeral', content.decodeEphemeralInner),
  'inside of a heads message': inside('heads', content.decodeHeadsInner),
  segment: segments,
  frame: frames,
}

const EDGES = [0, 1, 2, 3, 4, 5, 15, 16, 31, 32, 33, 63, 64, 65, 72, 127, 128, 129, 192, 254, 255]

/** One change of the kinds that decoders are careless about. */
const changed = (bytes: Uint8Array, dice: Random): Uint8Array => {
  // Most of what a decoder looks at stands at the beginning.
  const at = dice.int(dice.chance(0.5) ? bytes.length : Math.min(bytes.length, 48))
  const [before, after] = [bytes.slice(0, at), bytes.slice(at)]
  const edge = Uint8Array.of(dice.pick(EDGES) ?? 0)
  switch (dice.int(6)) {
    case 0:
      return before
    case 1:
      return concat(before, edge, after)
    case 2:
      return concat(before, after.slice(1))
    case 3:
      return concat(before, after.slice(dice.int(40)))
    case 4:
      return concat(before, Uint8Array.of((bytes[at] ?? 0) ^ (1 << dice.int(8))), after.slice(1))
    default:
      return concat(before, edge, after.slice(1))
  }
}

const accepts = (layout: Layout, bytes: Uint8Array): boolean => {
  try {
    decode(layout, toHex(bytes))
    return true
  } catch (error) {
    // Anything else would be a fault of the second implementation that looks like a refusal.
    if (error instanceof Malformed) return false
    throw error
  }
}

describe('both decoders take and refuse the same changed bytes', () => {
  test.each(Object.entries(CASES))('%s', (_, cases) => {
    const dice = createRandom(10)
    const taken = { yes: 0, no: 0 }
    const disagreed: string[] = []
    for (const { sample, layout, decode: decodeIt } of cases) {
      expect(accepts(layout, sample)).toBe(decodeIt(sample).ok)
      for (let i = 0; i < 600; i++) {
        let bytes = changed(sample, dice)
        while (dice.chance(0.3)) bytes = changed(bytes, dice)
        const isTaken = decodeIt(bytes).ok
        taken[isTaken ? 'yes' : 'no']++
        if (accepts(layout, bytes) !== isTaken) disagreed.push(`${isTaken}: ${toHex(bytes)}`)
      }
    }
    expect(disagreed).toEqual([])
    // Changes that nobody takes, or everybody, would show nothing.
    expect(Math.min(taken.yes, taken.no)).toBeGreaterThan(20)
  })
})

/** Sizes of what stands in ascending lists: ids and devices, cut-offs, cover entries. */
const ENTRIES = [32, 80, 81]

/** Neighbours made equal, and neighbours that have changed places, wherever they may stand. */
const reordered = (bytes: Uint8Array): readonly Uint8Array[] =>
  ENTRIES.flatMap((size) =>
    Array.from({ length: Math.max(0, bytes.length - 2 * size + 1) }, (_, at) => {
      const [before, one] = [bytes.subarray(0, at), bytes.subarray(at, at + size)]
      const [other, after] = [bytes.subarray(at + size, at + 2 * size), bytes.subarray(at + 2 * size)]
      return [concat(before, one, one, after), concat(before, other, one, after)]
    }).flat(),
  )

const ORDERED = ['update', 'snapshot', 'record', 'segment']

test.each(ORDERED)('both decoders take and refuse the same lists, repeated and out of order: %s', (name) => {
  for (const { sample, layout, decode: decodeIt } of CASES[name] ?? []) {
    const all = reordered(sample).map((bytes) => ({ bytes, isTaken: decodeIt(bytes).ok }))
    const disagreed = all.filter(({ bytes, isTaken }) => accepts(layout, bytes) !== isTaken)
    expect(disagreed.map(({ bytes }) => toHex(bytes))).toEqual([])
    expect(all.some(({ isTaken }) => isTaken)).toBe(true)
  }
})

test('every sealed kind is made here', () => {
  expect(Object.keys(makers)).toEqual(SEALED)
})
