import * as A from '@automerge/automerge'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChunks } from '../../src/automerge/chunk.ts'
import { frontier } from '../../src/automerge/heads.ts'
import { decodeSyncMessage, encodeSyncMessage } from '../../src/automerge/sync-message.ts'
import { concat, fromHex, toHex } from '../../src/bytes.ts'
import { documentFrom, edits, typedNote } from './documents.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
const hashes = fc.uniqueArray(hash, { maxLength: 4 })
const partsOf = fc.record({
  heads: hashes,
  need: hashes,
  have: fc.array(hashes, { maxLength: 3 }),
  changes: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 3 }),
  asksWhole: fc.boolean(),
})

const sorted = (list: readonly string[]) => [...list].sort()

/** Messages that a real Automerge says: the first, and one with changes. */
const real = (doc: A.Doc<unknown>, parts: Parameters<typeof encodeSyncMessage>[0]) => {
  const [first, hello] = A.generateSyncMessage(doc, A.initSyncState())
  const [, state] = A.receiveSyncMessage(A.clone(doc), first, encodeSyncMessage(parts))
  const [, answer] = A.generateSyncMessage(doc, state)
  return [hello ?? new Uint8Array(), answer ?? new Uint8Array()]
}

test('what is written reads back, and Automerge reads the same', () => {
  fc.assert(
    fc.property(partsOf, (parts) => {
      const bytes = encodeSyncMessage(parts)
      const changes = parts.changes.length === 0 ? [] : [concat(...parts.changes)]
      const heads = sorted(parts.heads)
      const need = sorted(parts.need)
      const have = parts.have.map((lastSync) => ({ lastSync: sorted(lastSync), entries: 0 }))
      expect(decodeSyncMessage(bytes)).toEqual({
        ok: true,
        value: { heads, need, have, changes, version: 1 },
      })

      const theirs = A.decodeSyncMessage(bytes)
      expect(theirs.heads).toEqual(heads)
      expect(theirs.need).toEqual(need)
      expect(theirs.have.map(({ lastSync }) => lastSync)).toEqual(have.map(({ lastSync }) => lastSync))
      expect(theirs.changes).toEqual(changes)
    }),
  )
})

test('what Automerge writes is read as Automerge reads it', () => {
  fc.assert(
    fc.property(edits, fc.boolean(), (made, asksWhole) => {
      const doc = documentFrom(made)
      for (const bytes of real(doc, { heads: [], have: [[]], asksWhole })) {
        const theirs = A.decodeSyncMessage(bytes)
        const message = decodeSyncMessage(bytes)
        if (!message.ok) throw new Error(message.error)
        const { heads, need, have, changes, version } = message.value
        expect({ heads, need, changes }).toEqual({
          heads: theirs.heads,
          need: theirs.need,
          changes: theirs.changes,
        })
        expect(have.map(({ lastSync }) => lastSync)).toEqual(theirs.have.map(({ lastSync }) => lastSync))
        expect(have.map(({ entries }) => entries)).toEqual([A.getAllChanges(doc).length])
        expect(version).toBe(bytes[0] === 0x43 ? 2 : 1)
      }
    }),
    { numRuns: 40 },
  )
})

test('changes are views of the message, not copies', () => {
  const bytes = encodeSyncMessage({ heads: [], have: [], changes: [new Uint8Array(1000), new Uint8Array(7)] })
  const message = decodeSyncMessage(bytes)
  expect(message.ok && message.value.changes[0]?.buffer).toBe(bytes.buffer)
  expect(message.ok && message.value.changes[0]?.length).toBe(1007)
})

test('the bytes of a message', () => {
  const low = '00'.repeat(31)
  const bytes = encodeSyncMessage({
    heads: [`${low}02`, `${low}01`],
    have: [[`${low}01`], []],
    changes: [Uint8Array.of(1, 2), Uint8Array.of(3)],
    asksWhole: true,
  })
  const fields = ['42', `02${low}01${low}02`, '00', `0201${low}010000`, '00', '0103010203', '0102']
  expect(toHex(bytes)).toBe(fields.join(''))
  expect(toHex(encodeSyncMessage({ heads: [], have: [] }))).toBe('4200000000')
})

test('flags of later versions, and what may follow them, are passed over', () => {
  const plain = decodeSyncMessage(encodeSyncMessage({ heads: [], have: [[]] }))
  for (const tail of ['00', '0102', '020284', '03028401', '0201020000']) {
    const bytes = concat(encodeSyncMessage({ heads: [], have: [[]] }), fromHex(tail) ?? new Uint8Array())
    expect(decodeSyncMessage(bytes)).toEqual(plain)
  }
})

test('something that is not a change hash is refused at the door', () => {
  for (const head of ['', 'ab', 'AB'.repeat(32), 'zz'.repeat(32), 'ab'.repeat(33)]) {
    expect(() => encodeSyncMessage({ heads: [head], have: [] })).toThrow(TypeError)
  }
})

describe('broken bytes give an error and never an exception:', () => {
  const doc = typedNote(40)
  const samples = [
    ...real(doc, { heads: [], have: [[]] }),
    ...real(doc, { heads: [], have: [[]], asksWhole: true }),
  ]

  test('every flipped bit of real messages', () => {
    for (const bytes of samples) {
      for (let bit = 0; bit < Math.min(bytes.length, 400) * 8; bit++) {
        const flipped = bytes.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(typeof decodeSyncMessage(flipped).ok).toBe('boolean')
      }
    }
  })

  test('every cut of a message', () => {
    const whole = encodeSyncMessage({
      heads: A.getHeads(doc),
      have: [A.getHeads(doc)],
      changes: A.getAllChanges(doc),
      asksWhole: true,
    })
    for (let length = 0; length < whole.length; length++) {
      // Without its two bytes of flags it is whole again.
      expect(decodeSyncMessage(whole.subarray(0, length)).ok).toBe(length === whole.length - 2)
    }
  })

  test('random bytes, also behind a right first byte', () => {
    fc.assert(
      fc.property(fc.constantFrom(0x41, 0x42, 0x43), fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
        const result = decodeSyncMessage(concat(Uint8Array.of(type), bytes))
        if (type === 0x41) expect(result).toEqual({ ok: false, error: 'sync message: unknown type' })
        else if (!result.ok) expect(result.error).toBe('sync message: malformed')
      }),
      { numRuns: 1000 },
    )
    fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof decodeSyncMessage(bytes).ok === 'boolean'))
  })

  test('counts that no message holds cost nothing', () => {
    for (const prefix of ['42', '4200', '420000', '42000000']) {
      const bytes = fromHex(`${prefix}ffffffffffffff0f`) ?? new Uint8Array()
      expect(decodeSyncMessage(bytes)).toEqual({ ok: false, error: 'sync message: malformed' })
    }
  })
})

test('a document travels through our messages alone', () => {
  fc.assert(
    fc.property(edits, fc.boolean(), (made, asksWhole) => {
      const doc = documentFrom(made)
      const [, bytes = new Uint8Array()] = real(doc, { heads: [], have: [[]], asksWhole })
      const answer = decodeSyncMessage(bytes)
      const chunks = answer.ok ? readChunks(concat(...answer.value.changes)) : answer
      if (!chunks.ok) throw new Error(chunks.error)
      const heads = frontier(chunks.value)
      const message = encodeSyncMessage({
        heads,
        have: [heads],
        changes: chunks.value.map((chunk) => chunk.bytes),
      })
      const [received] = A.receiveSyncMessage(A.init(), A.initSyncState(), message)
      expect(A.getHeads(received)).toEqual(A.getHeads(doc))
      expect(received).toEqual(doc)
    }),
    { numRuns: 40 },
  )
})
