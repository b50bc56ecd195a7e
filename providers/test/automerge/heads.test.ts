import * as A from '@automerge/automerge'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readChunks } from '../../src/automerge/chunk.ts'
import { advanceHeads, frontier } from '../../src/automerge/heads.ts'
import { concat } from '../../src/bytes.ts'
import { documentFrom, edits } from './documents.ts'

const chunksOf = (...parts: readonly Uint8Array[]) => {
  const chunks = readChunks(concat(...parts))
  if (!chunks.ok) throw new Error(chunks.error)
  return chunks.value
}

test('heads kept batch by batch are the heads of the document', () => {
  fc.assert(
    fc.property(edits, fc.integer({ min: 1, max: 5 }), (made, size) => {
      const doc = documentFrom(made)
      const changes = A.getAllChanges(doc)
      let heads: readonly string[] = []
      for (let at = 0; at < changes.length; at += size) {
        heads = advanceHeads(heads, chunksOf(...changes.slice(at, at + size)))
      }
      expect(heads).toEqual([...A.getHeads(doc)].sort())
    }),
    { numRuns: 40 },
  )
})

test('the order within a batch does not matter', () => {
  fc.assert(
    fc.property(edits, (made) => {
      const doc = documentFrom(made)
      expect(frontier(chunksOf(...A.getAllChanges(doc).reverse()))).toEqual([...A.getHeads(doc)].sort())
    }),
    { numRuns: 40 },
  )
})

test('changes after a saved document take the place of its heads', () => {
  fc.assert(
    fc.property(edits, edits, (before, after) => {
      const early = documentFrom(before)
      const late = documentFrom([...before, ...after])
      const chunks = chunksOf(A.save(early), ...A.getChanges(early, late))
      expect(frontier(chunks)).toEqual([...A.getHeads(late)].sort())
    }),
    { numRuns: 40 },
  )
})

test('a document adds its heads, and a bundle nothing', () => {
  const doc = documentFrom([])
  const bundle = A.saveBundle(doc, [...A.getHeads(doc)])
  expect(advanceHeads(['ab'], chunksOf(A.save(doc), bundle))).toEqual(['ab', ...A.getHeads(doc)].sort())
  expect(frontier(chunksOf(bundle))).toEqual([])
})
