import { describe, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import { concat } from '../../src/protocol/index.ts'
import { checkedSamples } from './check.ts'

await cryptoReady

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

describe.each(checkedSamples())('an encoded $kind', ({ bytes, accepts }) => {
  test('is accepted unchanged', () => {
    expect(accepts(bytes)).toBe(true)
  })

  test('is rejected with any one bit flipped', () => {
    const survivors: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit++) if (accepts(flipped(bytes, bit))) survivors.push(bit)
    expect(survivors).toEqual([])
  })

  test('is rejected when cut off anywhere', () => {
    const survivors: number[] = []
    for (let length = 0; length < bytes.length; length++) {
      if (accepts(bytes.subarray(0, length))) survivors.push(length)
      if (accepts(bytes.subarray(bytes.length - length))) survivors.push(-length)
    }
    expect(survivors).toEqual([])
  })

  test('is rejected with one to three bytes added at its end or its beginning', () => {
    for (let added = 1; added <= 3; added++) {
      for (const value of [0, 1, 255]) {
        const extra = new Uint8Array(added).fill(value)
        expect(accepts(concat(bytes, extra))).toBe(false)
        expect(accepts(concat(extra, bytes))).toBe(false)
      }
    }
  })
})

describe.each(checkedSamples().filter(({ opens }) => opens !== undefined))('a sealed $kind', (sample) => {
  const { kind, bytes, opens } = sample
  const signatureBytes = kind === 'chunk' ? 0 : 64

  test('does not open with any one bit flipped before its signature, whoever signs it again', () => {
    expect(opens?.(bytes)).toBe(true)
    const survivors: number[] = []
    for (let bit = 0; bit < (bytes.length - signatureBytes) * 8; bit++) {
      if (opens?.(flipped(bytes, bit))) survivors.push(bit)
    }
    expect(survivors).toEqual([])
  })
})
