/** y-indexeddb keeps the document in the browser, in plain text, and sealsync carries it. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { IndexeddbPersistence } from 'y-indexeddb'
import * as Y from 'yjs'
import { indexedDbStorage } from '../../src/client/indexeddb-storage.ts'
import type { ProviderOptions } from '../../src/yjs/provider-options.ts'
import { createStage, pushes, textOf, until, write } from '../yjs/stage.ts'

const stage = createStage()
beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const isSaved = (provider: ReturnType<typeof stage.open>): boolean =>
  provider.synced && provider.unsyncedChanges === 0

const alarmsOf = (provider: ReturnType<typeof stage.open>): readonly string[] => {
  const kinds: string[] = []
  provider.on('alarm', ({ kind }) => kinds.push(kind))
  return kinds
}

const keep = (doc: Y.Doc): IndexeddbPersistence => new IndexeddbPersistence('notes', doc)

/** Words that relay, browser and a reader hold; the page that wrote them is gone. */
const beginWith = async (words: string) => {
  const page = stage.open()
  const kept = keep(page.doc)
  const reader = stage.open()
  await until(() => page.synced && kept.synced && reader.synced)
  for (const letter of words) write(page, letter)
  await until(() => isSaved(page))
  void page.snapshot()
  await vi.advanceTimersByTimeAsync(2000)
  page.doc.getText('text').delete(0, 1)
  await until(() => isSaved(page) && textOf(reader) === words.slice(1))
  page.destroy()
  await kept.destroy()
  return reader
}

type Orders = readonly (readonly [string, (doc: Y.Doc) => Promise<ReturnType<typeof stage.open>>])[]

const orders = (options: () => Partial<ProviderOptions>): Orders => [
  [
    'the browser first, then the relay',
    async (doc) => {
      const kept = keep(doc)
      await until(() => kept.synced)
      return stage.open({ ...options(), connect: false }, doc)
    },
  ],
  [
    'the relay first, then the browser',
    async (doc) => {
      const provider = stage.open({ ...options(), connect: false }, doc)
      provider.on('synced', () => keep(doc))
      return provider
    },
  ],
  [
    'both at once',
    async (doc) => {
      keep(doc)
      return stage.open({ ...options(), connect: false }, doc)
    },
  ],
]

const STORAGES: readonly (readonly [string, () => Partial<ProviderOptions>])[] = [
  ['without a storage of ours', () => ({})],
  ['beside a storage of ours', () => ({ storage: indexedDbStorage() })],
]

describe.each(STORAGES)('%s', (_, options) => {
  test.each(orders(options))('%s: a page that is opened again sends nothing', async (_order, openIn) => {
    await beginWith('hello')
    for (let reload = 0; reload < 2; reload++) {
      const doc = new Y.Doc()
      const provider = await openIn(doc)
      const [sent, alarms] = [pushes(provider), alarmsOf(provider)]
      provider.connect()
      await until(() => isSaved(provider) && textOf(provider) === 'ello')
      await vi.advanceTimersByTimeAsync(5000)
      expect([sent, alarms]).toEqual([[], []])
      expect(provider.syncStatus).toBe('saved')
      doc.destroy()
    }
  })

  test.each(orders(options))('%s: what only the browser had goes up, once', async (_order, openIn) => {
    const reader = await beginWith('hello')
    const offline = new Y.Doc()
    const kept = keep(offline)
    await until(() => kept.synced)
    write({ doc: offline }, ' world')
    offline.getText('text').delete(0, 1)
    await vi.advanceTimersByTimeAsync(2000)
    await kept.destroy()
    const provider = await openIn(new Y.Doc())
    const [sent, alarms] = [pushes(provider), alarmsOf(provider)]
    provider.connect()
    await until(() => textOf(reader) === 'llo world')
    await until(() => isSaved(provider))
    await vi.advanceTimersByTimeAsync(5000)
    expect([sent.length, alarms]).toEqual([1, []])
    write(provider, '!')
    await until(() => textOf(reader) === 'llo world!')
    expect(sent).toHaveLength(2)
  })
})
