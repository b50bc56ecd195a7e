import { inspect } from 'node:util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { toBase64url, toHex } from '../../src/bytes.ts'
import { createIdentity, seedOf } from '../../src/keys/identity.ts'
import { counting } from '../vectors/samples.ts'

describe('an identity', () => {
  test('is made before the cryptography has loaded, and has the Ed25519 public key of its seed', async () => {
    const identity = createIdentity({ seed: counting(7, 32) })
    expect(seedOf(identity)).toEqual(counting(7, 32))
    expect(await identity.publicKey()).toEqual(ed25519.getPublicKey(counting(7, 32)))
  })

  test('is a random one without a seed', async () => {
    const [one, other] = [createIdentity(), createIdentity({})]
    expect(await one.publicKey()).not.toEqual(await other.publicKey())
    expect(await one.publicKey()).toEqual(await one.publicKey())
  })

  test('keeps its own copy of the seed', async () => {
    const seed = counting(7, 32)
    const identity = createIdentity({ seed })
    seed.fill(9)
    expect(await identity.publicKey()).toEqual(ed25519.getPublicKey(counting(7, 32)))
  })

  test('shows its seed neither printed nor serialised nor enumerated', () => {
    const seed = counting(200, 32)
    const identity = createIdentity({ seed })
    const shown = [
      JSON.stringify(identity),
      inspect(identity, { showHidden: true, depth: 9, getters: true }),
      String(identity),
      JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(identity))),
      Reflect.ownKeys(identity).join(),
    ].join('\n')
    for (const trace of [toHex(seed.subarray(0, 4)), toBase64url(seed.subarray(0, 6)), '200', '0xc8']) {
      expect(shown).not.toContain(trace)
    }
    expect(() => structuredClone(identity)).toThrow()
  })

  test('refuses what is no seed and says what to pass', () => {
    const complaint = (seed: unknown) => () => createIdentity({ seed: seed as Uint8Array })
    expect(complaint('a'.repeat(32))).toThrow(/not a Uint8Array: pass the 32 bytes of an Ed25519 seed/)
    expect(complaint(null)).toThrow(TypeError)
    expect(complaint(counting(1, 31))).toThrow(/has 31 bytes: pass the 32 bytes/)
    expect(complaint(counting(1, 64))).toThrow(/has 64 bytes.*its first 32/)
    expect(complaint(new Uint8Array(32))).toThrow(/all zeros/)
  })

  test('is known by itself and not by a copy', () => {
    expect(() => seedOf({ ...createIdentity() })).toThrow(/not an identity/)
  })
})
