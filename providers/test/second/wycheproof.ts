/**
 * `npm run wycheproof -- <folder>`: both implementations against the vectors of C2SP's project Wycheproof, which are not
 * part of this repository: <folder> is `testvectors_v1` of a checkout of it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
// biome-ignore lint/style/noRestrictedImports: these vectors sign messages without a label, which crypto.ts never does.
import sodium from 'libsodium-wrappers'
import { fromHex, toHex } from '../../src/bytes.ts'
import { aeadOpen, aeadSeal, cryptoReady } from '../../src/crypto.ts'
import { isValidSignature, aeadOpen as openAgain } from './primitives.ts'

interface Vector {
  readonly tcId: number
  readonly result: 'valid' | 'invalid' | 'acceptable'
}
interface SignatureVector extends Vector {
  readonly msg: string
  readonly sig: string
}
interface SealVector extends Vector {
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
}
interface VectorFile<Group> {
  readonly testGroups: readonly Group[]
}

const folder = process.argv[2]
if (folder === undefined)
  throw new TypeError('which folder? npm run wycheproof -- …/wycheproof/testvectors_v1')

const read = <Group>(name: string): readonly Group[] => {
  const file: VectorFile<Group> = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  return file.testGroups
}
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0)

/** `agrees` must hold for every vector; nothing that a vector calls acceptable is left to taste. */
const check = <V extends Vector>(
  name: string,
  vectors: readonly V[],
  agrees: (vector: V) => boolean,
): void => {
  const wrong = vectors.filter((vector) => vector.result === 'acceptable' || !agrees(vector))
  const valid = vectors.filter(({ result }) => result === 'valid').length
  console.log(`${name}: ${vectors.length} vectors, ${valid} valid, ${wrong.length} disagree`)
  for (const { tcId, result } of wrong) console.log(`  ${tcId} should be ${result}`)
  if (vectors.length === 0 || wrong.length > 0) process.exitCode = 1
}

await cryptoReady

interface SignatureGroup {
  readonly publicKey: { readonly pk: string }
  readonly tests: readonly SignatureVector[]
}
const signatures = read<SignatureGroup>('ed25519_test.json').flatMap(({ publicKey, tests }) =>
  tests.map((vector) => ({ ...vector, pk: publicKey.pk })),
)
check('Ed25519', signatures, ({ sig, msg, pk, result }) => {
  const [signature, message, key] = [bytes(sig), bytes(msg), bytes(pk)]
  const ours = signature.length === 64 && sodium.crypto_sign_verify_detached(signature, message, key)
  return ours === (result === 'valid') && isValidSignature(signature, message, key) === ours
})

const seals = read<{ readonly tests: readonly SealVector[] }>('xchacha20_poly1305_test.json').flatMap(
  ({ tests }) => tests,
)
check('XChaCha20-Poly1305', seals, ({ key, iv, aad, ct, tag, msg, result }) => {
  const opened = aeadOpen(bytes(ct + tag), bytes(aad), bytes(iv), bytes(key))
  const again = openAgain(key, iv, ct + tag, aad)
  if (result !== 'valid') return opened === undefined && again === undefined
  const sealed = aeadSeal(bytes(msg), bytes(aad), bytes(iv), bytes(key))
  return opened !== undefined && toHex(opened) === msg && again === msg && toHex(sealed) === ct + tag
})
