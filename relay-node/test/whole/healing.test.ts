import { join } from 'node:path'
import { generateSecret } from 'sealsync'
import { fileStorage } from 'sealsync/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createStage, freePort, type Stage, textOf, type, until } from './stage.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.end())

test('a relay whose database was wiped is refilled by a client that is still there', async () => {
  const port = await freePort()
  const secret = generateSecret()
  const before = await stage.relay(`sqlite:${join(stage.directory, 'before.db')}`, port)
  const one = stage.provider(before.url, { secret })
  await until(() => one.synced, 'synced')
  type(one, 'kept through the fire')
  one.doc.getText('text').delete(0, 5)
  await one.saved()
  await before.kill()
  const after = await stage.relay(`sqlite:${join(stage.directory, 'after.db')}`, port)
  await until(() => one.synced && !one.hasUnsyncedChanges, 'refilled')
  const two = stage.provider(after.url, { secret, create: false })
  await until(() => two.synced && textOf(two) === 'through the fire', 'a newcomer reads it')
  expect(Y.encodeStateVector(two.doc)).toEqual(Y.encodeStateVector(one.doc))
  // Who wrote it was lost with the old log, and is said again with what is written again.
  expect(two.authorOf(one.doc.clientID)).toEqual(one.authorOf(one.doc.clientID))
  expect(two.authorOf(one.doc.clientID)).toBeDefined()
})

test('a joiner with create: false, first to come back to a wiped relay, refills it', async () => {
  const port = await freePort()
  const secret = generateSecret()
  const before = await stage.relay('memory:', port)
  const one = stage.provider(before.url, { secret })
  await until(() => one.synced, 'synced')
  type(one, 'shared')
  await one.saved()
  const joiner = stage.provider(before.url, { secret, create: false })
  await until(() => textOf(joiner) === 'shared', 'joined')
  one.destroy()
  await before.kill()
  await stage.relay('memory:', port)
  await until(() => joiner.synced && !joiner.hasUnsyncedChanges, 'refilled')
  const late = stage.provider(before.url, { secret, create: false })
  await until(() => textOf(late) === 'shared', 'a newcomer reads it')
})

test('setUrl moves a document to a second, empty relay, deletions and all', async () => {
  const secret = generateSecret()
  const [first, second] = [await stage.relay('memory:'), await stage.relay('memory:')]
  const one = stage.provider(first.url, { secret })
  await until(() => one.synced, 'synced')
  type(one, 'moving house')
  one.doc.getText('text').delete(0, 7)
  await one.saved()
  await first.kill()
  one.setUrl(second.url)
  await until(() => one.synced && !one.hasUnsyncedChanges, 'moved')
  const two = stage.provider(second.url, { secret, create: false })
  await until(() => textOf(two) === 'house', 'a newcomer reads it')
})

test('edits made while the relay is dead survive their process and arrive', async () => {
  const port = await freePort()
  const secret = generateSecret()
  const store = `sqlite:${join(stage.directory, 'relay.db')}`
  const storage = () => fileStorage({ directory: join(stage.directory, 'client') })
  const relay = await stage.relay(store, port)
  const one = stage.provider(relay.url, { secret, storage: storage() })
  await until(() => one.synced, 'synced')
  type(one, 'online ')
  await one.saved()
  await relay.kill()
  await until(() => one.status !== 'connected', 'noticed')
  type(one, 'offline')
  expect(one.unsyncedChanges).toBeGreaterThan(0)
  one.destroy()
  const again = stage.provider(relay.url, { secret, storage: storage() })
  await until(() => textOf(again) === 'online offline', 'storage gives it back before any relay answers')
  await stage.relay(store, port)
  await until(() => again.synced && !again.hasUnsyncedChanges, 'sent')
  const reader = stage.provider(relay.url, { secret, create: false })
  await until(() => textOf(reader) === 'online offline', 'a reader has it')
})

test('content from before connecting is uploaded; opening it again, unchanged, sends no envelope', async () => {
  const relay = await stage.relay('memory:')
  const secret = generateSecret()
  const doc = new Y.Doc()
  doc.getText('text').insert(0, 'written before')
  doc.getText('text').delete(0, 8)
  const one = stage.provider(relay.url, { secret }, 'a room', doc)
  await until(() => one.synced && !one.hasUnsyncedChanges, 'uploaded')
  const two = stage.provider(relay.url, { secret, create: false })
  await until(() => textOf(two) === 'before', 'read')
  const sent: number[] = []
  one.destroy()
  two.destroy()
  for (const again of [doc, two.doc]) {
    const provider = stage.provider(relay.url, { secret, connect: false }, 'a room', again)
    provider.on('frame', ({ direction, bytes }) => {
      if (direction === 'sent') sent.push(bytes[0] ?? 0)
    })
    provider.connect()
    await until(() => provider.synced && !provider.hasUnsyncedChanges, 'synced again')
    provider.destroy()
  }
  // 3 is `push`.
  expect(sent.filter((type) => type === 3)).toEqual([])
  expect(sent.length).toBeGreaterThan(0)
})

test('a document that is larger than one update may be is uploaded in pieces', async () => {
  const relay = await stage.relay('memory:')
  const secret = generateSecret()
  const doc = new Y.Doc()
  const chapters = doc.getMap<string>('chapters')
  // Random text, which does not deflate to nothing: about 8 MB in 64 items.
  const chapter = (i: number): string => {
    const bytes = new Uint8Array(64 * 1024).map(
      (_, j) => (Math.imul(i * 65_537 + j, 2_654_435_761) >>> 13) & 255,
    )
    return Buffer.from(bytes).toString('hex')
  }
  for (let i = 0; i < 64; i++) chapters.set(`${i}`, chapter(i))
  chapters.delete('3')
  const one = stage.provider(relay.url, { secret, compress: false }, 'a room', doc)
  await until(() => one.synced && !one.hasUnsyncedChanges, 'uploaded')
  const two = stage.provider(relay.url, { secret, create: false })
  await until(() => two.synced && two.doc.getMap('chapters').size === 63, 'read')
  expect(two.doc.getMap('chapters').toJSON()).toEqual(chapters.toJSON())
  expect(await two.snapshot()).toBe(true)
})
