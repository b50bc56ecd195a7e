/** What only a `SealsyncProvider` tells, heard through each door. */
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { createClient } from '../../src/client/client.ts'
import type { Replica } from '../../src/client/replica.ts'
import { HocuspocusProvider } from '../../src/compat/hocuspocus.ts'
import { WebsocketProvider } from '../../src/compat/y-websocket.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, RELAY, secret, textOf, until, write } from './stage.ts'

const stage = createStage()

/** Writes what it is told to, and reads nothing: so it can write what no copy of Yjs can read. */
const blind: Replica = {
  isEmpty: () => true,
  encodings: [1, 2],
  merge: ([first]) => first ?? { encoding: 1, payload: new Uint8Array() },
  apply: () => [],
  track: () => {},
  missing: () => [],
  capture: () => undefined,
}

type Tell = (name: string, ...args: readonly unknown[]) => void

/** Opens a provider with receipts, whose listeners tell. */
const DOORS: Readonly<Record<string, (tell: Tell) => SealsyncProvider>> = {
  'y-websocket': (tell) => {
    const { WebSocketPolyfill } = stage.house()
    const provider = new WebsocketProvider(RELAY, 'room', new Y.Doc(), {
      ...{ secret, WebSocketPolyfill },
      receipts: true,
    })
    provider.on('alarm', ({ kind }) => tell('alarm', kind))
    provider.on('receipt', (receipts) => tell('receipt', receipts.at(-1)?.missing))
    provider.on('remote-change', (changes, { origin }) => tell('remote-change', changes.length, origin))
    return provider
  },
  Hocuspocus: (tell) => {
    const { WebSocketPolyfill } = stage.house()
    const provider = new HocuspocusProvider({
      ...{ url: RELAY, name: 'room', secret, WebSocketPolyfill },
      receipts: true,
    })
    provider.on('alarm', ({ kind }) => tell('alarm', kind))
    provider.on('receipt', (receipts) => tell('receipt', receipts.at(-1)?.missing))
    provider.on('remote-change', (changes, { origin }) => tell('remote-change', changes.length, origin))
    return provider
  },
}

test.each(Object.entries(DOORS))('%s tells of alarms, receipts and remote changes', async (_, openDoor) => {
  const told: (readonly [name: string, ...args: readonly unknown[]])[] = []
  // Receipts also come when somebody joins, so between any two lines.
  const toldOf = (wanted: string) => told.filter(([name]) => name === wanted)
  const provider = stage.keep(openDoor((...line) => told.push(line)))
  const { WebSocketPolyfill } = stage.house()
  const options = { secret, WebSocketPolyfill, receipts: true }
  const other = stage.keep(new SealsyncProvider(RELAY, 'room', new Y.Doc(), options))
  await until(() => provider.synced && other.synced)
  write(other, 'words')
  await until(() => textOf(provider) === 'words')
  expect(toldOf('remote-change')).toEqual([['remote-change', 1, provider]])
  expect(toldOf('alarm')).toEqual([])
  told.length = 0
  write(provider, 'more')
  await until(() => provider.receipts()[0]?.missing === 0 && toldOf('receipt').at(-1)?.[1] === 0)
  told.length = 0
  const client = createClient({ relay: RELAY, WebSocketPolyfill })
  const document = client.open({ secret, room: 'room' }, blind)
  await until(() => document.status().synced)
  document.push({ encoding: 1, payload: new Uint8Array([1, 2, 3, 250, 251]) })
  await until(() => toldOf('alarm').length > 0)
  client.close()
  expect(toldOf('alarm')).toEqual([['alarm', 'quarantined']])
})
