/** What a provider says of who wrote what, over a relay, snapshots and restarts. */
import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import { createIdentity } from '../../src/keys/identity.ts'
import type { Alarm } from '../../src/sync/effects.ts'
import type { SealsyncProvider } from '../../src/yjs/provider.ts'
import type { RemoteChange } from '../../src/yjs/remote-changes.ts'
import { type, updateOf } from './forgeries.ts'
import { createStage, textOf, until, write } from './stage.ts'

const stage = createStage()

const settle = (...providers: readonly SealsyncProvider[]): Promise<void> =>
  until(() => providers.every(({ synced, unsyncedChanges }) => synced && unsyncedChanges === 0))

const placeOf = ({ doc }: SealsyncProvider, index: number): Y.RelativePosition =>
  Y.createRelativePositionFromTypeIndex(doc.getText('text'), index)

/** Everything that an event told, with the text that was there then. */
const remoteChanges = (provider: SealsyncProvider): readonly [string, readonly RemoteChange[]][] => {
  const told: [string, readonly RemoteChange[]][] = []
  provider.on('remote-change', (changes) => told.push([textOf(provider), changes]))
  return told
}

const authorOf = (provider: SealsyncProvider, of = provider): string =>
  provider.authorOf(of.doc.clientID)?.author ?? 'nobody'

describe('authorOf', () => {
  test('a client id belongs to the device that has claimed it, for everybody; a foreign one to nobody', async () => {
    const [a, b] = [stage.open(), stage.open()]
    write(a, 'a')
    await settle(a, b)
    await until(() => textOf(b) === 'a')
    write(b, 'b')
    await until(() => textOf(a) === 'ab')
    expect(authorOf(a)).toMatch(/^[0-9a-f]{64}$/)
    expect(a.authorOf(a.doc.clientID)?.session).toMatch(/^[0-9a-f]{16}$/)
    expect(a.authorOf(a.doc.clientID)).toEqual(b.authorOf(a.doc.clientID))
    expect(authorOf(a, b)).toBe(authorOf(b))
    expect(authorOf(a)).not.toBe(authorOf(b))
    expect(a.authorOf(12345)).toBeUndefined()
  })

  test('a place belongs to whoever wrote what stands there; where nothing stands, to nobody', async () => {
    const [a, b] = [stage.open(), stage.open()]
    write(a, 'a')
    await until(() => textOf(b) === 'a')
    write(b, 'b')
    await until(() => textOf(a) === 'ab')
    for (const provider of [a, b]) {
      expect(provider.authorOf(placeOf(provider, 0))?.author).toBe(authorOf(a))
      expect(provider.authorOf(placeOf(provider, 1))?.author).toBe(authorOf(b))
      expect(provider.authorOf(placeOf(provider, 2))).toBeUndefined()
      const last = Y.createRelativePositionFromTypeIndex(provider.doc.getText('text'), 2, -1)
      expect(
        provider.authorOf(Y.createRelativePositionFromJSON(JSON.parse(JSON.stringify(last))))?.author,
      ).toBe(authorOf(b))
      expect(provider.authorOf(Y.createID(a.doc.clientID, 0))?.author).toBe(authorOf(a))
      expect(provider.authorOf(Y.createID(a.doc.clientID, 1))).toBeUndefined()
    }
  })

  test('our own edits are ours before anything is connected', async () => {
    const a = stage.open({ connect: false })
    write(a, 'a')
    await vi.advanceTimersByTimeAsync(1)
    expect(a.authorOf(placeOf(a, 0))).toEqual(a.authorOf(a.doc.clientID))
    expect(authorOf(a)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('what another device has signed under a claimed id is nobody’s', async () => {
    const [a, b, c] = [stage.open(), stage.open(), stage.open()]
    write(a, 'a')
    await until(() => textOf(b) === 'a' && textOf(c) === 'a')
    const before = [Y.encodeStateAsUpdate(a.doc)]
    a.disconnect()
    Y.applyUpdate(b.doc, updateOf(type('forged', 1), { clientId: a.doc.clientID, before }), 'paste')
    await until(() => textOf(c) === 'aforged')
    expect(c.authorOf(placeOf(c, 0))?.author).toBe(authorOf(c, a))
    expect(c.authorOf(placeOf(c, 1))).toBeUndefined()
    // The limit: who loads a snapshot of it has only the claim.
    expect(await c.snapshot()).toBe(true)
    const late = stage.open()
    await until(() => textOf(late) === 'aforged')
    expect(late.authorOf(placeOf(late, 1))?.author).toBe(authorOf(c, a))
  })

  test('what the document held before, under ids that nobody has claimed, is nobody’s', async () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, updateOf(type('template'), { clientId: 5 }))
    const [a, b] = [stage.open({}, doc), stage.open()]
    await until(() => textOf(b) === 'template')
    for (const provider of [a, b]) expect(provider.authorOf(placeOf(provider, 0))).toBeUndefined()
  })

  test('survives a snapshot: a newcomer knows who wrote, and so does who loads from the newcomer', async () => {
    const [a, b] = [stage.open(), stage.open()]
    write(a, 'a')
    await until(() => textOf(b) === 'a')
    write(b, 'b')
    await settle(a, b)
    await until(() => textOf(a) === 'ab')
    expect(await a.snapshot()).toBe(true)
    const authors = [a.authorOf(a.doc.clientID), a.authorOf(b.doc.clientID)]
    a.destroy()
    b.destroy()
    const c = stage.open()
    const told = remoteChanges(c)
    await until(() => textOf(c) === 'ab')
    // It names its maker, whoever wrote what is in it.
    const maker = authors[0]?.author
    expect(maker).toMatch(/^[0-9a-f]{64}$/)
    expect(told.map(([, changes]) => changes.map(({ kind, author }) => [kind, author]))).toEqual([
      [['snapshot', maker]],
    ])
    expect([0, 1].map((index) => c.authorOf(placeOf(c, index)))).toEqual(authors)
    write(c, 'c')
    await settle(c)
    expect(await c.snapshot()).toBe(true)
    const d = stage.open()
    await until(() => textOf(d) === 'abc')
    expect([0, 1].map((index) => d.authorOf(placeOf(d, index)))).toEqual(authors)
    expect(d.authorOf(placeOf(d, 2))?.author).toBe(authorOf(c))
  })

  test('survives a restart from storage alone, with and without a snapshot in it', async () => {
    const storage = memoryStorage()
    const [a, b] = [stage.open({ storage }), stage.open()]
    write(a, 'a')
    await until(() => textOf(b) === 'a')
    write(b, 'b')
    await settle(a, b)
    await until(() => textOf(a) === 'ab')
    const authors = [a.authorOf(a.doc.clientID), a.authorOf(b.doc.clientID)]
    for (const withSnapshot of [false, true]) {
      if (withSnapshot) expect(await b.snapshot()).toBe(true)
      await vi.advanceTimersByTimeAsync(100)
      const first = stage.open({ storage })
      await settle(first)
      first.destroy()
      await vi.advanceTimersByTimeAsync(100)
      stage.house().isUp = false
      const again = stage.open({ storage, connect: false })
      await until(() => textOf(again) === 'ab')
      expect([0, 1].map((index) => again.authorOf(placeOf(again, index)))).toEqual(authors)
      again.destroy()
      stage.house().isUp = true
    }
  })

  test('survives a crash before what was written has reached anybody', async () => {
    const storage = memoryStorage()
    const a = stage.open({ storage })
    await settle(a)
    stage.house().isFrozen = true
    write(a, 'sealed')
    await vi.advanceTimersByTimeAsync(1000)
    a.destroy()
    stage.house().isFrozen = false
    const b = stage.open({ storage })
    await settle(b)
    const c = stage.open()
    await until(() => textOf(c) === 'sealed')
    expect(authorOf(c, a)).toBe(authorOf(b))
    expect(c.authorOf(placeOf(c, 0))?.author).toBe(authorOf(b))
  })

  test('an identity writes under several ids', async () => {
    const seed = new Uint8Array(32).fill(5)
    const a = stage.open({ identity: createIdentity({ seed }) })
    write(a, 'a')
    await settle(a)
    a.destroy()
    const [b, c] = [stage.open({ identity: createIdentity({ seed }) }), stage.open()]
    await until(() => textOf(b) === 'a')
    write(b, 'b')
    await until(() => textOf(c) === 'ab')
    expect(authorOf(c, a)).toBe(authorOf(c, b))
    expect(c.authorOf(a.doc.clientID)?.session).not.toBe(c.authorOf(b.doc.clientID)?.session)
  })
})

describe('remote-change', () => {
  test('names the author of each piece after the transaction, and observers can ask within it', async () => {
    const [a, b, c] = [stage.open(), stage.open(), stage.open()]
    await settle(a, b, c)
    const told = remoteChanges(c)
    const asked: (readonly RemoteChange[])[] = []
    c.doc.getText('text').observe((_, transaction) => asked.push(c.authorsOf(transaction)))
    write(a, 'one')
    await until(() => textOf(c) === 'one')
    await until(() => textOf(b) === 'one')
    b.doc.getText('text').delete(1, 1)
    await until(() => textOf(c) === 'oe')
    const { clientID } = a.doc
    const [first, second] = told
    expect(first).toEqual([
      'one',
      [
        {
          ...c.authorOf(clientID),
          envelopeId: expect.stringMatching(/^[0-9a-f]{64}$/),
          kind: 'update',
          inserted: [{ client: clientID, start: 0, end: 3 }],
          deleted: [],
        },
      ],
    ])
    expect(second).toMatchObject([
      'oe',
      [{ kind: 'update', inserted: [], deleted: [{ client: clientID, start: 1, end: 2 }] }],
    ])
    expect(second?.[1][0]?.author).not.toBe(first?.[1][0]?.author)
    expect(asked).toEqual(told.map(([, changes]) => changes))
  })

  test('tells nothing of what the app writes itself, and has nothing for its transactions', async () => {
    const a = stage.open()
    const told = remoteChanges(a)
    const asked: (readonly RemoteChange[])[] = []
    a.doc.on('afterTransaction', (transaction) => asked.push(a.authorsOf(transaction)))
    write(a, 'a')
    await settle(a)
    expect(told).toEqual([])
    expect(asked).toContainEqual([])
    expect(asked.flat()).toEqual([])
  })

  test('lists the pieces of several authors in one transaction, each with its own ranges', async () => {
    const [a, b] = [stage.open(), stage.open()]
    write(a, 'a')
    await until(() => textOf(b) === 'a')
    write(b, 'bb')
    await settle(a, b)
    const c = stage.open()
    const told = remoteChanges(c)
    await until(() => textOf(c) === 'abb')
    expect(told).toHaveLength(1)
    // A load brings one chain after the other, in whatever order.
    const authors = new Map(told[0]?.[1].map(({ author, inserted }) => [author, inserted]))
    expect(authors).toEqual(
      new Map([
        [authorOf(c, a), [{ client: a.doc.clientID, start: 0, end: 1 }]],
        [authorOf(c, b), [{ client: b.doc.clientID, start: 0, end: 2 }]],
      ]),
    )
  })

  test('tells of what a restart brings back, also of what was never sent', async () => {
    const storage = memoryStorage()
    const a = stage.open({ storage, connect: false })
    await vi.advanceTimersByTimeAsync(100)
    write(a, 'unsent')
    await vi.advanceTimersByTimeAsync(100)
    const author = authorOf(a)
    a.destroy()
    await vi.advanceTimersByTimeAsync(100)
    const b = stage.open({ storage, connect: false })
    const told = remoteChanges(b)
    await until(() => textOf(b) === 'unsent')
    expect(told).toMatchObject([['unsent', [{ author, envelopeId: undefined, kind: 'update' }]]])
    expect(b.authorOf(placeOf(b, 0))?.author).toBe(author)
  })
})

test('a conflict raises an alarm with both envelopes, and what was there stays', async () => {
  const [a, b, c] = [stage.open(), stage.open(), stage.open()]
  await settle(a, b, c)
  const alarms: Alarm[] = []
  c.on('alarm', (alarm) => alarms.push(alarm))
  const told = remoteChanges(c)
  const word = (text: string): Uint8Array => updateOf(type(text), { clientId: 77 })
  b.pause({ receive: true })
  Y.applyUpdate(a.doc, word('good'), 'paste')
  await until(() => textOf(c) === 'good')
  Y.applyUpdate(b.doc, word('evil'), 'paste')
  await until(() => alarms.length > 0)
  expect(textOf(c)).toBe('good')
  const [change] = told[0]?.[1] ?? []
  expect(alarms).toMatchObject([{ kind: 'clientid-conflict', author: authorOf(b) }])
  expect(alarms[0]?.message).toContain(change?.envelopeId)
  expect(alarms[0]?.envelopeId).not.toBe(change?.envelopeId)
  expect(change?.author).toBe(authorOf(a))
})
