/** The platform's dice, thrown from a seed: what a failing seed does it does again, as far as the platform goes. */
import nodeCrypto from 'node:crypto'
import { randomBytes } from '../../../providers/src/crypto.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'

/** What `randomBytes` draws from the platform at once. */
const POOL_BYTES = 4096

export const seedDice = (seed: number): (() => void) => {
  const random = createRandom(seed * 31 + 7)
  const { crypto } = globalThis
  const { randomFillSync } = nodeCrypto
  // Empties the pool: what an earlier run has left in it would be drawn first.
  randomBytes(POOL_BYTES)
  const original = Math.random
  Math.random = () => random()
  const fill = <T extends ArrayBufferView | null>(array: T): T => {
    if (array !== null) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
      bytes.set(random.bytes(bytes.length))
    }
    return array
  }
  Object.defineProperty(crypto, 'getRandomValues', { value: fill, configurable: true })
  Object.assign(nodeCrypto, { randomFillSync: fill })
  return () => {
    Math.random = original
    Object.assign(nodeCrypto, { randomFillSync })
    Reflect.deleteProperty(crypto, 'getRandomValues')
  }
}
