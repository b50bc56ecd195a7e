import * as A from '@automerge/automerge'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changesByActor, hasPlace } from '../../src/automerge/actors.ts'
import { isChange, readChunks } from '../../src/automerge/chunk.ts'
import { documentFrom, edits, typedNote } from './documents.ts'

const counted = (doc: A.Doc<unknown>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const change of A.getAllChanges(doc)) {
    const { actor } = A.decodeChange(change)
    counts.set(actor, (counts.get(actor) ?? 0) + 1)
  }
  return counts
}

test('the changes of each actor are counted from the bytes of a document', () => {
  fc.assert(
    fc.property(edits, (made) => {
      const doc = documentFrom(made)
      expect(changesByActor(A.save(doc))).toEqual(counted(doc))
    }),
    { numRuns: 40 },
  )
})

test('also when the column of actors is long enough to be deflated', () => {
  let [one, other] = [A.clone(typedNote(1), 'aa'.repeat(16)), A.clone(typedNote(1), 'bb'.repeat(16))]
  for (let i = 0; i < 300; i++) {
    one = A.emptyChange(A.merge(one, other), { time: i })
    other = A.emptyChange(A.merge(other, one), { time: i })
    if (i % 3 === 0) other = A.emptyChange(other, { time: i })
  }
  const doc = A.merge(one, other)
  expect(changesByActor(A.save(doc))).toEqual(counted(doc))
})

test('whatever the bytes are, counting them ends', () => {
  const document = A.save(typedNote(40))
  fc.assert(
    fc.property(fc.nat(document.length - 1), fc.nat(255), fc.nat(document.length), (at, byte, length) => {
      const bent = document.slice(0, length)
      bent[at] = byte
      changesByActor(bent)
    }),
    { numRuns: 300 },
  )
})

test('a place is taken by a change that is there, in a document or by itself, and by no later one', () => {
  const doc = typedNote(5)
  const read = readChunks(A.save(doc))
  const changes = readChunks(Uint8Array.from(A.getAllChanges(doc).flatMap((change) => [...change])))
  if (!read.ok || !changes.ok) throw new Error('cannot be read')
  const last = changes.value.filter(isChange).at(-1)
  if (last === undefined) throw new Error('no change')
  expect(hasPlace(read.value, last)).toBe(true)
  expect(hasPlace(read.value, { ...last, seq: last.seq + 1 })).toBe(false)
  expect(hasPlace(read.value, { ...last, actor: 'ee' })).toBe(false)
  expect(hasPlace([last], last)).toBe(true)
  expect(hasPlace([last], { ...last, seq: last.seq - 1 })).toBe(false)
})
