/** What lives on a document beside its provider: an UndoManager, and the providers before and after it. */
import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import type { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, pushes, textOf, until, write } from '../yjs/stage.ts'

const stage = createStage()

const settle = async (...providers: readonly SealsyncProvider[]): Promise<void> => {
  await until(() => providers.every(({ synced, unsyncedChanges }) => synced && unsyncedChanges === 0))
  await vi.advanceTimersByTimeAsync(500)
}

describe('an UndoManager', () => {
  const EDITOR = 'the editor'

  const type = ({ doc }: SealsyncProvider, words: string): void =>
    doc.transact(() => write({ doc }, words), EDITOR)

  test('that tracks an origin takes back one’s own edits, and none of others', async () => {
    const [a, b] = [stage.open(), stage.open()]
    const manager = new Y.UndoManager(a.doc.getText('text'), {
      trackedOrigins: new Set([EDITOR]),
      captureTimeout: 0,
    })
    type(a, 'one ')
    await until(() => textOf(b) === 'one ')
    write(b, 'two ')
    await until(() => textOf(a) === 'one two ')
    // An edit of the app's that is not the editor's.
    write(a, 'three ')
    type(a, 'four')
    await until(() => textOf(b) === 'one two three four')
    manager.undo()
    manager.undo()
    expect(manager.canUndo()).toBe(false)
    await until(() => textOf(b) === 'two three ')
    manager.redo()
    await until(() => textOf(b) === 'one two three ')
    await settle(a, b)
    expect(textOf(a)).toBe('one two three ')
  })

  test('brings back for all what was deleted, also after others have collected it', async () => {
    const [a, b] = [stage.open(), stage.open()]
    type(a, 'hello world')
    await until(() => textOf(b) === 'hello world')
    const manager = new Y.UndoManager(a.doc.getText('text'), { trackedOrigins: new Set([EDITOR]) })
    a.doc.transact(() => a.doc.getText('text').delete(0, 6), EDITOR)
    await until(() => textOf(b) === 'world')
    const made = b.snapshot()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await made).toBe(true)
    manager.undo()
    await until(() => textOf(b) === 'hello world')
    const late = stage.open()
    await until(() => textOf(late) === 'hello world')
  })

  test('that tracks the provider takes back what others wrote', async () => {
    const [a, b] = [stage.open(), stage.open()]
    const manager = new Y.UndoManager(a.doc.getText('text'), { trackedOrigins: new Set([a]) })
    await settle(a, b)
    write(b, 'theirs')
    await until(() => textOf(a) === 'theirs')
    manager.undo()
    await until(() => textOf(b) === '')
  })
})

describe('a provider that is made again on one document', () => {
  test('goes on where the last one ended, and what was written in between goes up once', async () => {
    const [doc, reader] = [new Y.Doc(), stage.open()]
    const first = stage.open({}, doc)
    write({ doc }, 'one ')
    await until(() => textOf(reader) === 'one ')
    await settle(first)
    first.destroy()
    write({ doc }, 'two ')
    const second = stage.open({}, doc)
    const sent = pushes(second)
    await until(() => textOf(reader) === 'one two ')
    await settle(second)
    expect(sent).toHaveLength(1)
    write(reader, 'three')
    await until(() => textOf({ doc }) === 'one two three')
  })

  test('at once and several times, with words in between, as effects that run twice do', async () => {
    const [doc, reader] = [new Y.Doc(), stage.open()]
    for (const storage of [undefined, memoryStorage()]) {
      const options = storage === undefined ? {} : { storage }
      for (const letter of 'abc') {
        const provider = stage.open(options, doc)
        write({ doc }, letter)
        provider.destroy()
      }
      const last = stage.open(options, doc)
      await settle(last)
      last.destroy()
    }
    await until(() => textOf(reader) === 'abcabc')
    const late = stage.open()
    await until(() => textOf(late) === 'abcabc')
  })

  test('is one person for others, not two', async () => {
    const [doc, reader] = [new Y.Doc(), stage.open()]
    const first = stage.open({}, doc)
    first.awareness.setLocalStateField('user', { name: 'before' })
    await until(() => reader.awareness.states.get(doc.clientID)?.user?.name === 'before')
    first.destroy()
    const second = stage.open({}, doc)
    second.awareness.setLocalStateField('user', { name: 'after' })
    await until(() => reader.awareness.states.get(doc.clientID)?.user?.name === 'after')
    await settle(second, reader)
    expect([...reader.awareness.states.keys()].sort()).toEqual([doc.clientID, reader.doc.clientID].sort())
  })
})
