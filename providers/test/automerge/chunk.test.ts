import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import * as A from '@automerge/automerge'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Chunk, readChunks } from '../../src/automerge/chunk.ts'
import { concat, createReader, createWriter, fromHex } from '../../src/bytes.ts'
import type { Result } from '../../src/result.ts'
import { documentFrom, edits, typedNote } from './documents.ts'

const MIB = 1024 * 1024

const unwrap = <T>(result: Result<T>): T => {
  if (result.ok) return result.value
  throw new Error(result.error)
}

const headsOf = (chunk: Chunk | undefined) => (chunk?.type === 'document' ? chunk.heads : undefined)

/** The same change as Automerge 2 wrote it when it was long. */
const deflated = (change: Uint8Array): Uint8Array => {
  const reader = createReader(change)
  const unhashed = reader.bytes(8)
  reader.u8()
  const body = deflateRawSync(reader.blob(change.length))
  return createWriter().bytes(unhashed).u8(2).blob(body).done()
}

const longNote = A.change(documentFrom([]), { time: 2 }, (note) => {
  A.splice(note, ['text'], 0, 0, 'to be or not to be '.repeat(200))
})
const longChange = A.getLastLocalChange(longNote) ?? new Uint8Array()

/** A change, the same deflated, a document and a bundle. */
const samples = {
  change: concat(...A.getAllChanges(typedNote(2))),
  deflated: deflated(longChange),
  document: A.save(typedNote(5)),
  bundle: A.saveBundle(
    typedNote(5),
    A.getAllChanges(typedNote(5)).map((change) => A.decodeChange(change).hash),
  ),
}

test('hash, deps, actor and seq of every change are those that Automerge gives', () => {
  fc.assert(
    fc.property(edits, (made) => {
      const changes = A.getAllChanges(documentFrom(made))
      const expected = changes.map((bytes) => {
        const { hash, deps, actor, seq } = A.decodeChange(bytes)
        return { type: 'change', hash, deps, actor, seq, bytes }
      })
      expect(readChunks(concat(...changes))).toEqual({ ok: true, value: expected })
    }),
    { numRuns: 60 },
  )
})

test('a saved document has the heads that Automerge gives', () => {
  fc.assert(
    fc.property(edits, (made) => {
      const doc = documentFrom(made)
      const bytes = A.save(doc)
      const value = [{ type: 'document', heads: [...A.getHeads(doc)].sort(), bytes }]
      expect(readChunks(bytes)).toEqual({ ok: true, value })
    }),
    { numRuns: 60 },
  )
})

test('a save with orphans is a document and the changes that wait for others', () => {
  const full = typedNote(6)
  const [first, second, third, ...orphans] = A.getAllChanges(full)
  if (!first || !second || !third) throw new Error('too short')
  const [partial] = A.applyChanges(A.init(), [first, second, ...orphans])
  const chunks = unwrap(readChunks(A.save(partial)))
  expect(chunks[0]?.type).toBe('document')
  expect(headsOf(chunks[0])).toEqual([A.decodeChange(second).hash])
  expect(
    chunks
      .slice(1)
      .map((chunk) => chunk.type === 'change' && chunk.hash)
      .sort(),
  ).toEqual(orphans.map((change) => A.decodeChange(change).hash).sort())
})

describe('a deflated change', () => {
  test('has the hash of what it inflates to, and keeps its bytes', () => {
    const bytes = deflated(longChange)
    expect(bytes.length).toBeLessThan(longChange.length)
    const [plain] = unwrap(readChunks(longChange))
    expect(unwrap(readChunks(bytes))).toEqual([{ ...plain, bytes }])
    expect(plain).toMatchObject({ type: 'change', hash: A.decodeChange(longChange).hash })
  })

  test('is what Automerge reads too, though from version 3 on it writes none', () => {
    const bytes = deflated(longChange)
    const [doc] = A.applyChanges(documentFrom([]), [bytes])
    expect(A.getHeads(doc)).toEqual([A.decodeChange(longChange).hash])
    expect(A.getAllChanges(doc).at(-1)).toEqual(longChange)
  })

  test('of any length inflates in full', () => {
    for (const length of [1, 4000, 70_000, 5 * MIB]) {
      const noise = Array.from({ length: Math.min(length, 65_536) }, (_, i) => ((i * i * 31) % 89) + 33)
      const text = String.fromCharCode(...noise).repeat(Math.ceil(length / 65_536))
      const doc = A.change(documentFrom([]), { time: 2, message: text }, (note) => {
        note.text = 'long'
      })
      const change = A.getLastLocalChange(doc) ?? new Uint8Array()
      expect(unwrap(readChunks(deflated(change)))).toMatchObject([{ hash: A.getHeads(doc)[0] }])
    }
  })

  test('that is a bomb is stopped', () => {
    const bomb = deflateRawSync(new Uint8Array(256 * MIB), { level: 9 })
    const chunk = createWriter().u32(0x856f4a83).u32(0).u8(2).blob(bomb).done()
    const before = process.memoryUsage().arrayBuffers
    expect(readChunks(chunk)).toEqual({ ok: false, error: 'chunk: does not inflate' })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(160 * MIB)
  })
})

test('a bundle, and a kind that nobody knows yet, are other chunks', () => {
  expect(unwrap(readChunks(samples.bundle))).toEqual([{ type: 'other', bytes: samples.bundle }])
  // SHA-256 of 09 00 begins with a2 c4 ae d1.
  const future = fromHex('856f4a83a2c4aed10900') ?? new Uint8Array()
  expect(unwrap(readChunks(future))).toEqual([{ type: 'other', bytes: future }])
})

test('no bytes are no chunks', () => {
  expect(readChunks(new Uint8Array())).toEqual({ ok: true, value: [] })
})

test('chunks are read from the middle of a larger buffer, without a copy', () => {
  const buffer = concat(new Uint8Array(7), samples.change, new Uint8Array(9))
  const [first, second] = unwrap(readChunks(buffer.subarray(7, 7 + samples.change.length)))
  expect(first?.bytes.buffer).toBe(buffer.buffer)
  expect(first?.bytes.byteOffset).toBe(7)
  expect(second?.bytes.byteOffset).toBe(7 + (first?.bytes.length ?? 0))
})

test('the bytes of a change and of a document', () => {
  const hash = 'd3b1a65e070697d0f1e9fbc4aa3c34775c22e8e641431a638c4cd5d131e5008a'
  const dep = 'abe77f0937153f28bc8744156535a9ba8b21b6d7b863f2d0b5958d78edd06902'
  const ops = '02020200000815033401420256025701700271027302' + '7f016b017f017f14027f017f007f01'
  const columns =
    '0701020302130223024003430256020a150321022302340142025602570280010381010283010202000201020102017e' +
    '00017f00020702016b02000201020201021401027e01007f007f0201'
  const change = fromHex(`856f4a83d3b1a65e014801${dep}01aa${ops}`) ?? new Uint8Array()
  const document = fromHex(`856f4a8347aad22c00700101aa01${hash}${columns}`) ?? new Uint8Array()
  expect(unwrap(readChunks(change))).toEqual([
    { type: 'change', hash, deps: [dep], actor: 'aa', seq: 2, bytes: change },
  ])
  expect(unwrap(readChunks(document))).toEqual([{ type: 'document', heads: [hash], bytes: document }])
})

describe('broken bytes give an error and never an exception:', () => {
  test.each(Object.entries(samples))('every flipped bit of a %s', (name, bytes) => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const result = readChunks(flipped)
      // The last bits of a deflated stream are padding: what it inflates to does not change.
      if (name !== 'deflated') expect(result.ok).toBe(false)
      else if (result.ok) expect(result.value).toMatchObject([{ hash: A.decodeChange(longChange).hash }])
    }
  })

  test.each(Object.entries(samples))('every cut of a %s', (_, bytes) => {
    const whole = unwrap(readChunks(bytes))
    const ends = whole.map((_chunk, i) =>
      whole.slice(0, i).reduce((sum, chunk) => sum + chunk.bytes.length, 0),
    )
    for (let length = 0; length < bytes.length; length++) {
      expect(readChunks(bytes.subarray(0, length)).ok).toBe(ends.includes(length))
    }
  })

  test.each(Object.entries(samples))('anything behind a %s', (_, bytes) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (more) => {
        expect(readChunks(concat(bytes, more)).ok).toBe(false)
      }),
    )
  })

  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => !readChunks(bytes).ok))
  })

  test('random bodies under a right checksum', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.uint8Array({ maxLength: 120 }), (kind, body) => {
        const hashed = createWriter().u8(kind).blob(body).done()
        const digest = createHash('sha256').update(hashed).digest()
        const header = createWriter().u32(0x856f4a83).bytes(digest.subarray(0, 4)).done()
        const result = readChunks(concat(header, hashed))
        if (kind === 3) expect(result.ok).toBe(true)
        else if (!result.ok)
          expect(result.error).toMatch(/^chunk: (malformed|does not inflate|wrong checksum)$/)
      }),
      { numRuns: 500 },
    )
  })

  test('a length that no number holds', () => {
    const header = fromHex('856f4a830000000001') ?? new Uint8Array()
    for (const length of ['ffffffffffffffffff01', 'ffffffffffffff0f', '8000', '80']) {
      const bytes = concat(header, fromHex(length) ?? new Uint8Array())
      expect(readChunks(bytes)).toEqual({ ok: false, error: 'chunk: cut off' })
    }
  })
})
