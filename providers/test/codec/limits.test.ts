import { describe, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import {
  assembleChunk,
  assembleEphemeral,
  assembleHeads,
  assembleSnapshot,
  assembleUpdate,
  type CoverEntry,
  chunkHeader,
  concat,
  createReader,
  createWriter,
  decodeChunk,
  decodeEphemeral,
  decodeHeads,
  decodeRecord,
  decodeSnapshot,
  decodeToClient,
  decodeToRelay,
  decodeUpdate,
  encodeChunk,
  encodeRecord,
  encodeSigned,
  encodeSnapshot,
  encodeToClient,
  encodeToRelay,
  encodeUpdate,
  ephemeralHeader,
  headsHeader,
  type Item,
  LIMITS,
  NO_ID,
  type RecordBody,
  readItems,
  readSegment,
  runsOf,
  snapshotHeader,
  type Update,
  type UpdateHeader,
  updateHeader,
  writeSegment,
} from '../../src/protocol/index.ts'
import {
  decodeEphemeralInner,
  decodeUpdateInner,
  encodeEphemeralInner,
  encodeHeadsInner,
  encodeUpdateInner,
  MAX_ECHOES,
  MAX_EPHEMERAL_PAYLOAD,
  MAX_INFLATED,
} from '../../src/sync/content.ts'
import { counting, createSamples, EPHEMERAL_INNER, SESSION, signRecord } from '../vectors/samples.ts'

await cryptoReady

const { keys, snapshot, updates } = createSamples()
const [update] = updates
const commitment = counting(0, 32)
const signature = counting(0, 64)

const common = {
  docId: keys.docId,
  keyId: counting(1, 16),
  author: counting(2, 32),
  nonce: counting(3, 24),
  padded: false,
}
const named = { ...common, session: SESSION, logHeight: 0 }

const sealed = (header: Uint8Array, length: number) => ({
  header,
  commitment,
  ciphertext: new Uint8Array(length),
})

const updateOf = (fields: Partial<UpdateHeader>, length: number): Update => {
  const whole = { ...named, seq: 0, prev: NO_ID, base: NO_ID, deps: [], ...fields }
  return assembleUpdate(whole, sealed(updateHeader(whole, length), length), signature)
}

const snapshotOf = (fields: Partial<typeof snapshot>, length: number) => {
  const whole = { ...named, parents: [], cover: [], chunks: [], ...fields }
  return assembleSnapshot(whole, sealed(snapshotHeader(whole, length), length), signature)
}

const idOf = (i: number): Uint8Array => concat(createWriter(4).u32(i).done(), new Uint8Array(28))
const ids = (count: number): readonly Uint8Array[] => Array.from({ length: count }, (_, i) => idOf(i))

const coverOf = (count: number): readonly CoverEntry[] =>
  ids(count).map((author) => ({ author, session: SESSION, seq: 1, head: author, ended: false }))

/** Whether n is taken and n + 1 is not. */
const stopsAt = (limit: number, isTaken: (n: number) => boolean): void => {
  expect([isTaken(limit), isTaken(limit + 1)]).toEqual([true, false])
}

describe('ciphertext', () => {
  const isTaken = {
    update: (length: number) => decodeUpdate(encodeUpdate(updateOf({}, length))).ok,
    snapshot: (length: number) => decodeSnapshot(encodeSnapshot(snapshotOf({}, length))).ok,
    ephemeral: (length: number) =>
      decodeEphemeral(
        encodeSigned(assembleEphemeral(common, sealed(ephemeralHeader(common, length), length), signature)),
      ).ok,
    heads: (length: number) =>
      decodeHeads(encodeSigned(assembleHeads(named, sealed(headsHeader(named, length), length), signature)))
        .ok,
    chunk: (length: number) => {
      const fields = { ...common, index: 0 }
      return decodeChunk(encodeChunk(assembleChunk(fields, sealed(chunkHeader(fields, length), length)))).ok
    },
  }

  test.each([
    ['update', LIMITS.updateBytes],
    ['snapshot', LIMITS.snapshotBytes],
    ['ephemeral', LIMITS.ephemeralBytes],
    ['heads', LIMITS.headsBytes],
    ['chunk', LIMITS.chunkBytes],
  ] as const)('of a %s has at most %d bytes and at least its tag', (kind, limit) => {
    stopsAt(limit, isTaken[kind])
    expect([isTaken[kind](16), isTaken[kind](15)]).toEqual([true, false])
  })

  test('of an update stops at the same size in a segment', () => {
    stopsAt(LIMITS.updateBytes, (length) => {
      const writer = createWriter()
      writeSegment(writer, [updateOf({}, length)], 'every')
      const reader = createReader(writer.done())
      readSegment(reader, keys.docId)
      return reader.finished()
    })
  })
})

describe('lists in a header', () => {
  test('stop at their limits', () => {
    stopsAt(LIMITS.deps, (n) => decodeUpdate(encodeUpdate(updateOf({ deps: ids(n) }, 20))).ok)
    stopsAt(LIMITS.parents, (n) => decodeSnapshot(encodeSnapshot(snapshotOf({ parents: ids(n) }, 20))).ok)
    stopsAt(
      LIMITS.openSessions,
      (n) => decodeSnapshot(encodeSnapshot(snapshotOf({ cover: coverOf(n) }, 20))).ok,
    )
    stopsAt(LIMITS.chunks, (n) => decodeSnapshot(encodeSnapshot(snapshotOf({ chunks: ids(n) }, 20))).ok)
    stopsAt(LIMITS.chunks - 1, (index) => {
      const fields = { ...common, index }
      return decodeChunk(encodeChunk(assembleChunk(fields, sealed(chunkHeader(fields, 20), 20)))).ok
    })
  })

  test('of an update stop at the same limit in a segment', () => {
    stopsAt(LIMITS.deps, (n) => {
      const writer = createWriter()
      writeSegment(writer, [updateOf({ deps: ids(n) }, 20)], 'every')
      const reader = createReader(writer.done())
      readSegment(reader, keys.docId)
      return reader.finished()
    })
  })
})

describe('positions', () => {
  const isUpdateTaken = (seq: number) => decodeUpdate(encodeUpdate(updateOf({ seq }, 20))).ok
  const isSegmentTaken = (seq: number, count: number) => {
    const writer = createWriter()
    const run = Array.from({ length: count }, () => updateOf({ seq }, 20))
    writeSegment(writer, run, 'every')
    const reader = createReader(writer.done())
    const last = readSegment(reader, keys.docId).at(-1)
    return reader.finished() && last?.seq === seq + count - 1
  }

  test('reach 2⁵³ − 1, alone and in a segment', () => {
    stopsAt(Number.MAX_SAFE_INTEGER, isUpdateTaken)
    expect(isSegmentTaken(Number.MAX_SAFE_INTEGER, 1)).toBe(true)
    expect(isSegmentTaken(Number.MAX_SAFE_INTEGER - 1, 2)).toBe(true)
    expect(isSegmentTaken(Number.MAX_SAFE_INTEGER, 2)).toBe(false)
  })

  test('of the membership log reach 2³² − 1 in a segment as in a header', () => {
    const isTaken = (logHeight: number) => {
      const writer = createWriter()
      writeSegment(writer, [updateOf({ logHeight }, 20)], 'every')
      const reader = createReader(writer.done())
      readSegment(reader, keys.docId)
      return reader.finished()
    }
    stopsAt(2 ** 32 - 1, isTaken)
  })
})

describe('a record', () => {
  test('has a body of at most 1 MiB', () => {
    const cutOffs = ids(13_104).map((author) => ({ author, session: SESSION, seq: 0, head: author }))
    const rotate = (removed: number, previous: number): RecordBody => ({
      ...{
        op: 'rotate',
        keyId: counting(0, 16),
        keyCommitment: counting(0, 32),
        lockboxSet: counting(0, 32),
      },
      ...{ removed: ids(removed), cutOffs, previousKey: counting(0, previous) },
    })
    const largest = encodeRecord(signRecord(rotate(3, 72), 1))
    expect(largest.length).toBe(112 + LIMITS.recordBytes + 64)
    expect(decodeRecord(largest).ok).toBe(true)
    // Any body one byte longer is malformed as well; the error shows that its size was looked at first.
    const longer = concat(largest, Uint8Array.of(0))
    longer.set(
      createWriter(4)
        .u32(LIMITS.recordBytes + 1)
        .done(),
      108,
    )
    expect(decodeRecord(longer)).toEqual({ ok: false, error: 'record: size' })
    expect(decodeRecord(encodeRecord(signRecord(rotate(4, 72), 1))).ok).toBe(false)
  })
})

describe('frames', () => {
  const docIdOf = () => keys.docId
  const isPushTaken = (items: readonly Item[]) =>
    decodeToRelay(encodeToRelay({ type: 'push', channel: 1, items }), docIdOf).ok

  test('stop at the limits of their lists and texts', () => {
    stopsAt(LIMITS.items, (n) => isPushTaken(Array<Item>(n).fill({ type: 'ack', id: NO_ID })))
    stopsAt(
      LIMITS.fetch,
      (n) => decodeToRelay(encodeToRelay({ type: 'fetch', channel: 1, ids: ids(n) }), docIdOf).ok,
    )
    stopsAt(LIMITS.fetch, (n) => {
      const found = encodeToClient({ type: 'found', channel: 1, items: [], unknown: ids(n) })
      return decodeToClient(found, docIdOf).ok
    })
    stopsAt(LIMITS.tokenBytes, (n) => {
      const hello = encodeToRelay({ type: 'hello', minVersion: 1, maxVersion: 1, token: 'x'.repeat(n) })
      return decodeToRelay(hello, docIdOf).ok
    })
    stopsAt(LIMITS.reasonBytes, (n) => {
      const closed = encodeToClient({ type: 'closed', docId: keys.docId, code: 4400, reason: 'x'.repeat(n) })
      return decodeToClient(closed, docIdOf).ok
    })
  })

  test('count the bytes of a text, not its letters', () => {
    const hello = (token: string) => encodeToRelay({ type: 'hello', minVersion: 1, maxVersion: 1, token })
    expect(decodeToRelay(hello('é'.repeat(LIMITS.tokenBytes / 2)), docIdOf).ok).toBe(true)
    expect(decodeToRelay(hello('é'.repeat(LIMITS.tokenBytes / 2 + 1)), docIdOf).ok).toBe(false)
  })

  test('have room for the largest snapshot', () => {
    const largest = snapshotOf(
      { parents: ids(LIMITS.parents), cover: coverOf(LIMITS.openSessions), chunks: ids(LIMITS.chunks) },
      LIMITS.snapshotBytes,
    )
    const frame = encodeToRelay({
      type: 'push',
      channel: 1,
      items: [{ type: 'snapshot', snapshot: largest }],
    })
    expect(frame.length).toBeLessThanOrEqual(LIMITS.frameBytes)
    expect(decodeToRelay(frame, docIdOf).ok).toBe(true)
  })

  test('have room for the largest snapshot and no more: a longer blob is refused by its length alone', () => {
    const reader = createReader(concat(Uint8Array.of(1, 3), createWriter().varint(LIMITS.frameBytes).done()))
    readItems(reader, keys.docId)
    expect(reader.sound()).toBe(false)
  })
})

describe('a segment', () => {
  test('has at most 65,535 updates', () => {
    const isTaken = (count: number) => {
      const writer = createWriter()
      writeSegment(writer, Array<Update>(count).fill(update), 'last')
      const reader = createReader(writer.done())
      const read = readSegment(reader, keys.docId)
      return reader.finished() && read.length === count
    }
    stopsAt(LIMITS.segment, isTaken)
  })

  test('is never filled beyond that by the packer', () => {
    const chain: Update[] = []
    for (let seq = 0; seq <= LIMITS.segment; seq++) {
      chain.push({ ...update, seq, prev: chain.at(-1)?.id ?? update.prev, id: idOf(seq) })
    }
    expect(runsOf(chain).map((run) => run.length)).toEqual([LIMITS.segment, 1])
  })
})

describe('what is inside a seal', () => {
  test('stops at its limits', () => {
    for (const broadcast of [false, true]) {
      const isTaken = (n: number) => {
        const inner = { ...EPHEMERAL_INNER, broadcast, echoes: ids(n).map((id) => id.subarray(0, 8)) }
        return decodeEphemeralInner(encodeEphemeralInner(inner, false), false).ok
      }
      stopsAt(MAX_ECHOES, isTaken)
      for (let n = MAX_ECHOES + 1; n < 128; n++) expect(isTaken(n)).toBe(false)
    }
    const inflates = (inflatedLength: number, payloadLength: number) => {
      const inner = { encoding: 1, inflatedLength, claims: [], payload: new Uint8Array(payloadLength) }
      return decodeUpdateInner(encodeUpdateInner(inner, false), false).ok
    }
    stopsAt(MAX_INFLATED, (n) => inflates(n, 100_000))
    stopsAt(1100, (n) => inflates(n, 1))
    stopsAt(0, (n) => inflates(n, 0))
    expect(inflates(2 ** 32 - 1, 4_000_000)).toBe(false)
  })

  test('of an ephemeral fits with every echo up to its payload limit, padded', () => {
    const echoes = ids(MAX_ECHOES).map((id) => id.subarray(0, 8))
    stopsAt(MAX_EPHEMERAL_PAYLOAD, (n) => {
      const inner = { ...EPHEMERAL_INNER, echoes, payload: new Uint8Array(n) }
      return encodeEphemeralInner(inner, true).length + 16 <= LIMITS.ephemeralBytes
    })
  })

  test('of a heads message about 4,096 sessions fits, padded', () => {
    const inner = encodeHeadsInner(
      {
        snapshot: NO_ID,
        logId: new Uint8Array(16),
        timeMs: 0,
        heads: ids(LIMITS.openSessions).map((id) => ({ author: id, session: SESSION, seq: 0, id })),
      },
      true,
    )
    expect(inner.length + 16).toBeLessThanOrEqual(LIMITS.headsBytes)
  })
})
