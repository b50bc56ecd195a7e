import { generateSecret } from 'sealsync'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStage, type Stage, textOf, type, until } from './stage.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.end())

test('a provider that wants receipts hears who has got what it wrote', async () => {
  const secret = generateSecret()
  const { url } = await stage.relay('memory:')
  const [one, two] = [1, 2].map(() => stage.provider(url, { secret, receipts: true }))
  if (one === undefined || two === undefined) throw new Error('no providers')
  const heard: number[] = []
  one.on('receipt', (receipts) => heard.push(receipts.length))
  await until(() => one.synced && two.synced, 'synced')
  type(one, 'read me')
  await until(() => textOf(two) === 'read me', 'it arrives')
  await until(() => one.receipts()[0]?.missing === 0, 'it is confirmed')
  expect(one.receipts()[0]?.author).toMatch(/^[0-9a-f]{64}$/)
  expect(heard.at(-1)).toBe(1)
  expect(one.receipts()).toBe(one.receipts())
})
