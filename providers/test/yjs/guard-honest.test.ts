import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { createDice } from './documents.ts'
import { envelope, guarded } from './forgeries.ts'
import { shuffled, tell } from './honest.ts'

const worlds = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  edits: fc.integer({ min: 1, max: 50 }),
  gc: fc.boolean(),
})

test('no honest history, in whatever order and pieces it comes, has a conflict', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(worlds, ({ seed, edits, gc }) => {
      const dice = createDice(seed + 1)
      const { apply, refused, doc } = guarded(new Y.Doc({ gc }))
      const rest = [...shuffled(tell(seed, edits, true).told, dice)]
      while (rest.length > 0) {
        const batch = rest.splice(0, 1 + dice(6))
        const unreadable = apply(...batch.map(({ payload, ...more }, i) => envelope(i, payload, more)))
        expect(unreadable).toEqual([])
        // The app reads, and so divides structs, or writes on.
        if (dice(4) === 0) doc.getText('text').insert(0, `${dice(10)}`)
        if (dice(4) === 0) doc.getText('text').toDelta(Y.snapshot(doc))
      }
      expect(refused).toEqual([])
      expect(doc.store.pendingStructs).toBeNull()
    }),
    { numRuns: 80 },
  )
})

test('nor has what a document with history gets from those that loaded a snapshot of it and wrote on', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(worlds, ({ seed, edits, gc }) => {
      const dice = createDice(seed + 2)
      const { docs } = tell(seed, edits, true)
      const [first] = docs
      if (first === undefined) throw new Error('nobody wrote')
      const one = guarded(new Y.Doc({ gc }))
      const other = guarded(new Y.Doc({ gc: !gc }))
      one.apply(envelope(1, Y.encodeStateAsUpdateV2(first), { kind: 'snapshot', encoding: 2 }))
      for (const doc of docs.slice(1)) {
        const text = doc.getText('text')
        text.insert(dice(text.length + 1), 'more')
        text.delete(0, Math.min(2, text.length))
        other.apply(envelope(2, Y.encodeStateAsUpdate(doc)))
      }
      one.apply(envelope(3, Y.encodeStateAsUpdateV2(other.doc), { kind: 'snapshot', encoding: 2 }))
      other.apply(envelope(4, Y.encodeStateAsUpdate(one.doc), { kind: 'snapshot' }))
      expect([one.refused, other.refused]).toEqual([[], []])
    }),
    { numRuns: 60 },
  )
})
