import { inspect } from 'node:util'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, createWriter, toBase64url } from '../../src/bytes.ts'
import { generateSecret, secretFrom } from '../../src/keys/secret.ts'
import { counting, SECRET } from '../vectors/samples.ts'

// No `cryptoReady` here: secrets are made and read before anything has loaded.

const complaint = (value: unknown): string => {
  try {
    // As an app without types would call it.
    secretFrom(value as string)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return error instanceof TypeError ? `${error.message} ${inspect(error.cause)}` : ''
  }
  throw new Error('nothing was thrown')
}

describe('a generated secret', () => {
  test('is 52 characters that need no escaping in a URL, another one each time', () => {
    const secrets = new Set(Array.from({ length: 200 }, generateSecret))
    expect(secrets.size).toBe(200)
    for (const secret of secrets) expect(secret).toMatch(/^ss1_[\w-]{48}$/)
  })

  test('holds 32 bytes', () => {
    expect(secretFrom(generateSecret())).toHaveLength(32)
    expect(secretFrom(SECRET)).toEqual(counting(0, 32))
  })

  test('ends with the IEEE CRC-32 of its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const checksum = createWriter(4).u32(crc32(bytes)).done()
        expect(secretFrom(`ss1_${toBase64url(concat(bytes, checksum))}`)).toEqual(bytes)
      }),
    )
  })
})

describe('a mistyped secret', () => {
  test('is noticed whichever character is wrong', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 4; at < SECRET.length; at++) {
      for (const symbol of alphabet) {
        if (symbol === SECRET[at]) continue
        expect(complaint(SECRET.slice(0, at) + symbol + SECRET.slice(at + 1))).toMatch(/mistyped/)
      }
    }
  })

  test('is noticed when two neighbours are swapped', () => {
    for (let at = 4; at + 1 < SECRET.length; at++) {
      const swapped = SECRET.slice(0, at) + SECRET.charAt(at + 1) + SECRET.charAt(at) + SECRET.slice(at + 2)
      if (swapped !== SECRET) expect(complaint(swapped)).toMatch(/mistyped/)
    }
  })

  test('is noticed when characters are missing or too many', () => {
    for (let length = 4; length < SECRET.length; length++) {
      expect(complaint(SECRET.slice(0, length))).toMatch(/incomplete.*copy all 52 characters/)
    }
    for (const extra of ['A', ' ', '\n', '=']) expect(complaint(SECRET + extra)).toMatch(/mistyped/)
  })
})

describe('what is no secret', () => {
  test('is refused with what to do about it', () => {
    expect(complaint('')).toMatch(/empty: call generateSecret\(\)/)
    expect(complaint('correct horse battery staple')).toMatch(
      /passphrases are not supported yet: call generateSecret\(\) once and share its result/,
    )
    expect(complaint(` ${SECRET}`)).toMatch(/passphrases/)
    expect(complaint(new Uint8Array(0))).toMatch(/0 bytes and needs ≥ 32/)
    expect(complaint(counting(1, 31))).toMatch(/31 bytes and needs ≥ 32/)
    expect(complaint(new Uint8Array(32))).toMatch(/all zeros/)
    for (const value of [undefined, null, 7, [1, 2], {}, new ArrayBuffer(32)]) {
      expect(complaint(value)).toMatch(/neither text nor a Uint8Array/)
    }
  })

  test('is never repeated in the message', () => {
    const wrong = [`${SECRET}x`, SECRET.slice(0, -1), 'hunter2hunter2', 'ss1_hunter2']
    for (const value of wrong) {
      const text = complaint(value)
      for (let at = 0; at + 6 <= value.length; at++) expect(text).not.toContain(value.slice(at, at + 6))
    }
    expect(complaint(counting(200, 20))).not.toMatch(/200|201|c8c9/)
  })
})

describe('bytes as a secret', () => {
  test('may have any length from 32 on', () => {
    for (const length of [32, 33, 64, 65, 1000])
      expect(secretFrom(counting(1, length))).toEqual(counting(1, length))
  })

  test('are copied, so that wiping ours leaves the app its own', () => {
    const given = counting(1, 32)
    secretFrom(given).fill(0)
    expect(given).toEqual(counting(1, 32))
  })
})
