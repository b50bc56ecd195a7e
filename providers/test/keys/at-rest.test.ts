import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex } from '../../src/bytes.ts'
import { aeadSeal, cryptoReady, derive, hash } from '../../src/crypto.ts'
import { createAtRest } from '../../src/keys/at-rest.ts'
import { documentKeys } from '../../src/keys/root.ts'
import { counting, fixedRandom } from '../vectors/samples.ts'

await cryptoReady

const secret = counting(1, 32)
const atRest = createAtRest(secret)
const path = fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 })
const bytes = fc.uint8Array({ maxLength: 300 })

test('what was sealed opens under its masked key, and under no other', () => {
  fc.assert(
    fc.property(path, path, bytes, (key, other, data) => {
      const { masked, sealed } = atRest.seal(key, data)
      expect(masked).toEqual(atRest.mask(key))
      expect(atRest.open(masked, sealed)).toEqual({ key, data })
      if (JSON.stringify(key) === JSON.stringify(other)) return
      expect(atRest.open(atRest.mask(other), sealed)).toBeUndefined()
    }),
  )
})

test('a masked key begins with the masks of its prefixes', () => {
  fc.assert(
    fc.property(path, fc.nat(5), (key, length) => {
      expect(atRest.mask(key.slice(0, length))).toEqual(atRest.mask(key).slice(0, length))
    }),
  )
})

test('one name has another mask at every place', () => {
  const masks = [['a'], ['a', 'a'], ['a', 'a', 'a'], ['b', 'a'], ['', 'a'], ['b', 'b', 'a']].map((key) =>
    atRest.mask(key).at(-1),
  )
  expect(new Set(masks).size).toBe(masks.length)
})

test('a name that begins with a mask is not taken for a name below it', () => {
  const [mask] = atRest.mask(['a'])
  const disguised = String.fromCharCode(...(fromHex(mask ?? '') ?? []))
  expect(atRest.mask([`${disguised}b`])).not.toContain(atRest.mask(['a', 'b']).at(-1))
})

describe('bytes that were not made by seal', () => {
  const masked = atRest.mask(['a', 'b'])

  test('never open and never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 4 }), bytes, (names, sealed) => {
        expect(atRest.open(names, sealed)).toBeUndefined()
        expect(atRest.open(masked, sealed)).toBeUndefined()
      }),
    )
  })

  test('do not open when cut off, extended or changed anywhere', () => {
    const { sealed } = atRest.seal(['a', 'b'], counting(0, 20))
    for (let length = 0; length < sealed.length; length++) {
      expect(atRest.open(masked, sealed.subarray(0, length))).toBeUndefined()
    }
    expect(atRest.open(masked, concat(sealed, Uint8Array.of(0)))).toBeUndefined()
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 4
      expect(atRest.open(masked, changed)).toBeUndefined()
    }
  })

  test('do not open when only the layout inside the seal is malformed', () => {
    const sealingKey = derive('at-rest-key', hash('at-rest', secret), 32)
    const masks = concat(...masked.map((name) => fromHex(name) ?? new Uint8Array(0)))
    const nonce = counting(3, 24)
    const sealedOf = (...inner: number[]) =>
      concat(
        Uint8Array.of(1),
        nonce,
        aeadSeal(Uint8Array.from(inner), concat(Uint8Array.of(1), masks), nonce, sealingKey),
      )
    expect(atRest.open(masked, sealedOf(2, 1, 97, 1, 98, 7))).toEqual({
      key: ['a', 'b'],
      data: Uint8Array.of(7),
    })
    const malformed = [[], [2], [2, 1, 97, 1], [2, 1, 97, 1, 0xff], [0x80, 0], [255, 255, 255, 255, 127]]
    for (const inner of malformed) expect(atRest.open(masked, sealedOf(...inner))).toBeUndefined()
  })
})

test('the keys come from the secret alone, and are not those of any document', () => {
  const again = createAtRest(secret, fixedRandom())
  const other = createAtRest(counting(2, 32), fixedRandom())
  const { masked, sealed } = again.seal(['a'], counting(0, 5))
  expect(atRest.open(masked, sealed)).toEqual({ key: ['a'], data: counting(0, 5) })
  expect(other.mask(['a'])).not.toEqual(masked)
  expect(other.open(masked, sealed)).toBeUndefined()
  const { epochKey, storageKey } = documentKeys(secret, 'a')
  expect([epochKey, storageKey]).not.toContainEqual(derive('at-rest-key', hash('at-rest', secret), 32))
})

test('data is a copy that shares no memory with its key', () => {
  const { masked, sealed } = atRest.seal(['a'], counting(0, 5))
  expect(atRest.open(masked, sealed)?.data.buffer.byteLength).toBe(5)
})

test('nothing works once the keys are wiped', () => {
  const wiped = createAtRest(secret)
  const { masked, sealed } = wiped.seal(['a'], counting(0, 5))
  wiped.wipe()
  wiped.wipe()
  expect(() => wiped.mask(['a'])).toThrow(/closed/)
  expect(() => wiped.seal(['a'], counting(0, 5))).toThrow(/closed/)
  expect(() => wiped.open(masked, sealed)).toThrow(/closed/)
})
