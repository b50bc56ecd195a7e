/** Documents that keep what was deleted, for old versions of them. */
import { generateSecret } from 'sealsync'
import type { ProviderOptions } from 'sealsync/yjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createStage, type Stage, textOf, until } from '../whole/stage.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.end())

const keeping = (): Y.Doc => new Y.Doc({ gc: false })
const collecting = (): Y.Doc => new Y.Doc()

/** The first draft is written by somebody who keeps history, and written over by somebody who does not. */
const writeTwice = async (snapshot: NonNullable<ProviderOptions['snapshot']>) => {
  const relay = await stage.relay('memory:')
  const options = { secret: generateSecret(), snapshot }
  const alarms: string[] = []
  const open = (doc: Y.Doc) => {
    const provider = stage.provider(relay.url, options, 'a room', doc)
    provider.on('alarm', ({ kind, message }) => alarms.push(`${kind}: ${message}`))
    return provider
  }
  const [keeper, typist] = [open(keeping()), open(collecting())]
  await until(() => keeper.synced && typist.synced, 'synced')
  keeper.doc.getText('text').insert(0, 'first draft')
  const before = Y.snapshot(keeper.doc)
  await until(() => textOf(typist) === 'first draft', 'the draft')
  keeper.disconnect()
  const text = typist.doc.getText('text')
  text.delete(0, text.length)
  for (const letter of 'second') {
    text.insert(text.length, letter)
    await typist.saved()
  }
  const isMade = await typist.snapshot()
  const lateText = async (): Promise<string> => {
    const late = open(keeping())
    await until(() => late.synced && textOf(late) === 'second', 'the late joiner')
    return Y.createDocFromSnapshot(late.doc, before).getText('text').toString()
  }
  return { keeper, typist, isMade, lateText, alarms }
}

const SOON = { afterUpdates: 3, idleMs: 0 }

test('with "gc-off-only" no collecting client makes a snapshot, and old states come back for a late joiner', async () => {
  const { keeper, typist, isMade, lateText, alarms } = await writeTwice({ ...SOON, from: 'gc-off-only' })
  expect(isMade).toBe(false)
  expect(await lateText()).toBe('first draft')
  keeper.connect()
  await until(() => textOf(keeper) === 'second', 'the keeper is back')
  expect(await keeper.snapshot()).toBe(true)
  expect(await lateText()).toBe('first draft')
  // Who keeps and who collects still have the same document, and know it.
  typist.doc.getText('text').insert(0, '!')
  await until(() => textOf(keeper) === '!second', 'the way on')
  typist.doc.getText('text').delete(0, 1)
  await until(() => textOf(keeper) === 'second', 'the way back')
  await keeper.saved()
  await typist.saved()
  expect(alarms).toEqual([])
})

test('without it the snapshot of a collecting client takes the place of history', async () => {
  const { isMade, lateText } = await writeTwice({ afterUpdates: 1000 })
  expect(isMade).toBe(true)
  await expect(lateText()).resolves.not.toBe('first draft')
})

test('a misspelt "from" is refused', () => {
  const open = (from: object) =>
    stage.provider('ws://localhost', { secret: generateSecret(), snapshot: from })
  expect(() => open({ from: 'gc-of-only' })).toThrow('gc-off-only')
})
