import { describe, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import {
  CLOSE,
  type CoverEntry,
  concat,
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
  encodeUpdate,
  fromBase64url,
  fromHex,
  isPermanent,
  kindOf,
  type RecordBody,
  type Result,
  readItems,
  writeItems,
} from '../../src/protocol/index.ts'
import {
  decodeEphemeralInner,
  decodeHeadsInner,
  decodeSnapshotInner,
  decodeUpdateInner,
  encodeEphemeralInner,
  encodeUpdateInner,
  padmeLength,
} from '../../src/sync/content.ts'
import {
  counting,
  createSamples,
  EPHEMERAL_INNER,
  RECORD_BODIES,
  sampleRecords,
  sampleVault,
  signRecord,
  UPDATE_INNER,
} from '../vectors/samples.ts'

await cryptoReady

const samples = createSamples()
const { keys, updates, snapshot, chunks, ephemeral, heads, certificate } = samples
const [update, , padded] = updates

const withByte = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const changed = bytes.slice()
  changed[at] = value
  return changed
}

const withU32 = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const changed = bytes.slice()
  changed.set(createWriter(4).u32(value).done(), at)
  return changed
}

type Case = readonly [string, Uint8Array, (bytes: Uint8Array) => Result<unknown>]

const kinds: readonly Case[] = [
  ['update', encodeUpdate(update), decodeUpdate],
  ['snapshot', encodeSnapshot(snapshot), decodeSnapshot],
  ['ephemeral', encodeSigned(ephemeral), decodeEphemeral],
  ['heads', encodeSigned(heads), decodeHeads],
  ['chunk', encodeChunk(chunks[0]), decodeChunk],
]
const allKinds: readonly Case[] = [
  ...kinds,
  ...sampleRecords().map((record): Case => [`record ${record.body.op}`, encodeRecord(record), decodeRecord]),
]

describe.each(allKinds)('%s', (name, bytes, decode) => {
  test('is rejected with another magic, version, suite or kind', () => {
    expect(decode(bytes).ok).toBe(true)
    for (const at of [0, 1, 2, 3, 4]) {
      for (const value of [0, 2, 7, 255]) {
        if (bytes[at] !== value) expect(decode(withByte(bytes, at, value)).ok).toBe(false)
      }
    }
  })

  test('is rejected with a reserved flag', () => {
    const known = name.startsWith('record') ? 0 : 1
    for (let flags = known + 1; flags < 256; flags++) expect(decode(withByte(bytes, 5, flags)).ok).toBe(false)
  })
})

describe.each(kinds)('%s', (name, bytes, decode) => {
  const lengthAt = { update: 196, snapshot: 130, ephemeral: 112, heads: 124, chunk: 112 }[name] ?? 0

  test('is rejected when its ciphertext length is not the one it has', () => {
    const length = createReader(bytes.subarray(lengthAt)).u32()
    for (const wrong of [0, 15, 16, length - 1, length + 1, length + 64, 2 ** 31, 2 ** 32 - 1]) {
      if (wrong !== length) expect(decode(withU32(bytes, lengthAt, wrong)).ok).toBe(false)
    }
  })
})

describe('the kind that bytes claim', () => {
  test('is known from one byte, and unknown when a newer version made it', () => {
    expect(kinds.map(([, bytes]) => kindOf(bytes))).toEqual(kinds.map(([name]) => name))
    expect(sampleRecords().map((record) => kindOf(encodeRecord(record)))).toEqual(Array(4).fill('record'))
    for (const value of [0, 7, 255]) expect(kindOf(withByte(encodeUpdate(update), 4, value))).toBeUndefined()
    expect(kindOf(new Uint8Array(0))).toBeUndefined()
  })
})

describe('a close code', () => {
  test('stops a client from 4400 to 4499 and lets it try again otherwise', () => {
    for (const code of [4400, CLOSE.forbidden, CLOSE.notFound, 4499]) expect(isPermanent(code)).toBe(true)
    for (const code of [1000, 1006, CLOSE.goingAway, 4399, 4500, CLOSE.unavailable, CLOSE.tooManyRequests]) {
      expect(isPermanent(code)).toBe(false)
    }
  })
})

describe('a count that stands for nothing', () => {
  test('is zero in ephemerals and heads', () => {
    expect(decodeEphemeral(withByte(encodeSigned(ephemeral), 7, 1)).ok).toBe(false)
    expect(decodeHeads(withByte(encodeSigned(heads), 6, 1)).ok).toBe(false)
  })
})

describe('deps', () => {
  const decodeWith = (deps: readonly Uint8Array[]) =>
    decodeUpdate(encodeUpdate(samples.writer.sealUpdate({ ...padded, deps }, counting(0, 9)))).ok

  test('are strictly ascending', () => {
    const [a, b, c] = [counting(1, 32), counting(2, 32), counting(3, 32)]
    expect(decodeWith([a, b, c])).toBe(true)
    for (const deps of [
      [b, a],
      [a, a],
      [a, c, b],
      [a, b, b],
    ])
      expect(decodeWith(deps)).toBe(false)
  })
})

describe('a cover', () => {
  const entry = (author: number, session: number): CoverEntry => ({
    author: counting(author, 32),
    session: counting(session, 8),
    seq: 3,
    head: counting(9, 32),
    ended: false,
  })
  const decodeWith = (cover: readonly CoverEntry[]) =>
    decodeSnapshot(encodeSnapshot(samples.writer.sealSnapshot({ ...snapshot, cover }, counting(0, 9)))).ok

  test('is strictly ascending by author, then session', () => {
    expect(decodeWith([entry(1, 1), entry(1, 2), entry(2, 1)])).toBe(true)
    expect(decodeWith([entry(1, 2), entry(1, 1)])).toBe(false)
    expect(decodeWith([entry(2, 1), entry(1, 2)])).toBe(false)
    expect(decodeWith([entry(1, 1), { ...entry(1, 1), seq: 4 }])).toBe(false)
  })

  test('says 0 or 1 of whether a session ended, and a position below 2⁵³', () => {
    const bytes = encodeSnapshot(
      samples.writer.sealSnapshot({ ...snapshot, parents: [], cover: [entry(1, 1)] }, counting(0, 9)),
    )
    const [seqAt, endedAt] = [134 + 40, 134 + 80]
    expect(decodeSnapshot(withByte(bytes, endedAt, 1)).ok).toBe(true)
    for (const ended of [2, 3, 128, 255])
      expect(decodeSnapshot(withByte(bytes, endedAt, ended)).ok).toBe(false)
    expect(decodeSnapshot(withByte(bytes, seqAt + 1, 31)).ok).toBe(true)
    expect(decodeSnapshot(withByte(bytes, seqAt + 1, 32)).ok).toBe(false)
  })
})

describe('a genesis or certificate', () => {
  test('is rejected with another version, suite or role', () => {
    const genesis = encodeGenesis(keys.genesis)
    const encoded = encodeCertificate(certificate)
    for (const value of [0, 2, 255]) {
      expect(decodeGenesis(withByte(genesis, 0, value)).ok).toBe(false)
      expect(decodeGenesis(withByte(genesis, 1, value)).ok).toBe(false)
      expect(decodeCertificate(withByte(encoded, 0, value)).ok).toBe(false)
      expect(decodeCertificate(withByte(encoded, 1, value)).ok).toBe(false)
    }
    for (const role of [0, 4, 255]) expect(decodeCertificate(withByte(encoded, 2, role)).ok).toBe(false)
  })
})

describe('a record', () => {
  const [addMember, setRole, rotate] = RECORD_BODIES
  const isDecoded = (body: RecordBody) => decodeRecord(encodeRecord(signRecord(body, 1))).ok

  test('is rejected at height 0, with an unknown operation or role', () => {
    if (addMember === undefined || setRole === undefined) throw new Error('there are four')
    expect(decodeRecord(encodeRecord(signRecord(addMember, 0))).ok).toBe(false)
    const bytes = encodeRecord(signRecord(setRole, 1))
    for (const op of [0, 1, 3, 4, 5, 255]) expect(decodeRecord(withByte(bytes, 7, op)).ok).toBe(false)
    for (const role of [0, 4, 255]) expect(decodeRecord(withByte(bytes, 112 + 32, role)).ok).toBe(false)
  })

  test('lists removed devices and cut-offs in strictly ascending order', () => {
    if (rotate?.op !== 'rotate') throw new Error('the third rotates')
    const cut = (author: number, session: number) => ({
      author: counting(author, 32),
      session: counting(session, 8),
      seq: 1,
      head: counting(1, 32),
    })
    expect(isDecoded({ ...rotate, removed: [counting(1, 32), counting(2, 32)] })).toBe(true)
    expect(isDecoded({ ...rotate, removed: [counting(2, 32), counting(1, 32)] })).toBe(false)
    expect(isDecoded({ ...rotate, removed: [counting(2, 32), counting(2, 32)] })).toBe(false)
    expect(isDecoded({ ...rotate, cutOffs: [cut(1, 1), cut(1, 2), cut(2, 1)] })).toBe(true)
    expect(isDecoded({ ...rotate, cutOffs: [cut(1, 2), cut(1, 1)] })).toBe(false)
    expect(isDecoded({ ...rotate, cutOffs: [cut(1, 1), cut(1, 1)] })).toBe(false)
  })

  test('wraps a previous key of 72 bytes or none', () => {
    if (rotate?.op !== 'rotate') throw new Error('the third rotates')
    for (const length of [0, 72])
      expect(isDecoded({ ...rotate, previousKey: counting(0, length) })).toBe(true)
    for (const length of [1, 71, 73])
      expect(isDecoded({ ...rotate, previousKey: counting(0, length) })).toBe(false)
  })

  test('ends where its body length says', () => {
    if (setRole === undefined) throw new Error('there are four')
    const bytes = encodeRecord(signRecord(setRole, 1))
    for (const length of [0, 32, 34, 97, 2 ** 32 - 1])
      expect(decodeRecord(withU32(bytes, 108, length)).ok).toBe(false)
    const longer = concat(withU32(bytes.subarray(0, -64), 108, 34), Uint8Array.of(0), bytes.subarray(-64))
    expect(decodeRecord(longer).ok).toBe(false)
  })
})

describe('a varint', () => {
  const read = (...bytes: number[]) => {
    const reader = createReader(Uint8Array.from(bytes))
    const value = reader.varint()
    return reader.finished() ? value : undefined
  }

  test('has its shortest form', () => {
    expect([read(0), read(127), read(128, 1)]).toEqual([0, 127, 128])
    expect([read(128, 0), read(129, 0), read(255, 128, 0), read(128)]).toEqual(Array(4).fill(undefined))
  })

  test('is at most 2⁵³ − 1', () => {
    expect(read(255, 255, 255, 255, 255, 255, 255, 15)).toBe(Number.MAX_SAFE_INTEGER)
    expect(read(128, 128, 128, 128, 128, 128, 128, 16)).toBeUndefined()
    expect(read(255, 255, 255, 255, 255, 255, 255, 255, 1)).toBeUndefined()
  })

  test('is never as long as a number can be scaled to infinity', () => {
    for (const length of [8, 9, 10, 146, 147, 148, 200, 5000]) {
      expect(read(...Array<number>(length).fill(128), 1)).toBeUndefined()
    }
    const ping = concat(Uint8Array.of(7), new Uint8Array(200).fill(128), Uint8Array.of(1))
    expect(decodeToRelay(ping, () => undefined).ok).toBe(false)
  })
})

describe('text forms', () => {
  test('of base64url have one spelling', () => {
    expect(fromBase64url('AA')).toEqual(Uint8Array.of(0))
    for (const text of ['A', 'AB', 'AA=', 'AA==', 'A+', 'A/', 'A A', 'AAA', 'AAB', 'é']) {
      if (text !== 'AAA') expect(fromBase64url(text)).toBeUndefined()
    }
  })

  test('of hex are lower case and whole bytes', () => {
    expect(fromHex('00ff')).toEqual(Uint8Array.of(0, 255))
    for (const text of ['0', 'FF', '0x', 'zz', ' 00', '00\n']) expect(fromHex(text)).toBeUndefined()
  })
})

describe('frames', () => {
  const channelOf = (channel: number) => (channel === 1 ? keys.docId : undefined)

  test('are rejected with an unknown type, a trailing byte, or a channel that is not open', () => {
    for (const code of [0, 8, 64, 128, 138, 255]) {
      expect(decodeToRelay(Uint8Array.of(code, 0), channelOf).ok).toBe(false)
      expect(decodeToClient(Uint8Array.of(code, 0), channelOf).ok).toBe(false)
    }
    const pong = encodeToClient({ type: 'pong', token: 3 })
    expect(decodeToClient(pong, channelOf).ok).toBe(true)
    expect(decodeToClient(concat(pong, Uint8Array.of(0)), channelOf).ok).toBe(false)
    expect(decodeToRelay(Uint8Array.of(3, 1, 0), channelOf).ok).toBe(true)
    expect(decodeToRelay(Uint8Array.of(3, 2, 0), channelOf).ok).toBe(false)
  })

  test('are rejected with reserved flags or positions that run backwards', () => {
    const deliver = (after: number, through: number) =>
      encodeToClient({
        ...{ type: 'deliver', channel: 1, load: 'none', piece: 0, caughtUp: false, items: [] },
        ...{ after, through, digest: counting(0, 16) },
      })
    expect(decodeToClient(deliver(3, 3), channelOf).ok).toBe(true)
    expect(decodeToClient(deliver(3, 2), channelOf).ok).toBe(false)
    // Only a load has pieces.
    expect(decodeToClient(withByte(deliver(3, 3), 3, 1), channelOf).ok).toBe(false)
    for (const flags of [3, 7, 8, 128]) {
      expect(decodeToClient(withByte(deliver(3, 3), 2, flags), channelOf).ok).toBe(false)
    }
    const opened = encodeToClient({
      ...{ type: 'opened', docId: keys.docId, attempt: 1, channel: 1, connection: 1, logId: counting(0, 16) },
      ...{ complete: true, isNew: true },
    })
    expect(decodeToClient(opened, channelOf).ok).toBe(true)
    expect(decodeToClient(withByte(opened, opened.length - 1, 4), channelOf).ok).toBe(false)
  })

  test('are rejected with envelopes of another document', () => {
    const elsewhere = () => counting(9, 32)
    const item = (writeable: Parameters<typeof writeItems>[1]) => {
      const writer = createWriter().u8(3).varint(1)
      writeItems(writer, writeable)
      return writer.done()
    }
    const [record] = sampleRecords()
    if (record === undefined) throw new Error('there are four')
    expect(decodeToRelay(item([{ type: 'snapshot', snapshot }]), channelOf).ok).toBe(true)
    expect(decodeToRelay(item([{ type: 'snapshot', snapshot }]), elsewhere).ok).toBe(false)
    expect(decodeToRelay(item([{ type: 'record', record }]), () => record.docId).ok).toBe(true)
    expect(decodeToRelay(item([{ type: 'record', record }]), channelOf).ok).toBe(false)
    const fromElsewhere = sampleVault().sealEphemeral(false, counting(0, 4))
    const frame = concat(Uint8Array.of(4, 1), encodeSigned(fromElsewhere))
    expect(decodeToRelay(frame, channelOf).ok).toBe(true)
    expect(decodeToRelay(frame, elsewhere).ok).toBe(false)
  })

  test('carry text that is UTF-8', () => {
    const hello = (...bytes: number[]) =>
      decodeToRelay(Uint8Array.of(1, 1, 1, bytes.length, ...bytes), channelOf)
    expect(hello(0xef, 0xbb, 0xbf, 0x61)).toMatchObject({ ok: true, value: { token: '\ufeffa' } })
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]])
      expect(hello(...bytes).ok).toBe(false)
  })
})

describe('a segment', () => {
  const segment = (change: (bytes: Uint8Array) => Uint8Array): boolean => {
    const writer = createWriter()
    writeItems(writer, [{ type: 'updates', updates: [padded], signatures: 'every' }])
    const reader = createReader(change(writer.done()))
    readItems(reader, keys.docId)
    return reader.finished()
  }
  // items 1 ‖ type 1 ‖ flags 1 ‖ author 32 ‖ session 8 ‖ key id 16 ‖ log height 1 ‖ base 32 ‖ seq 1 ‖ prev 32 ‖ count 1
  const [flagsAt, baseAt, countAt] = [2, 60, 125]

  test('is rejected with reserved flags, or with a base that is none', () => {
    expect(segment((bytes) => bytes)).toBe(true)
    // 2: the last is signed, which of a single one is already said by 3.
    for (const flags of [2, 4, 7, 8, 255])
      expect(segment((bytes) => withByte(bytes, flagsAt, flags))).toBe(false)
    expect(segment((bytes) => withByte(bytes, countAt + 1, 2))).toBe(false)
    const withoutBase = (bytes: Uint8Array) => bytes.fill(0, baseAt, baseAt + 32)
    expect(segment(withoutBase)).toBe(false)
  })

  test('is rejected with no updates, fewer or more than it says', () => {
    for (const count of [0, 2, 127]) expect(segment((bytes) => withByte(bytes, countAt, count))).toBe(false)
  })
})

describe('what is inside a seal', () => {
  test('has exactly its length without padding, and zeros behind it with padding', () => {
    const bytes = encodeUpdateInner(UPDATE_INNER, false)
    expect(decodeUpdateInner(concat(bytes, Uint8Array.of(0)), false).ok).toBe(false)
    expect(decodeUpdateInner(concat(bytes, new Uint8Array(9)), true).ok).toBe(true)
    expect(decodeUpdateInner(concat(bytes, Uint8Array.of(0, 0, 1, 0)), true).ok).toBe(false)
    expect(decodeUpdateInner(bytes.subarray(0, -1), true).ok).toBe(false)
  })

  test('has a digest of 0 or 32 bytes', () => {
    const inner = (length: number) =>
      concat(new Uint8Array(5), Uint8Array.of(length), counting(1, length), new Uint8Array(4))
    for (const length of [0, 32]) expect(decodeSnapshotInner(inner(length), false).ok).toBe(true)
    for (const length of [1, 31, 33]) expect(decodeSnapshotInner(inner(length), false).ok).toBe(false)
  })

  test('says in one bit beside the number of echoes whether it is a broadcast', () => {
    const [shown, event] = [EPHEMERAL_INNER, { ...EPHEMERAL_INNER, broadcast: true }]
    const bytes = encodeEphemeralInner(shown, false)
    expect(encodeEphemeralInner(event, false)).toEqual(withByte(bytes, 24, 128 + shown.echoes.length))
    for (const inner of [shown, event]) {
      expect(decodeEphemeralInner(encodeEphemeralInner(inner, false), false)).toEqual({
        ok: true,
        value: inner,
      })
    }
  })

  test('is padded to lengths that tell little and cost at most 12 %', () => {
    for (let length = 0; length < 5000; length++) {
      const whole = padmeLength(length)
      expect(whole).toBeGreaterThanOrEqual(length)
      expect(whole).toBeLessThanOrEqual(Math.ceil(length * 1.12))
      expect(padmeLength(whole)).toBe(whole)
    }
    // Examples of the paper's definition: E = ⌊log₂ L⌋, S = ⌊log₂ E⌋ + 1, the last E − S bits are zero.
    expect([9, 17, 100, 1000, 123_456].map(padmeLength)).toEqual([10, 18, 104, 1024, 124_928])
  })
})

describe('lengths that promise more than there is', () => {
  const bombs: readonly Case[] = [
    ...kinds.map(([name, bytes, decode]): Case => {
      const at = { update: 196, snapshot: 130, ephemeral: 112, heads: 124, chunk: 112 }[name] ?? 0
      return [name, withU32(bytes, at, 2 ** 32 - 1), decode]
    }),
    ['cover', withU32(encodeSnapshot(snapshot), 124, 2 ** 32 - 1), decodeSnapshot],
    ['chunk list', withByte(encodeSnapshot(snapshot), 128, 255), decodeSnapshot],
    ['parents', withByte(encodeSnapshot(snapshot), 6, 255), decodeSnapshot],
    ['deps', withByte(encodeUpdate(update), 6, 255), decodeUpdate],
    [
      'record body',
      withU32(
        encodeRecord(signRecord({ op: 'set-role', device: counting(3, 32), role: 'reader' }, 1)),
        108,
        2 ** 32 - 1,
      ),
      decodeRecord,
    ],
    [
      'snapshot claims',
      concat(Uint8Array.of(1), new Uint8Array(4).fill(255)),
      (bytes) => decodeSnapshotInner(bytes, true),
    ],
    [
      'heads',
      concat(new Uint8Array(40), new Uint8Array(4).fill(255)),
      (bytes) => decodeHeadsInner(bytes, true),
    ],
    ['echoes', concat(new Uint8Array(24), Uint8Array.of(255)), (bytes) => decodeEphemeralInner(bytes, true)],
    [
      'payload',
      concat(Uint8Array.of(1, 0), new Uint8Array(4).fill(255)),
      (bytes) => decodeUpdateInner(bytes, true),
    ],
    ['items', Uint8Array.of(3, 1, 255, 255, 3), (bytes) => decodeToRelay(bytes, () => keys.docId)],
    ['fetch', Uint8Array.of(5, 1, 255, 255, 255, 255, 15), (bytes) => decodeToRelay(bytes, () => keys.docId)],
    [
      'token',
      Uint8Array.of(1, 1, 1, 255, 255, 255, 255, 255, 255, 255, 15),
      (bytes) => decodeToRelay(bytes, () => keys.docId),
    ],
    [
      'ended sessions',
      concat(
        Uint8Array.of(131, 1, 0, 0, 0),
        new Uint8Array(16),
        Uint8Array.of(1, 6),
        new Uint8Array(32),
        Uint8Array.of(1, 0, 255, 255, 255, 255, 255, 255, 255, 15),
      ),
      (bytes) => decodeToClient(bytes, () => keys.docId),
    ],
    [
      'segment',
      concat(
        Uint8Array.of(3, 1, 1, 2, 1),
        new Uint8Array(58),
        new Uint8Array(32),
        Uint8Array.of(255, 255, 3),
      ),
      (bytes) => decodeToRelay(bytes, () => keys.docId),
    ],
  ]

  test.each(bombs)('are rejected without allocating it: %s', (_, bytes, decode) => {
    expect(decode(bytes).ok).toBe(false)
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    for (let i = 0; i < 100; i++) decode(bytes)
    const after = process.memoryUsage()
    expect(after.arrayBuffers - arrayBuffers + (after.heapUsed - heapUsed)).toBeLessThan(16 * 1024 * 1024)
  })
})
