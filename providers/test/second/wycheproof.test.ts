/**
 * Both implementations against the vectors of C2SP's project Wycheproof, which are not part of this repository:
 * `npm test` brings them (scripts/wycheproof.mjs).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
// biome-ignore lint/style/noRestrictedImports: these vectors sign messages without a label, which crypto.ts never does.
import sodium from 'libsodium-wrappers'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/bytes.ts'
import { aeadOpen, aeadSeal, cryptoReady } from '../../src/crypto.ts'
import { isValidSignature, aeadOpen as openAgain } from './primitives.ts'

interface Vector {
  readonly tcId: number
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly msg: string
}
interface SignatureVector extends Vector {
  readonly sig: string
}
interface SealVector extends Vector {
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly ct: string
  readonly tag: string
}
interface VectorFile<Group> {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}

const folder = process.env.WYCHEPROOF_PATH

const groupsOf = <Group extends { readonly tests: readonly Vector[] }>(name: string): readonly Group[] => {
  const file: VectorFile<Group> = JSON.parse(readFileSync(join(folder ?? '', name), 'utf8'))
  expect(file.testGroups.flatMap(({ tests }) => tests)).toHaveLength(file.numberOfTests)
  return file.testGroups
}
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0)

/** What disagrees, of how many. A vector that leaves its verdict to taste would be one that nobody has decided on. */
const verdictOf = <V extends Vector>(vectors: readonly V[], agrees: (vector: V) => boolean): object => ({
  ...{ vectors: vectors.length, valid: vectors.filter(({ result }) => result === 'valid').length },
  wrong: vectors
    .filter((vector) => vector.result === 'acceptable' || !agrees(vector))
    .map(({ tcId }) => tcId),
})

await cryptoReady

describe.skipIf(!folder)('the vectors of Wycheproof', () => {
  test('Ed25519: libsodium and the second implementation give the same verdict, and the right one', () => {
    interface Group {
      readonly key: { readonly pk: string }
      readonly tests: readonly SignatureVector[]
    }
    const vectors = groupsOf<Group>('eddsa_test.json').flatMap(({ key, tests }) =>
      tests.map((vector) => ({ ...vector, pk: key.pk })),
    )
    const verdict = verdictOf(vectors, ({ sig, msg, pk, result }) => {
      const [signature, message, key] = [bytes(sig), bytes(msg), bytes(pk)]
      const ours = signature.length === 64 && sodium.crypto_sign_verify_detached(signature, message, key)
      return ours === (result === 'valid') && isValidSignature(signature, message, key) === ours
    })
    expect(verdict).toEqual({ vectors: 145, valid: 84, wrong: [] })
  })

  test('XChaCha20-Poly1305: both open what is valid to its text, seal it to the same bytes, and refuse the rest', () => {
    interface Group {
      readonly tests: readonly SealVector[]
    }
    const vectors = groupsOf<Group>('xchacha20_poly1305_test.json').flatMap(({ tests }) => tests)
    const verdict = verdictOf(vectors, ({ key, iv, aad, ct, tag, msg, result }) => {
      const opened = aeadOpen(bytes(ct + tag), bytes(aad), bytes(iv), bytes(key))
      const again = openAgain(key, iv, ct + tag, aad)
      if (result !== 'valid') return opened === undefined && again === undefined
      const sealed = aeadSeal(bytes(msg), bytes(aad), bytes(iv), bytes(key))
      return opened !== undefined && toHex(opened) === msg && again === msg && toHex(sealed) === ct + tag
    })
    expect(verdict).toEqual({ vectors: 284, valid: 220, wrong: [] })
  })
})
