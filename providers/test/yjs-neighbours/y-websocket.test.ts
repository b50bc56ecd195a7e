/** The provider of y-websocket itself beside ours, on one Y.Doc: what it brings comes from a plain server, over real sockets. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { type PlainServer, yWebsocketServer } from '../../../relay-node/test/compat/plain-servers.ts'
import { createHouse, type House } from '../../../relay-node/test/house/house.ts'
import { generateSecret } from '../../src/keys/secret.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import { pushes, textOf, write } from '../yjs/stage.ts'

const secret = generateSecret()
const QUIET_MS = 300

let house: House
let server: PlainServer
const ends: (() => void)[] = []
beforeEach(async () => {
  house = await createHouse()
  server = await yWebsocketServer()
  ends.push(server.close)
})
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const until = async (condition: () => boolean): Promise<void> => {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not: ${condition}`)
    await pass(2)
  }
}

const ours = (doc = new Y.Doc()): SealsyncProvider => {
  const { WebSocketPolyfill } = house
  const provider = new SealsyncProvider('ws://relay.test/', 'room', doc, { secret, WebSocketPolyfill })
  ends.push(() => provider.destroy())
  return provider
}

const theirs = (doc = new Y.Doc()): WebsocketProvider => {
  // Not past the server, as tabs of one browser would.
  const provider = new WebsocketProvider(server.url, 'room', doc, { disableBc: true })
  ends.push(() => provider.destroy())
  return provider
}

/** Somebody on both, somebody on our relay only, and somebody on the plain server only. */
const openAll = async () => {
  const doc = new Y.Doc()
  const [sealed, plain] = [ours(doc), theirs(doc)]
  const [onlySealed, onlyPlain] = [ours(), theirs()]
  await until(() => [sealed, plain, onlySealed, onlyPlain].every(({ synced }) => synced))
  return { doc, sealed, plain, onlySealed, onlyPlain }
}

test('both carry everything both ways, each edit once, and then silence', async () => {
  const { doc, sealed, onlySealed, onlyPlain } = await openAll()
  const sent = [sealed, onlySealed].map(pushes)
  let told = 0
  onlyPlain.doc.on('update', () => {
    told += 1
  })
  const all = [{ doc }, onlySealed, onlyPlain]
  write({ doc }, 'one ')
  await until(() => all.every((one) => textOf(one) === 'one '))
  write(onlySealed, 'two ')
  await until(() => all.every((one) => textOf(one) === 'one two '))
  write(onlyPlain, 'three')
  await until(() => all.every((one) => textOf(one) === 'one two three'))
  await until(() => [sealed, onlySealed].every(({ unsyncedChanges }) => unsyncedChanges === 0))
  await pass(QUIET_MS)
  // Its own words and those of the plain server for the relay; what came from the relay is not sent back.
  expect(sent.map(({ length }) => length)).toEqual([2, 1])
  expect(told).toBe(3)
})

test('what either held before they met is on both sides', async () => {
  const [early, plainOnly] = [ours(), theirs()]
  write(early, 'from the relay ')
  plainOnly.doc.getMap('notes').set('from', 'the plain server')
  await until(() => early.unsyncedChanges === 0 && early.synced && plainOnly.synced)
  const doc = new Y.Doc()
  ours(doc)
  theirs(doc)
  const all = [{ doc }, early, plainOnly]
  await until(() =>
    all.every(
      (one) =>
        textOf(one) === 'from the relay ' && one.doc.getMap('notes').get('from') === 'the plain server',
    ),
  )
})

test('either may end, and the other goes on', async () => {
  const { doc, sealed, plain, onlySealed, onlyPlain } = await openAll()
  plain.destroy()
  write({ doc }, 'sealed ')
  await until(() => textOf(onlySealed) === 'sealed ')
  await pass(QUIET_MS)
  expect(textOf(onlyPlain)).toBe('')
  theirs(doc)
  await until(() => textOf(onlyPlain) === 'sealed ')
  sealed.destroy()
  write(onlyPlain, 'plain')
  await until(() => textOf({ doc }) === 'sealed plain')
  await pass(QUIET_MS)
  expect(textOf(onlySealed)).toBe('sealed ')
  ours(doc)
  await until(() => textOf(onlySealed) === 'sealed plain')
})
