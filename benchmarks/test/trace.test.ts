import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { applyPatch, inUnits, type Patch, readTrace, textAfter } from '../src/trace.ts'

test('the recorded paper replays to its recorded end', () => {
  const trace = readTrace('automerge-paper')
  expect(trace.edits).toHaveLength(259_778)
  expect(textAfter(trace, trace.edits.length)).toBe(trace.endContent)
})

test('positions in code points become positions in UTF-16 units', () => {
  const edits: readonly Patch[] = [
    [0, 0, 'a😀b'],
    [2, 0, '𝒳'],
    [1, 1, ''],
    [2, 1, 'é'],
  ]
  const text = new Y.Doc().getText()
  for (const patch of inUnits(edits)) applyPatch(text, patch)
  expect(text.toString()).toBe('a𝒳é')
})
