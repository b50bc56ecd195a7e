/** A subdocument is a document of its own: its room is its guid. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateSecret } from 'sealsync'
import type { SealsyncProvider } from 'sealsync/yjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createStage, type Stage, until } from '../whole/stage.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.end())

interface Book {
  readonly doc: Y.Doc
  readonly provider: SealsyncProvider
  readonly chapters: Y.Map<Y.Doc>
  /** The providers of the chapters that are open, by guid. */
  readonly open: ReadonlyMap<string, SealsyncProvider>
}

/** As docs/editors.md shows it. */
const openBook = (url: string, secret: string): Book => {
  const doc = new Y.Doc()
  const open = new Map<string, SealsyncProvider>()
  doc.on('subdocs', ({ loaded, removed }) => {
    for (const subdoc of removed) {
      open.get(subdoc.guid)?.destroy()
      open.delete(subdoc.guid)
    }
    for (const subdoc of loaded) {
      open.set(subdoc.guid, stage.provider(url, { secret }, subdoc.guid, subdoc))
    }
  })
  const provider = stage.provider(url, { secret }, 'a book', doc)
  return { doc, provider, chapters: doc.getMap('chapters'), open }
}

const textIn = (book: Book, chapter: string): string | undefined =>
  book.chapters.get(chapter)?.getText('text').toString()

const writeIn = (book: Book, chapter: string, words: string): void => {
  const text = book.chapters.get(chapter)?.getText('text')
  text?.insert(text.length, words)
}

test('chapters arrive when they are loaded, both ways, also for a late reader and after a snapshot', async () => {
  const relay = await stage.relay('memory:')
  const secret = generateSecret()
  const [ada, ben] = [openBook(relay.url, secret), openBook(relay.url, secret)]
  ada.chapters.set('one', new Y.Doc())
  ada.chapters.set('two', new Y.Doc())
  ada.chapters.get('one')?.load()
  writeIn(ada, 'one', 'It was a dark night. ')
  await until(() => ben.chapters.size === 2, 'the chapters')
  expect([ada.open.size, ben.open.size]).toEqual([2, 0])
  expect(textIn(ben, 'one')).toBe('')
  ben.chapters.get('one')?.load()
  await until(() => textIn(ben, 'one') === 'It was a dark night. ', 'the first chapter')
  writeIn(ben, 'one', 'A dog barked.')
  await until(() => textIn(ada, 'one') === 'It was a dark night. A dog barked.', 'the way back')
  expect(textIn(ben, 'two')).toBe('')

  expect(await ada.provider.snapshot()).toBe(true)
  for (const chapter of ada.open.values()) await chapter.saved()
  await ada.provider.saved()
  for (const book of [ada, ben]) book.doc.destroy()
  const eve = openBook(relay.url, secret)
  await until(() => eve.chapters.size === 2, 'the chapters, late')
  eve.chapters.get('one')?.load()
  await until(() => textIn(eve, 'one') === 'It was a dark night. A dog barked.', 'the text, late')
})

test('a chapter that is taken out is closed for all, and its provider ends with it', async () => {
  const relay = await stage.relay('memory:')
  const secret = generateSecret()
  const [ada, ben] = [openBook(relay.url, secret), openBook(relay.url, secret)]
  ada.chapters.set('one', new Y.Doc())
  ada.chapters.get('one')?.load()
  await until(() => ben.chapters.size === 1, 'the chapter')
  ben.chapters.get('one')?.load()
  const closed = [...ada.open.values(), ...ben.open.values()]
  expect(closed).toHaveLength(2)
  await until(() => closed.every(({ synced }) => synced), 'synced')
  ada.chapters.delete('one')
  await until(() => ada.open.size === 0 && ben.open.size === 0, 'closed')
  for (const provider of closed) expect(() => provider.connect()).toThrow('destroyed')
  expect(ada.provider.syncStatus).not.toBe('blocked')
})

test('the relay is told no more of a guid than of any other room', async () => {
  const relay = await stage.relay(`sqlite:${join(stage.directory, 'relay.db')}`)
  const ada = openBook(relay.url, generateSecret())
  ada.chapters.set('one', new Y.Doc({ guid: 'canary-guid' }))
  ada.chapters.get('one')?.load()
  writeIn(ada, 'one', 'words')
  const [chapter] = ada.open.values()
  await chapter?.saved()
  await ada.provider.saved()
  expect(chapter?.docId).toMatch(/^[0-9a-f]{64}$/)
  expect(chapter?.docId).not.toBe(ada.provider.docId)
  const files = readdirSync(stage.directory).map((name) => readFileSync(join(stage.directory, name)))
  const kept = Buffer.concat([...files, Buffer.from(relay.output())])
  expect(kept.includes(Buffer.from(chapter?.docId ?? '', 'hex'))).toBe(true)
  expect(kept.includes('canary-guid')).toBe(false)
})
