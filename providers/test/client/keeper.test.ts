import { expect, test } from 'vitest'
import { createKeeper } from '../../src/client/keeper.ts'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import type { Change, Storage } from '../../src/client/storage.ts'

const put = (key: string, byte: number): Change => ({ key, value: Uint8Array.of(byte) })

/** A storage whose writes end when told to. */
const setUp = () => {
  const inner = memoryStorage()
  const writes: { readonly changes: readonly Change[]; readonly end: (error?: Error) => void }[] = []
  const storage: Storage = {
    ...inner,
    write: (docId, changes) =>
      new Promise((resolve, reject) => {
        writes.push({
          changes,
          end: (error) => (error === undefined ? inner.write(docId, changes).then(resolve) : reject(error)),
        })
      }),
  }
  const said: string[] = []
  const keeper = createKeeper({
    storage,
    docId: 'a',
    onPersisted: (ticket) => said.push(`persisted ${ticket}`),
    onFailed: (ticket, error) => said.push(`failed ${ticket} ${error}`),
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { keeper, writes, said, turn, inner }
}

test('the first write begins at once, the next ones gather until it has ended', async () => {
  const { keeper, writes, said, turn } = setUp()
  keeper.write(1, [put('x', 1)])
  keeper.write(2, [put('x', 2), put('y', 2)])
  keeper.write(3, [put('x', 3)])
  expect(writes).toHaveLength(1)
  writes[0]?.end()
  await turn()
  expect(said).toEqual(['persisted 1'])
  expect(writes).toHaveLength(2)
  expect(writes[1]?.changes).toEqual([put('x', 3), put('y', 2)])
  writes[1]?.end()
  await turn()
  expect(said).toEqual(['persisted 1', 'persisted 2', 'persisted 3'])
})

test('a failure takes everything handed over since with it, and later writes go on', async () => {
  const { keeper, writes, said, turn, inner } = setUp()
  keeper.write(1, [put('x', 1)])
  keeper.write(2, [put('y', 2)])
  writes[0]?.end(new Error('full'))
  await turn()
  expect(said).toEqual(['failed 1 Error: full'])
  keeper.write(3, [put('z', 3)])
  writes[1]?.end()
  await keeper.idle()
  expect(said.at(-1)).toBe('persisted 3')
  expect([...(await inner.load('a')).keys()]).toEqual(['z'])
})

test('loading waits for the writes before it', async () => {
  const { keeper, writes } = setUp()
  keeper.write(1, [put('x', 1)])
  const loading = keeper.load()
  writes[0]?.end()
  expect((await loading).size).toBe(1)
})

test('idle with nothing to do is idle', async () => {
  await setUp().keeper.idle()
})
