import { afterEach, describe, expect, test, vi } from 'vitest'
import { createClient, createIdentity, generateSecret, type Replica, type Where } from '../../src/index.ts'

const replica: Replica = {
  isEmpty: () => true,
  encodings: [],
  merge: ([first]) => first ?? { encoding: 0, payload: new Uint8Array(0) },
  apply: () => [],
  track: () => undefined,
  missing: () => [],
  capture: () => undefined,
}
const relay = 'ws://relay.test'
const client = () => createClient({ relay, connect: false })
const secret = generateSecret()

afterEach(() => {
  vi.unstubAllGlobals()
})

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('createClient', () => {
  test('names an option that does not exist, and those that do', () => {
    const misspelt = { relay, storge: undefined }
    expect(() => createClient(misspelt)).toThrow(
      new TypeError(
        'createClient: there is no option "storge"; known: relay, storage, identity, token, params, WebSocketPolyfill, connect',
      ),
    )
  })

  test.each(['', 'relay.example', 'https://relay.example', '/ws', 'ws://relay.example/#x'])(
    'refuses the address "%s"',
    (url) => {
      const error = thrownBy(() => createClient({ relay: url }))
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).toContain(`"${url}"`)
      expect(() => client().setUrl(url)).toThrow(TypeError)
    },
  )

  test('refuses what only looks like an identity', () => {
    const copy = { ...createIdentity() }
    expect(() => createClient({ relay, identity: copy })).toThrow(/createIdentity/)
  })

  test('says what to do where there is no WebSocket, when it is needed and not before', () => {
    vi.stubGlobal('WebSocket', undefined)
    const offline = client()
    offline.open({ secret, room: 'r' }, replica).close()
    expect(() => offline.connect()).toThrow(/WebSocketPolyfill/)
    offline.close()
  })

  test('touches nothing until a document is opened', () => {
    const WebSocket = vi.fn()
    vi.stubGlobal('WebSocket', WebSocket)
    vi.stubGlobal('addEventListener', WebSocket)
    createClient({ relay })
    expect(WebSocket).not.toHaveBeenCalled()
  })

  test('has no event of that name', () => {
    // @ts-expect-error: a misspelt event, which only a caller without types can pass, and must be told
    expect(() => client().on('statsu', () => undefined)).toThrow(
      /"statsu"; known: status, connection-close, connection-error/,
    )
  })
})

describe('open', () => {
  const misspelt = { secret, room: 'r', roomm: 'x' }
  const misspeltPolicy = { afterUpdates: 1, afterUpdate: 1 }
  const wrong: [where: Where, message: RegExp][] = [
    [misspelt, /"roomm"; known: secret, room, create/],
    [{ secret, room: '' }, /room is the name/],
    [
      { secret, room: 'r', snapshot: misspeltPolicy },
      /"afterUpdate"; known: afterUpdates, afterBytes, idleMs/,
    ],
    [{ secret: `${secret.slice(0, -1)}!`, room: 'r' }, /checksum/],
    [{ secret: 'correct horse', room: 'r' }, /passphrase/],
    [{ secret: new Uint8Array(16), room: 'r' }, /32/],
  ]
  test.each(wrong)('refuses %j', (where, message) => {
    const error = thrownBy(() => client().open(where, replica))
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toMatch(message)
    expect(String(error)).not.toContain(String(where.secret))
  })

  test('after close throws', () => {
    const closed = client()
    closed.close()
    expect(() => closed.open({ secret, room: 'r' }, replica)).toThrow(/closed/)
  })

  test('names events that exist', () => {
    const document = client().open({ secret, room: 'r' }, replica)
    // @ts-expect-error: a misspelt event, which only a caller without types can pass, and must be told
    expect(() => document.on('synced', () => undefined)).toThrow(/known: status, presence, broadcast, alarm/)
    document.close()
  })
})
