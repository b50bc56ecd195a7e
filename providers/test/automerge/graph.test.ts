import * as A from '@automerge/automerge'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isChange, readChunks } from '../../src/automerge/chunk.ts'
import { createGraph } from '../../src/automerge/graph.ts'
import { concat } from '../../src/bytes.ts'
import { documentFrom, edits, typedNote } from './documents.ts'

const chunksOf = (...parts: readonly Uint8Array[]) => {
  const chunks = readChunks(concat(...parts))
  if (!chunks.ok) throw new Error(chunks.error)
  return chunks.value
}

const spans = (chunks: ReturnType<typeof chunksOf>, doc: A.Doc<unknown>): boolean => {
  const graph = createGraph()
  graph.add(chunks)
  return graph.spans(A.getHeads(doc))
}

test('all changes of a document span its heads, and without any one of them they do not', () => {
  fc.assert(
    fc.property(edits, (made) => {
      const doc = documentFrom(made)
      const changes = chunksOf(...A.getAllChanges(doc))
      expect(spans(changes, doc)).toBe(true)
      for (const change of changes) {
        const others = changes.filter((chunk) => chunk !== change)
        expect(spans(others, doc)).toBe(false)
      }
    }),
    { numRuns: 30 },
  )
})

test('a saved document spans its heads, and with the changes after them those of a later one', () => {
  const early = typedNote(5)
  const late = typedNote(9)
  const changes = chunksOf(...A.getChanges(early, late))
  expect(spans(chunksOf(A.save(late)), late)).toBe(true)
  expect(spans(chunksOf(A.save(early)), late)).toBe(false)
  expect(spans([...chunksOf(A.save(early)), ...changes], late)).toBe(true)
  expect(spans([...chunksOf(A.save(early)), ...changes.slice(1)], late)).toBe(false)
})

test('what lies below some heads are these and all that they stand on', () => {
  fc.assert(
    fc.property(edits, (made) => {
      const doc = documentFrom(made)
      const all = chunksOf(...A.getAllChanges(doc)).filter(isChange)
      const graph = createGraph()
      graph.add(all)
      expect(graph.below(A.getHeads(doc))).toEqual(new Set(all.map(({ hash }) => hash)))
      expect(graph.below([])).toEqual(new Set())
    }),
    { numRuns: 20 },
  )
})
