import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { encodeExcerpts, encodeTransaction } from '../../src/yjs/excerpt.ts'
import { contentOf, createDice, createHistory, docFrom, edit } from './documents.ts'

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

test('a selection that is too large is told in pieces, which together are the whole', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 20, max: 400 }), (seed, maxBytes) => {
      const doc = docFrom(createHistory(seed, 60))
      const structs = new Map(
        [...Y.decodeStateVector(Y.encodeStateVector(doc))].map(([client, end]) => [
          client,
          [{ start: 0, end }],
        ]),
      )
      const deletions = new Map(
        [...Y.createDeleteSetFromStructStore(doc.store).clients].map(([client, items]) => [
          client,
          items.map(({ clock, len }) => ({ start: clock, end: clock + len })),
        ]),
      )
      const pieces = encodeExcerpts(doc, { structs, deletions }, maxBytes)
      expect(contentOf(docFrom(pieces))).toEqual(contentOf(doc))
      expect(contentOf(docFrom([...pieces].reverse()))).toEqual(contentOf(doc))
    }),
    { numRuns: 60 },
  )
})
