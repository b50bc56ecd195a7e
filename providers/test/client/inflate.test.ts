import { deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deflate, inflate } from '../../src/client/inflate.ts'

const MIB = 1024 * 1024

test('what was deflated inflates to the same bytes, with any DEFLATE', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.integer({ min: 1, max: 30 }), (bytes, times) => {
      const long = new Uint8Array(Array.from({ length: times }, () => [...bytes]).flat())
      expect(inflate(deflate(long), long.length)).toEqual(long)
      expect(inflate(deflateRawSync(long), long.length)).toEqual(long)
      expect(new Uint8Array(inflateRawSync(deflate(long)))).toEqual(long)
    }),
    { numRuns: 50 },
  )
})

test('garbage neither throws nor passes for what it is not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(1000), (bytes, length) => {
      const inflated = inflate(bytes, length)
      expect(inflated === undefined || inflated.length === length).toBe(true)
    }),
  )
})

describe('a wrong length', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 97)
  const deflated = deflate(bytes)

  test.each([0, 1, 99_999, 100_001, 200_000])('of %i instead of 100,000 is refused', (length) => {
    expect(inflate(deflated, length)).toBeUndefined()
  })

  test('and a cut anywhere are refused', () => {
    for (let length = 0; length < deflated.length; length += 97) {
      expect(inflate(deflated.subarray(0, length), bytes.length)).toBeUndefined()
    }
  })
})

test('a bomb is stopped at the stated length, not at its own', () => {
  const bomb = deflateRawSync(new Uint8Array(256 * MIB), { level: 9 })
  const before = process.memoryUsage().arrayBuffers
  const startedAt = process.cpuUsage()
  expect(inflate(bomb, 1000)).toBeUndefined()
  expect(inflate(bomb, MIB)).toBeUndefined()
  // All of it takes a second and all that memory. The clock would count what other processes do as well.
  expect(process.cpuUsage(startedAt).user).toBeLessThan(1_000_000)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB)
})
