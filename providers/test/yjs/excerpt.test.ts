import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { encodeTransaction } from '../../src/yjs/excerpt.ts'
import { createDice, createHistory, docFrom, edit } from './documents.ts'

test('a transaction is encoded as Yjs itself would encode it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.boolean(), (seed, gc) => {
      const doc = docFrom(createHistory(seed, 30, gc), gc)
      const ours: Uint8Array[] = []
      const theirs: Uint8Array[] = []
      doc.on('afterTransactionCleanup', (transaction: Y.Transaction) => {
        const update = encodeTransaction(transaction)
        if (update !== undefined) ours.push(update)
      })
      doc.on('update', (update: Uint8Array) => theirs.push(update))
      const dice = createDice(seed + 1)
      for (let i = 0; i < 10; i++) edit(doc, dice)
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(docFrom(createHistory(seed + 2, 10))))
      expect(ours).toEqual(theirs)
    }),
    { numRuns: 100 },
  )
})

test('edits that an observer makes in answer to an edit are encoded once', () => {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on('afterTransactionCleanup', (transaction: Y.Transaction) => {
    const update = encodeTransaction(transaction)
    if (update !== undefined) updates.push(update)
  })
  const text = doc.getText('text')
  text.observe(() => {
    if (text.length < 3) text.insert(text.length, 'x')
  })
  text.insert(0, 'a')
  const other = new Y.Doc()
  for (const update of updates) Y.applyUpdate(other, update)
  expect(other.getText('text').toString()).toBe('axx')
  expect(updates).toHaveLength(3)
})
