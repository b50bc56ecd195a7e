import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../src/store/memory.ts'
import { createStoreContext } from '../src/testing/store-context.ts'
import { storeSuite } from '../src/testing/store-suite.ts'

describe('the memory store', () => {
  storeSuite({
    test,
    create: () => {
      const store = createMemoryStore()
      return Promise.resolve({
        store,
        reopen: () => Promise.resolve(store.clone()),
        dispose: () => store.close(),
      })
    },
  })

  test('a clone does not see what happens to the original, nor the other way round', async () => {
    const store = createMemoryStore()
    const c = createStoreContext({ store, reopen: () => Promise.resolve(store.clone()) })
    const alice = c.author()
    await c.commit([...c.create(), c.session(alice), c.update(alice.update())])
    const clone = store.clone()
    await c.commit([c.update(alice.update())])
    expect((await clone.loadDocument(c.docId))?.version).toBe(1)
    expect((await store.loadDocument(c.docId))?.version).toBe(2)
  })

  test('a restored clone has other log ids', async () => {
    const store = createMemoryStore()
    const c = createStoreContext({ store, reopen: () => Promise.resolve(store) })
    await c.commit(c.create())
    const restored = store.clone({ newLogId: () => new Uint8Array(16).fill(9) })
    expect((await restored.loadDocument(c.docId))?.logId).toEqual(new Uint8Array(16).fill(9))
    expect((await store.loadDocument(c.docId))?.logId).toEqual(c.logId)
  })

  test('a commit that fails or dies applies nothing; one that is unsure applies all and rejects', async () => {
    for (const fault of ['fail', 'die', 'unsure'] as const) {
      const store = createMemoryStore({ fault: () => fault })
      const c = createStoreContext({ store, reopen: () => Promise.resolve(store) })
      const settled = c.commit(c.create()).then(
        () => 'resolved',
        () => 'rejected',
      )
      // Reading takes as long as committing, so twice of it is longer.
      const stored = await store.loadDocument(c.docId).then(() => store.loadDocument(c.docId))
      const outcome = await Promise.race([settled, Promise.resolve('pending')])
      expect(outcome).toBe(fault === 'die' ? 'pending' : 'rejected')
      expect(stored === undefined).toBe(fault !== 'unsure')
    }
  })
})
