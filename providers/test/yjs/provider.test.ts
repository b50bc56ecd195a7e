import { describe, expect, test, vi } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { createClient } from '../../src/client/client.ts'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import type { Replica } from '../../src/client/replica.ts'
import { generateSecret } from '../../src/keys/secret.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, pushes, record, secret, textOf, until, write } from './stage.ts'

const stage = createStage()

const settle = async (...providers: readonly SealsyncProvider[]): Promise<void> => {
  await until(() => providers.every(({ synced, unsyncedChanges }) => synced && unsyncedChanges === 0))
  await vi.advanceTimersByTimeAsync(200)
}

describe('two providers', () => {
  test('bring their documents together, with the provider as origin', async () => {
    const [a, b] = [stage.open(), stage.open()]
    const origins: unknown[] = []
    b.doc.on('update', (_: Uint8Array, origin: unknown) => origins.push(origin))
    write(a, 'hello')
    await until(() => textOf(b) === 'hello')
    expect(origins).toEqual([b])
    write(b, ' world')
    await until(() => textOf(a) === 'hello world')
    await settle(a, b)
    expect(a.getSnapshot()).toEqual({
      connection: 'connected',
      syncStatus: 'saved',
      synced: true,
      unsyncedChanges: 0,
      isNew: true,
      upgradeNeeded: false,
      reason: undefined,
    })
    expect(a.docId).toMatch(/^[0-9a-f]{64}$/)
    expect(b.docId).toBe(a.docId)
  })

  test('survive a cut, and what was deleted meanwhile is deleted for all', async () => {
    const [a, b] = [stage.open(), stage.open()]
    write(a, 'hello world')
    await until(() => textOf(b) === 'hello world')
    await settle(a, b)
    stage.house().cut()
    a.doc.getText('text').delete(0, 6)
    write(b, '!')
    await until(() => textOf(a) === 'world!' && textOf(b) === 'world!')
  })

  test('with different rooms or secrets do not meet', async () => {
    const [a, b, c] = [
      stage.open(),
      stage.open({}, new Y.Doc(), 'other'),
      stage.open({ secret: generateSecret() }),
    ]
    write(a, 'hello')
    await settle(a, b, c)
    expect(textOf(b) + textOf(c)).toBe('')
  })
})

describe('content from before', () => {
  test('what the document held before it was connected is uploaded', async () => {
    const doc = new Y.Doc()
    write({ doc }, 'old')
    const a = stage.open({ connect: false }, doc)
    expect(a.hasUnsyncedChanges).toBe(true)
    write(a, ' and new')
    const b = stage.open()
    await vi.advanceTimersByTimeAsync(1000)
    expect(textOf(b)).toBe('')
    a.connect()
    await until(() => textOf(b) === 'old and new')
    await settle(a)
  })

  test('opening again uploads nothing', async () => {
    const a = stage.open()
    const sent = pushes(a)
    for (const key of ['x', 'y', 'x', 'y']) a.doc.getMap('map').set(key, key)
    write(a, 'hello')
    a.doc.getText('text').format(1, 2, { bold: true })
    await settle(a)
    expect(sent.length).toBeGreaterThan(0)
    a.destroy()
    for (const doc of [a.doc, new Y.Doc()]) {
      const again = stage.open({}, doc)
      const sentAgain = pushes(again)
      await settle(again)
      expect(sentAgain).toEqual([])
      expect(textOf(again)).toBe('hello')
      again.destroy()
    }
  })

  test('opening again from storage uploads nothing, and needs no relay to show the document', async () => {
    const storage = memoryStorage()
    const a = stage.open({ storage })
    write(a, 'hello')
    await settle(a)
    a.destroy()
    await vi.advanceTimersByTimeAsync(1000)
    const again = stage.open({ storage, connect: false })
    const sent = pushes(again)
    await until(() => textOf(again) === 'hello')
    again.connect()
    await settle(again)
    expect(sent).toEqual([])
  })

  test('deletions made while no provider was there are uploaded, and little else', async () => {
    const a = stage.open()
    write(a, 'hello world '.repeat(500))
    await settle(a)
    a.destroy()
    a.doc.getText('text').delete(0, 6)
    const again = stage.open({}, a.doc)
    const sent = pushes(again)
    const b = stage.open()
    await until(() => textOf(b).startsWith('world hello'))
    await settle(again)
    expect(sent.length).toBe(1)
    expect(sent[0]).toBeLessThan(500)
  })
})

describe('events', () => {
  test('tell of the connection, and of being synced on both edges', async () => {
    const a = stage.open()
    const told = record(a)
    await settle(a)
    a.disconnect()
    await vi.advanceTimersByTimeAsync(100)
    expect(told.filter((event) => !/hanges/.test(event))).toEqual([
      'status {"status":"connected"}',
      'new',
      'sync true',
      'synced {"state":true}',
      'sync false',
      'status {"status":"disconnected"}',
    ])
  })

  test('an edit counts before the call that made it returns, also when it answers an edit from others', async () => {
    const [a, b] = [stage.open({ connect: false }), stage.open()]
    const counts: number[] = []
    a.on('unsyncedChanges', ({ number }) => counts.push(number))
    expect(a.unsyncedChanges).toBe(0)
    write(a, 'x')
    expect(a.unsyncedChanges).toBe(1)
    expect(a.hasLocalChanges).toBe(true)
    a.connect()
    await settle(a, b)
    expect(counts.at(0)).toBe(1)
    expect(counts.at(-1)).toBe(0)
    let counted: number | undefined
    b.doc.getText('text').observe((_, { origin }) => {
      if (origin !== b) return
      write(b, '!')
    })
    b.doc.on('update', (_: Uint8Array, origin: unknown) => {
      if (origin !== b) counted = b.unsyncedChanges
    })
    write(a, 'y')
    await until(() => textOf(a) === 'xy!')
    expect(counted).toBe(1)
    await settle(a, b)
    expect(b.syncStatus).toBe('saved')
  })

  test('connecting when connected tells so again, in a microtask', async () => {
    const a = stage.open()
    await settle(a)
    const told = record(a)
    expect(a.connect()).toBeUndefined()
    expect(told).toEqual([])
    await Promise.resolve()
    expect(told).toEqual(['status {"status":"connected"}', 'sync true', 'synced {"state":true}'])
  })

  test('the snapshot is the same object until something changes', async () => {
    const a = stage.open()
    const before = a.getSnapshot()
    expect(a.getSnapshot()).toBe(before)
    const seen = new Set([before])
    a.on('change', () => {
      expect(seen.has(a.getSnapshot())).toBe(false)
      seen.add(a.getSnapshot())
    })
    await settle(a)
    expect(seen.size).toBeGreaterThan(2)
    expect(Object.isFrozen(a.getSnapshot())).toBe(true)
  })

  test('listeners: once, and off with and without a function', () => {
    const a = stage.open({ connect: false })
    const calls: string[] = []
    const listener = (): number => calls.push('on')
    a.on('change', listener)
    a.on('change', listener)
    a.once('change', () => calls.push('once'))
    a.emit('change', [])
    a.emit('change', [])
    expect(calls).toEqual(['on', 'once', 'on'])
    a.off('change', listener)
    a.on('change', () => calls.push('other'))
    a.off('change')
    a.emit('change', [])
    expect(calls).toHaveLength(3)
  })

  test('what the relay closes for good is told, and connecting tries again', async () => {
    const a = stage.open()
    await settle(a)
    const told = record(a)
    stage.house().cut(4403)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told.filter((event) => event.startsWith('closed'))).toEqual(['closed {"code":4403,"reason":""}'])
    expect(a.status).toBe('disconnected')
    a.connect()
    await settle(a)
    expect(a.synced).toBe(true)
  })

  test('a first opening is new; one that may not create is not found', async () => {
    const a = stage.open({ create: false })
    await until(() => a.syncStatus === 'not-found')
    const b = stage.open()
    const told = record(b)
    await settle(b)
    expect(told).toContain('new')
    expect(b.isNew).toBe(true)
  })

  test('whenSynced resolves, or rejects when destroyed before', async () => {
    const [a, b] = [stage.open(), stage.open({ connect: false })]
    const waiting = a.whenSynced
    await until(() => a.synced)
    await expect(waiting).resolves.toBeUndefined()
    b.destroy()
    await expect(b.whenSynced).rejects.toThrow('destroyed')
  })
})

describe('lifecycle', () => {
  test('the order of StrictMode: disconnect before connect, then both again', async () => {
    const a = stage.open({ connect: false })
    a.disconnect()
    a.disconnect()
    a.connect()
    a.disconnect()
    a.connect()
    a.connect()
    await settle(a)
    expect(stage.house().open()).toBe(1)
    expect(a.shouldConnect).toBe(true)
    expect([a.wsconnected, a.wsconnecting]).toEqual([true, false])
  })

  test('an editor that subscribes and connects late still hears that all is synced', async () => {
    const a = stage.open()
    await settle(a)
    const order: string[] = []
    a.on('reload', () => order.push('reload'))
    a.on('sync', (isSynced) => order.push(`sync ${isSynced}`))
    a.on('status', ({ status }) => order.push(status))
    a.connect()
    await vi.advanceTimersByTimeAsync(1)
    a.disconnect()
    expect(order).toEqual(['connected', 'sync true', 'sync false', 'disconnected'])
    a.connect()
    await until(() => order.at(-1) === 'sync true')
  })

  const states: readonly (readonly [string, (open: typeof stage.open) => Promise<SealsyncProvider>])[] = [
    ['never connected', async (open) => open({ connect: false })],
    ['without a secret yet', async (open) => open({ secret: new Promise(() => {}) })],
    ['with a secret that fails', async (open) => open({ secret: Promise.reject(new Error('no')) })],
    ['connecting', async (open) => open()],
    [
      'connected',
      async (open) => {
        const provider = open()
        await settle(provider)
        return provider
      },
    ],
    [
      'between attempts',
      async (open) => {
        stage.house().isUp = false
        const provider = open()
        await vi.advanceTimersByTimeAsync(3000)
        return provider
      },
    ],
    [
      'with unsent edits',
      async (open) => {
        const provider = open({ storage: memoryStorage() })
        write(provider, 'x')
        return provider
      },
    ],
  ]
  test.each(states)('destroyed while %s, it stops for good and leaves no timer', async (_, prepare) => {
    const provider = await prepare(stage.open)
    const told = record(provider)
    provider.destroy()
    provider.destroy()
    expect(told.filter((event) => event === 'destroy')).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(5000)
    expect(vi.getTimerCount()).toBe(0)
    expect(stage.house().open()).toBe(0)
    expect(provider.status).toBe('disconnected')
    expect(() => provider.connect()).toThrow('make another with new SealsyncProvider()')
    provider.disconnect()
    provider.setUrl('ws://elsewhere.test')
    write(provider, 'y')
    provider.flush()
    provider.pause()
    provider.resume()
    expect(await provider.snapshot()).toBe(false)
  })

  test('an edit made right before it is destroyed still arrives', async () => {
    const [a, b] = [stage.open(), stage.open()]
    await settle(a, b)
    write(a, 'last words')
    a.destroy()
    await until(() => textOf(b) === 'last words')
  })

  test('it ends with its document', () => {
    const a = stage.open()
    a.doc.destroy()
    expect(() => a.connect()).toThrow('destroyed')
  })

  test('an Awareness that the app gave is not destroyed with the provider', () => {
    const doc = new Y.Doc()
    const awareness = new Awareness(doc)
    const a = stage.open({ awareness }, doc)
    expect(a.awareness).toBe(awareness)
    a.destroy()
    expect(awareness.getLocalState()).toEqual({})
    awareness.destroy()
  })

  test('misuse is answered at the door', () => {
    const doc = new Y.Doc()
    const make =
      (options: object, document: unknown = doc) =>
      () =>
        Reflect.construct(SealsyncProvider, ['ws://relay.test/', 'room', document, options])
    expect(make({ secret, autoConnect: true })).toThrow('there is no option "autoConnect"')
    expect(make({ secret }, {})).toThrow('no Y.Doc')
    expect(make({ secret: 'short' })).toThrow(TypeError)
    expect(make({})).toThrow(TypeError)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('it moves to another relay with all it has', async () => {
    const a = stage.open()
    write(a, 'hello')
    await settle(a)
    a.setUrl('ws://other.test/')
    expect(a.url).toBe('ws://other.test/')
    await settle(a)
    const b = stage.open({})
    b.setUrl('ws://other.test/')
    await until(() => textOf(b) === 'hello')
  })

  test('paused sending holds edits back, resuming sends them', async () => {
    const [a, b] = [stage.open(), stage.open()]
    await settle(a, b)
    a.pause({ send: true })
    write(a, 'one')
    write(a, ' two')
    await vi.advanceTimersByTimeAsync(2000)
    expect(textOf(b)).toBe('')
    expect(a.syncStatus).toBe('paused')
    expect(a.unsyncedChanges).toBeGreaterThan(0)
    a.resume()
    await until(() => textOf(b) === 'one two')
  })

  test('a snapshot can be asked for, and a newcomer loads from it', async () => {
    const a = stage.open()
    for (let i = 0; i < 20; i++) write(a, `${i} `)
    await settle(a)
    const made = a.snapshot()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await made).toBe(true)
    const b = stage.open()
    await until(() => textOf(b) === textOf(a))
  })
})

describe('what others write', () => {
  test('content that Yjs cannot read raises an alarm, and the document stays usable', async () => {
    const [a, b] = [stage.open(), stage.open()]
    const kinds: string[] = []
    a.on('alarm', ({ kind }) => kinds.push(kind))
    await settle(a, b)
    const { WebSocketPolyfill } = stage.house()
    const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill })
    const blind: Replica = {
      isEmpty: () => true,
      encodings: [1, 2],
      merge: ([first]) => first ?? { encoding: 1, payload: new Uint8Array() },
      apply: () => [],
      track: () => {},
      missing: () => [],
      capture: () => undefined,
    }
    const document = client.open({ secret, room: 'room' }, blind)
    await until(() => document.status().synced)
    document.push({ encoding: 1, payload: new Uint8Array([1, 2, 3, 250, 251]) })
    await until(() => kinds.includes('quarantined'))
    client.close()
    write(a, 'still')
    await until(() => textOf(b) === 'still')
    write(b, ' here')
    await until(() => textOf(a) === 'still here')
  })

  test('a document that shares its client id gets another, and its cursor moves along', async () => {
    const [a, b, c] = [stage.open(), stage.open(), stage.open()]
    b.doc.clientID = a.doc.clientID
    b.awareness.setLocalStateField('user', { name: 'b' })
    await settle(a, b, c)
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    write(a, 'a')
    await until(() => textOf(b) === 'a')
    print.mockRestore()
    expect(b.doc.clientID).not.toBe(a.doc.clientID)
    await vi.advanceTimersByTimeAsync(1)
    expect(b.awareness.clientID).toBe(b.doc.clientID)
    await until(() => c.awareness.states.get(b.doc.clientID)?.user?.name === 'b')
    write(b, 'b')
    await until(() => textOf(a) === 'ab')
  })
})
