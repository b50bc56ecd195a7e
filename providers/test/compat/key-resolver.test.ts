/** Where the secret comes from, for all look-alikes. */
import { afterEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import * as hocuspocus from '../../src/compat/hocuspocus.ts'
import * as yWebsocket from '../../src/compat/y-websocket.ts'
import { generateSecret } from '../../src/keys/secret.ts'
import { createStage, RELAY, secret, textOf, until, write } from './stage.ts'

const stage = createStage()
afterEach(() => yWebsocket.setKeyResolver(undefined))

interface Opened {
  readonly doc: Y.Doc
  readonly synced: boolean
  readonly syncStatus: string
  readonly isNew: boolean
  destroy(): void
}

const doors: readonly (readonly [string, (room: string, own?: { readonly secret: string }) => Opened])[] = [
  [
    'new WebsocketProvider',
    (room, own = undefined) => {
      const { WebSocketPolyfill } = stage.house()
      const provider = new yWebsocket.WebsocketProvider(RELAY, room, new Y.Doc(), {
        WebSocketPolyfill,
        ...own,
      })
      return stage.keep(provider)
    },
  ],
  [
    'new HocuspocusProvider',
    (name, own = undefined) => {
      const { WebSocketPolyfill } = stage.house()
      return stage.keep(new hocuspocus.HocuspocusProvider({ url: RELAY, name, WebSocketPolyfill, ...own }))
    },
  ],
]

test('both doors have the same resolver', () => {
  expect(hocuspocus.setKeyResolver).toBe(yWebsocket.setKeyResolver)
})

test.each(doors)('%s: without a secret it throws, and says what to do', (door, open) => {
  const todo =
    /Pass the option secret, .* or call setKeyResolver\(\(room\) => secret\) when the app starts\.$/
  expect(() => open('room')).toThrow(todo)
  expect(() => open('room')).toThrow(`${door}: there is no secret.`)
  yWebsocket.setKeyResolver(() => undefined)
  expect(() => open('notes')).toThrow(`${door}: the key resolver has no secret for room "notes".`)
  expect(() => open('notes')).toThrow(TypeError)
})

test.each(doors)('%s: the resolver is asked for the room, now or later', async (_, open) => {
  const asked: string[] = []
  yWebsocket.setKeyResolver((room) => {
    asked.push(room)
    return room === 'late' ? Promise.resolve(secret) : secret
  })
  const [a, b] = [open('late'), open('late', { secret })]
  write(a, 'words')
  await until(() => textOf(b) === 'words')
  expect(asked).toEqual(['late'])
  const c = open('now')
  await until(() => c.synced)
  expect(asked).toEqual(['late', 'now'])
})

test.each(doors)('%s: the option comes before the resolver', async (_, open) => {
  yWebsocket.setKeyResolver(() => generateSecret())
  const [a, b] = [open('room', { secret }), open('room', { secret })]
  write(a, 'words')
  await until(() => textOf(b) === 'words')
  const other = open('room')
  await until(() => other.isNew)
})

test.each(doors)('%s: a secret that does not come is told of', async (_, open) => {
  yWebsocket.setKeyResolver(() => Promise.reject(new Error('not signed in')))
  const provider = open('room')
  await until(() => provider.syncStatus === 'needs-key')
  expect(provider.doc.getText('text').length).toBe(0)
})
