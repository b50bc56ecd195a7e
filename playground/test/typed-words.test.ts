import { expect, test } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import { watchWords } from '../src/editors/typed-words.ts'

test('the latest words are those that were typed here, whatever they were typed into', () => {
  const [doc, other] = [new Doc(), new Doc()]
  const words: string[] = []
  const stop = watchWords(doc, (latest) => words.push(latest))
  for (const letter of 'one two') doc.getText('text').insert(doc.getText('text').length, letter)
  expect(words.at(-1)).toBe('one two')
  other.getText('text').insert(0, 'from elsewhere ')
  applyUpdate(doc, encodeStateAsUpdate(other))
  doc.getText('text').delete(0, 3)
  doc.getText('note').insert(0, ' three four five')
  expect(words.at(-1)).toBe('two three four five')
  stop()
  doc.getText('text').insert(0, 'six')
  expect(words.at(-1)).toBe('two three four five')
})
