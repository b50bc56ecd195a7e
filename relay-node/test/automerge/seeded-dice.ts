/** The platform's dice, thrown from a seed: what a failing seed does it does again, as far as the platform goes. */
import { createRandom } from '../../../providers/src/testing/random.ts'

export const seedDice = (seed: number): (() => void) => {
  const random = createRandom(seed * 31 + 7)
  const { crypto } = globalThis
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
  return () => {
    Math.random = original
    Reflect.deleteProperty(crypto, 'getRandomValues')
  }
}
