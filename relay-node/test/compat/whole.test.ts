/** Sealed look-alikes of plain providers, through a real relay on real sockets. */

import { generateSecret } from 'sealsync'
import { HocuspocusProvider, HocuspocusProviderWebsocket, setKeyResolver } from 'sealsync/compat/hocuspocus'
import { WebsocketProvider } from 'sealsync/compat/y-websocket'
import { afterEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { startRelay } from '../../src/server.ts'
import { until } from '../whole/stage.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const secret = generateSecret()

const start = async (): Promise<string> => {
  setKeyResolver(() => secret)
  const relay = await startRelay({ port: 0, store: 'memory:' })
  ends.push(relay.close, () => setKeyResolver(undefined))
  return relay.url
}

const textOf = (doc: Y.Doc): string => doc.getText('text').toString()

test('apps of both plain providers meet in one room', async () => {
  const url = await start()
  const docs = [new Y.Doc(), new Y.Doc()] as const
  const a = new WebsocketProvider(url, 'room', docs[0])
  ends.push(() => a.destroy())
  const b = new HocuspocusProvider({ url, name: 'room', document: docs[1] })
  ends.push(() => b.destroy())
  await Promise.all([a.whenSynced, b.whenSynced])
  docs[0].getText('text').insert(0, 'from y-websocket')
  await until(() => textOf(docs[1]) === 'from y-websocket', 'the first edit')
  docs[1].getText('text').insert(0, 'from Hocuspocus, ')
  await until(() => textOf(docs[0]) === 'from Hocuspocus, from y-websocket', 'the second edit')
  a.awareness.setLocalStateField('user', { name: 'Ada' })
  await until(() => b.awareness.getStates().size === 2, 'presence')
  await Promise.all([a.saved(), b.saved()])
  expect([a.hasUnsyncedChanges, b.hasUnsyncedChanges]).toEqual([false, false])
})

test('documents on one socket come and go, and the socket stays', async () => {
  const url = await start()
  const websocketProvider = new HocuspocusProviderWebsocket({ url })
  ends.push(() => websocketProvider.destroy())
  const closes: unknown[] = []
  websocketProvider.on('close', (data) => closes.push(data))
  const open = (name: string): HocuspocusProvider => {
    const provider = new HocuspocusProvider({ websocketProvider, name })
    ends.push(() => provider.destroy())
    provider.attach()
    return provider
  }
  const [a, b] = [open('a'), open('b')]
  await Promise.all([a.whenSynced, b.whenSynced])
  for (let round = 0; round < 5; round++) {
    a.document.getText('text').insert(0, 'a')
    a.detach()
    a.attach()
    b.document.getText('text').insert(0, 'b')
  }
  await a.saved()
  a.destroy()
  const again = open('a')
  await until(() => textOf(again.document) === 'aaaaa', 'all that was written')
  await b.saved()
  expect([b.synced, closes]).toEqual([true, []])
})
