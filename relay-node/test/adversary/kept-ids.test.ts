/** Clients remember ids as hex, thousands of them under attack: text that is glued from pieces is kept in pieces. */
import { expect, test } from 'vitest'
import { toHex } from '../../../providers/src/protocol/index.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { usedBytes } from './heap.ts'

const IDS = 10_000

test('an id that is kept as hex takes little more than its 64 letters', async () => {
  const random = createRandom(1)
  const before = await usedBytes()
  const kept = Array.from({ length: IDS }, () => toHex(random.bytes(32)))
  const each = ((await usedBytes()) - before) / kept.length
  expect(each).toBeGreaterThan(64)
  expect(each).toBeLessThan(200)
})
