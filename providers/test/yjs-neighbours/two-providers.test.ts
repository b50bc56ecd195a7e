/** One Y.Doc with two providers: two of ours, or one of ours and one that knows nothing of it. */
import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import type { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, pushes, textOf, until, write } from '../yjs/stage.ts'

const stage = createStage()

const OTHER_RELAY = 'ws://other.test/'

const openAtOther = (doc: Y.Doc): SealsyncProvider => {
  const provider = stage.open({ connect: false }, doc)
  provider.setUrl(OTHER_RELAY)
  provider.connect()
  return provider
}

const settle = async (...providers: readonly SealsyncProvider[]): Promise<void> => {
  await until(() => providers.every(({ synced, unsyncedChanges }) => synced && unsyncedChanges === 0))
  await vi.advanceTimersByTimeAsync(5000)
}

/** Links two documents as y-websocket does through its server: all that is not its own goes on, whoever made it. */
const link = (a: Y.Doc, b: Y.Doc): { readonly sent: () => number; destroy(): void } => {
  const connection = Symbol('link')
  let sent = 0
  const pass = (to: Y.Doc) => (update: Uint8Array, origin: unknown) => {
    if (origin === connection) return
    sent += 1
    queueMicrotask(() => Y.applyUpdate(to, update, connection))
  }
  const [toB, toA] = [pass(b), pass(a)]
  a.on('update', toB)
  b.on('update', toA)
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a), connection)
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b), connection)
  return {
    sent: () => sent,
    destroy: () => {
      a.off('update', toB)
      b.off('update', toA)
    },
  }
}

describe('two of ours on one document', () => {
  test('for two rooms: each room gets everything, and nobody says a thing twice', async () => {
    const doc = new Y.Doc()
    const [first, second] = [stage.open({}, doc, 'first'), stage.open({}, doc, 'second')]
    const [inFirst, inSecond] = [stage.open({}, new Y.Doc(), 'first'), stage.open({}, new Y.Doc(), 'second')]
    await settle(first, second, inFirst, inSecond)
    const sent = [first, second, inFirst, inSecond].map(pushes)
    write(inFirst, 'one ')
    await until(() => textOf(inSecond) === 'one ')
    write(inSecond, 'two ')
    await until(() => textOf(inFirst) === 'one two ')
    write({ doc }, 'three')
    await until(() => textOf(inFirst) === 'one two three' && textOf(inSecond) === 'one two three')
    await settle(first, second, inFirst, inSecond)
    expect(sent.map(({ length }) => length)).toEqual([2, 2, 1, 1])
  })

  test('for two relays that both people use: at most once more per relay, and then silence', async () => {
    const [docA, docB] = [new Y.Doc(), new Y.Doc()]
    const all = [stage.open({}, docA), openAtOther(docA), stage.open({}, docB), openAtOther(docB)]
    await settle(...all)
    const sent = all.map(pushes)
    for (const letter of 'hello') {
      write({ doc: docA }, letter)
      await until(() => textOf({ doc: docB }).endsWith(letter))
      await settle(...all)
    }
    const counts = sent.map(({ length }) => length)
    expect(counts.slice(0, 2)).toEqual([5, 5])
    // What came by one relay is new to the other, unless it was there first.
    for (const count of counts.slice(2)) expect(count).toBeLessThanOrEqual(5)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent.map(({ length }) => length)).toEqual(counts)
    for (const url of ['ws://relay.test/', OTHER_RELAY]) {
      const late = stage.open({ connect: false })
      late.setUrl(url)
      late.connect()
      await until(() => textOf(late) === 'hello')
    }
  })

  test('the end of one is not the end of the other', async () => {
    const doc = new Y.Doc()
    const [first, second] = [stage.open({}, doc, 'first'), stage.open({}, doc, 'second')]
    const inSecond = stage.open({}, new Y.Doc(), 'second')
    await settle(first, second, inSecond)
    first.destroy()
    write({ doc }, 'still ')
    await until(() => textOf(inSecond) === 'still ')
    write(inSecond, 'here')
    await until(() => textOf({ doc }) === 'still here')
    expect(second.syncStatus).toBe('saved')
    const again = stage.open({}, doc, 'first')
    await settle(again)
    const inFirst = stage.open({}, new Y.Doc(), 'first')
    await until(() => textOf(inFirst) === 'still here')
  })
})

describe('one of ours beside another kind', () => {
  test('both carry everything, each letter at most twice, and then silence', async () => {
    const [a, b, onlyOurs] = [stage.open(), stage.open(), stage.open()]
    const onlyTheirs = new Y.Doc()
    const links = [link(a.doc, b.doc), link(a.doc, onlyTheirs)]
    await settle(a, b, onlyOurs)
    const sent = [a, b, onlyOurs].map(pushes)
    write(a, 'one ')
    await until(() => textOf(onlyOurs) === 'one ' && textOf({ doc: onlyTheirs }) === 'one ')
    write(onlyOurs, 'two ')
    await until(() => [a.doc, b.doc, onlyTheirs].every((doc) => textOf({ doc }) === 'one two '))
    write({ doc: onlyTheirs }, 'three')
    await until(() => [a, b, onlyOurs].every((one) => textOf(one) === 'one two three'))
    await settle(a, b, onlyOurs)
    const counts = sent.map(({ length }) => length)
    // `a` sends its own words and those of the document that only it can reach; `b` has had both by the link as well.
    expect(counts[0]).toBeLessThanOrEqual(3)
    expect(counts[1]).toBeLessThanOrEqual(3)
    expect(counts[2]).toBe(1)
    const told = links.map((one) => one.sent())
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent.map(({ length }) => length)).toEqual(counts)
    expect(links.map((one) => one.sent())).toEqual(told)
  })

  test('what the other brings while our storage is read is not sent again; what only it had is', async () => {
    const storage = memoryStorage()
    const a = stage.open({ storage })
    write(a, 'hello')
    await settle(a)
    a.destroy()
    await settle()
    const old = Y.encodeStateAsUpdate(a.doc)
    write(a, ' world')
    for (const [update, words, count] of [
      [old, 'hello', 0],
      [Y.encodeStateAsUpdate(a.doc), 'hello world', 1],
    ] as const) {
      const again = stage.open({ storage, connect: false })
      const sent = pushes(again)
      Y.applyUpdate(again.doc, update, 'the other')
      again.connect()
      await settle(again)
      expect(textOf(again)).toBe(words)
      expect(sent).toHaveLength(count)
      again.destroy()
    }
    const late = stage.open()
    await until(() => textOf(late) === 'hello world')
  })

  test('either may end, and the other goes on', async () => {
    const [a, b] = [stage.open(), stage.open()]
    const connection = link(a.doc, b.doc)
    await settle(a, b)
    connection.destroy()
    write(a, 'ours ')
    await until(() => textOf(b) === 'ours ')
    const again = link(a.doc, b.doc)
    a.destroy()
    write(a, 'theirs')
    await until(() => textOf(b) === 'ours theirs')
    again.destroy()
    const late = stage.open()
    await until(() => textOf(late) === 'ours theirs')
  })
})
