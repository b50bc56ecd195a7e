import { expect, test } from 'vitest'
import { findWords } from '../src/search.ts'
import type { Frame } from '../src/wire.ts'

const frame = (bytes: Uint8Array): Frame => ({ id: 1, direction: 'sent', bytes })
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const nowhere = (): Uint8Array => new Uint8Array(0)

test('a word is found in UTF-8 and in UTF-16, also when it begins twice', () => {
  const utf16 = new Uint8Array(Buffer.from('..canary', 'utf16le'))
  const frames = [frame(utf8('cancanary')), frame(utf16), frame(utf8('cana ry'))]
  expect(findWords('my canary', frames, nowhere)).toMatchObject({ words: 'canary', hits: 2, frames: 3 })
})

test('what is sealed is not found, and the search says that it works on the document', () => {
  const found = findWords('über den Dächern', [frame(utf8('sealed'))], () => utf8('… Dächern'))
  expect(found).toEqual({
    type: 'searched',
    words: 'über Dächern',
    bytes: 6,
    frames: 1,
    hits: 0,
    isInDocument: true,
  })
})

test('words that chance would find are not searched for', () => {
  expect(findWords('a bit of it', [], nowhere)).toEqual({ type: 'nothing-typed' })
})
