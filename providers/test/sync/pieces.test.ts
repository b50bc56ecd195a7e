import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import { type Chunk, LIMITS, type Snapshot, TAG_BYTES } from '../../src/protocol/index.ts'
import {
  type ChunkedInner,
  decodeChunkedInner,
  encodeChunkedInner,
  MAX_INFLATED,
  padmeLength,
} from '../../src/sync/content.ts'
import { createPieces, cutPayload, PIECE_BYTES, payloadOf } from '../../src/sync/pieces.ts'
import { counting, sampleVault } from '../vectors/samples.ts'

beforeAll(() => cryptoReady)

const PAYLOAD = counting(1, 250)
const front = (payloadLength: number): ChunkedInner => ({
  ...{ encoding: 1, inflatedLength: undefined, claims: [], digest: new Uint8Array(0) },
  payloadLength,
})

/** A snapshot whose chunks hold these pieces, at these places, and that says it holds `length` bytes. */
const made = (
  pieces: readonly Uint8Array[],
  {
    padded = false,
    length = PAYLOAD.length,
    places = pieces.map((_, i) => i),
  }: { readonly padded?: boolean; readonly length?: number; readonly places?: readonly number[] } = {},
) => {
  const vault = sampleVault()
  const chunks = pieces.map((piece, i) => vault.sealChunk({ index: places[i] ?? i, padded }, piece))
  const fields = { session: counting(1, 8), logHeight: 0, parents: [], cover: [], padded }
  const ids = chunks.map(({ id }) => id)
  const snapshot = vault.sealSnapshot({ ...fields, chunks: ids }, encodeChunkedInner(front(length), padded))
  return { vault, snapshot, chunks }
}

const gathered = (
  { vault, snapshot }: { readonly vault: ReturnType<typeof sampleVault>; readonly snapshot: Snapshot },
  chunks: readonly Chunk[],
  length = PAYLOAD.length,
) => {
  const pieces = createPieces(snapshot, length, vault)
  for (const chunk of chunks) pieces.add(chunk)
  return pieces
}

describe('a payload in chunks', () => {
  test('fills each chunk as far as it goes', () => {
    const pieces = cutPayload(new Uint8Array(2 * PIECE_BYTES + 1), false, PIECE_BYTES)
    expect(pieces.map(({ length }) => length)).toEqual([PIECE_BYTES, PIECE_BYTES, 1])
    expect(PIECE_BYTES + TAG_BYTES).toBe(LIMITS.chunkBytes)
    expect(made(pieces.slice(0, 1)).chunks[0]?.ciphertext.length).toBe(LIMITS.chunkBytes)
  })

  for (const padded of [false, true]) {
    test(`comes out as it went in, in any order, ${padded ? 'padded' : 'not padded'}`, () => {
      const all = made(cutPayload(PAYLOAD, padded, 60), { padded })
      const size = all.chunks.reduce((sum, { ciphertext }) => sum + ciphertext.length - TAG_BYTES, 0)
      expect(size).toBe(padded ? padmeLength(250) : 250)
      const pieces = gathered(all, [...all.chunks].reverse())
      expect(pieces.whole()?.payload).toEqual(PAYLOAD)
      expect(pieces.whole()?.chunks).toEqual(all.chunks)
      expect([pieces.done(), pieces.total, pieces.missing()]).toEqual([250, 250, []])
      expect(payloadOf(all, all.vault)).toEqual(PAYLOAD)
    })
  }

  test('is not there while one is missing; none counts twice, and no other one counts', () => {
    const all = made(cutPayload(PAYLOAD, false, 100))
    const pieces = gathered(all, all.chunks.slice(1))
    expect(pieces.missing()).toEqual([all.snapshot.chunks[0]])
    expect(all.chunks.slice(1).map((chunk) => pieces.add(chunk))).toEqual([false, false])
    expect(made([PAYLOAD]).chunks.map((chunk) => pieces.add(chunk))).toEqual([false])
    expect([pieces.done(), pieces.whole(), pieces.problem()]).toEqual([150, undefined, undefined])
    expect(payloadOf({ snapshot: all.snapshot, chunks: all.chunks.slice(1) }, all.vault)).toBeUndefined()
  })

  const damages = {
    'holds one byte less than the snapshot says': () => made([PAYLOAD.slice(1)]),
    'holds one byte more than the snapshot says': () => made([PAYLOAD, Uint8Array.of(0)]),
    'is filled beyond its Padmé length': () => made([PAYLOAD, new Uint8Array(7)], { padded: true }),
    'is filled with something': () => made([PAYLOAD, counting(1, 6)], { padded: true }),
    'has a chunk in the place of another': () =>
      made([PAYLOAD.slice(0, 100), PAYLOAD.slice(100)], { places: [1, 0] }),
  }
  test.each(Object.entries(damages))('is unreadable when it %s', (_, make) => {
    const all = make()
    const pieces = gathered(all, all.chunks)
    expect(pieces.problem()).toBeDefined()
    expect(pieces.whole()).toBeUndefined()
  })

  test('is unreadable when a chunk does not open, or is listed twice', () => {
    const all = made(cutPayload(PAYLOAD, false, 100))
    const [first, ...others] = all.chunks
    if (first === undefined) throw new Error('no chunk')
    const spoilt = { ...first, commitment: counting(0, 32) }
    expect(gathered(all, [spoilt, ...others]).problem()).toContain('does not open')
    const twice = { ...all.snapshot, chunks: [first.id, first.id] }
    expect(gathered({ ...all, snapshot: twice }, []).problem()).toContain('twice')
  })
})

describe('what a snapshot says of a payload in chunks', () => {
  const decodes = (inner: ChunkedInner): boolean =>
    decodeChunkedInner(encodeChunkedInner(inner, false), false).ok

  test('has room for the largest payload, and not for one byte more', () => {
    expect(decodes(front(MAX_INFLATED))).toBe(true)
    expect(decodes(front(MAX_INFLATED + 1))).toBe(false)
  })

  test('may promise 1,100 times what it has, and no more', () => {
    expect(decodes({ ...front(1000), inflatedLength: 1_100_000 })).toBe(true)
    expect(decodes({ ...front(1000), inflatedLength: 1_100_001 })).toBe(false)
  })

  test('is all there is, but for its filling', () => {
    const bytes = encodeChunkedInner(front(9), false)
    expect(decodeChunkedInner(bytes, false)).toEqual({ ok: true, value: front(9) })
    for (let length = 0; length < bytes.length; length++)
      expect(decodeChunkedInner(bytes.subarray(0, length), false).ok).toBe(false)
    const filled = Uint8Array.from([...bytes, 0, 0])
    expect([decodeChunkedInner(filled, false).ok, decodeChunkedInner(filled, true).ok]).toEqual([false, true])
  })
})
