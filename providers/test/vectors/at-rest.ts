/** Vectors of what is sealed for a store that is not ours: masked keys and sealed values. */
import { concat, utf8 } from '../../src/bytes.ts'
import { derive, hash } from '../../src/crypto.ts'
import { createAtRest } from '../../src/keys/at-rest.ts'
import { secretFrom } from '../../src/keys/secret.ts'
import { plainRecord, type Vector, type VectorFile } from './kinds.ts'
import { counting, fixedRandom, SECRET } from './samples.ts'

const entryVector = (name: string, key: readonly string[], data: Uint8Array): Vector => {
  const secret = secretFrom(SECRET)
  const root = hash('at-rest', secret)
  const { masked, sealed } = createAtRest(secret, fixedRandom()).seal(key, data)
  const texts = key.map((component) => concat(Uint8Array.of(utf8(component).length), utf8(component)))
  return {
    name,
    inputs: plainRecord({ secretText: SECRET, secret, key, data, nonce: fixedRandom()(24) }),
    expected: plainRecord({
      root,
      sealingKey: derive('at-rest-key', root, 32),
      maskedKey: masked,
      inner: concat(Uint8Array.of(key.length), ...texts, data),
      bytes: sealed,
    }),
  }
}

export const entriesAtRest = (): VectorFile => ({
  about:
    'Storage at rest: from a secret, a key of text components and data to the masked key and the sealed value.',
  vectors: [
    entryVector('one component', ['storage-adapter-id'], utf8('an id')),
    entryVector('three components', ['4NMNnkMhL8jXrdJ9jamS58PAVdXu', 'snapshot', 'ab01'], counting(0, 40)),
    entryVector(
      'another below the same prefix',
      ['4NMNnkMhL8jXrdJ9jamS58PAVdXu', 'snapshot', 'é'],
      counting(7, 3),
    ),
    entryVector('one name at three places, and no data', ['a', 'a', 'a'], counting(0, 0)),
  ],
})
