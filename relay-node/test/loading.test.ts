import { EMPTY_DIGEST, nextDigest, randomBytes, type Snapshot, type Update } from 'sealsync/protocol'
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../src/store/memory.ts'
import type { Write } from '../src/store/store.ts'
import { type Author, createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, type Client, type Setup, setUp, short } from './client.ts'

interface Cast {
  readonly setup: Setup
  readonly author: () => Author
  readonly alice: Author
  readonly bob: Author
  readonly a: Client
  readonly b: Client
  push(client: Client, ...envelopes: (Update | Snapshot)[]): Promise<void>
  /** What a fresh connection gets with this cursor. */
  load(cursor?: {
    readonly logId: Uint8Array
    readonly version: number
    readonly digest: Uint8Array
  }): Promise<Client>
}

const begin = async (options?: Parameters<typeof setUp>[0]): Promise<Cast> => {
  const setup = setUp(options)
  const document = createTestDocument()
  const author = () => createAuthor(document)
  const [alice, bob] = [author(), author()]
  const [a, b] = [setup.client(), setup.client()]
  await a.open(alice)
  await b.open(bob)
  return {
    ...{ setup, author, alice, bob, a, b },
    push: async (client, ...envelopes) => {
      client.push(
        ...envelopes.map((envelope) =>
          envelope.type === 'update' ? envelope : ({ type: 'snapshot', snapshot: envelope } as const),
        ),
      )
      await setup.relay.idle()
    },
    load: async (cursor) => {
      const client = setup.client()
      await client.open(author(), { cursor })
      return client
    },
  }
}

const cursorOf = (client: Client) => {
  const last = client.delivers().at(-1)
  const opened = client.of('opened').at(-1)
  if (last === undefined || opened === undefined) throw new Error('nothing was delivered')
  return { logId: opened.logId, version: last.through, digest: last.digest }
}

const certificates = (...authors: Author[]) =>
  authors.map(({ certificate }) => `certificate ${short(certificate.session)}`)
const updatesOf = (updates: readonly Update[]) => updates.map(({ id }) => `update ${short(id)}`)

describe('without a cursor', () => {
  test('an empty document is one empty load that is caught up', async () => {
    const { a } = await begin()
    expect(a.of('opened')).toMatchObject([{ complete: true, isNew: true }])
    expect(a.delivers()).toMatchObject([
      { load: 'last', after: 0, through: 0, digest: EMPTY_DIGEST, caughtUp: true, items: [] },
    ])
  })

  test('everything comes chain by chain, certificates first, one signature per chain', async () => {
    const { alice, bob, a, b, push, load } = await begin()
    const [mine, theirs] = [alice.updates(3), bob.updates(2)]
    for (const i of [0, 1, 2]) {
      await push(a, ...mine.slice(i, i + 1))
      await push(b, ...theirs.slice(i, i + 1))
    }
    const c = await load()
    expect(c.of('opened')).toMatchObject([{ complete: true, isNew: false }])
    expect(c.delivers()).toMatchObject([{ load: 'last', after: 0, through: 5, caughtUp: true }])
    const items = c.items()
    expect(brief(items.slice(0, 2)).sort()).toEqual(certificates(alice, bob).sort())
    expect(items.slice(2).map((item) => item.type === 'updates' && item.signatures)).toEqual(['last', 'last'])
    expect(brief(items.slice(2)).sort()).toEqual(updatesOf([...mine, ...theirs]).sort())
  })

  test('the active snapshot comes first and what it covers does not come', async () => {
    const { alice, bob, a, b, push, load } = await begin()
    const [mine, theirs] = [alice.updates(3), bob.updates(2)]
    await push(a, ...mine.slice(0, 2))
    await push(b, ...theirs)
    const snapshot = bob.snapshot([
      ...mine.slice(1, 2).map((u) => alice.upTo(u)),
      ...theirs.slice(1).map((u) => bob.upTo(u, true)),
    ])
    await push(b, snapshot)
    await push(a, ...mine.slice(2))
    const c = await load()
    expect(brief(c.items())).toEqual([
      ...certificates(alice, bob),
      `snapshot ${short(snapshot.id)}`,
      ...updatesOf(mine.slice(2)),
    ])
    expect(c.delivers().map(({ load: part, after, through }) => [part, after, through])).toEqual([
      ['part', 0, 6],
      ['last', 0, 6],
    ])
    expect(c.delivers().map(({ caughtUp }) => caughtUp)).toEqual([false, true])
  })

  test('a long load is cut into parts, and goes on live where it ends', async () => {
    const { alice, a, push, load } = await begin({ limits: { deliverBytes: 2000 } })
    await push(a, ...alice.updates(20, 300))
    const c = await load()
    const parts = c.delivers().map((frame) => frame.load)
    expect(parts.length).toBeGreaterThan(3)
    expect(parts).toEqual([...Array(parts.length - 1).fill('part'), 'last'])
    expect(new Set(c.delivers().map(({ after, through }) => `${after} ${through}`))).toEqual(
      new Set(['0 20']),
    )
    c.clear()
    await push(a, alice.update())
    expect(c.delivers()).toMatchObject([{ load: 'none', after: 20, through: 21, caughtUp: true }])
  })

  test('a chain that ends in a bad signature comes with every signature, so that it hides no good one', async () => {
    const { alice, a, push, load } = await begin()
    const good = alice.updates(2)
    const bad = alice.update({ validSignature: false })
    await push(a, ...good, bad)
    const c = await load()
    expect(c.items().slice(1)).toMatchObject([
      { type: 'updates', signatures: 'every', updates: [...good, bad] },
    ])
    const after = alice.update()
    await push(a, after)
    // The valid one at the end vouches for all before it.
    const d = await load()
    expect(d.items().slice(1)).toMatchObject([{ type: 'updates', signatures: 'last' }])
    expect(brief(d.items().slice(1))).toEqual(updatesOf([...good, bad, after]))
  })
})

describe('with a cursor of this log', () => {
  test('at its end, one frame says so and brings the certificates of open sessions', async () => {
    const { alice, a, b, push, load } = await begin()
    await push(a, alice.update())
    const c = await load(cursorOf(b))
    expect(c.of('opened')).toMatchObject([{ complete: false, isNew: false }])
    expect(c.delivers()).toMatchObject([{ load: 'none', after: 1, through: 1, caughtUp: true }])
    expect(brief(c.items())).toEqual(certificates(alice))
  })

  test('what happened since comes in the order of versions, with every signature', async () => {
    const { alice, bob, a, b, push, load } = await begin()
    await push(a, alice.update())
    const cursor = cursorOf(b)
    const [x, y, z] = [alice.update(), bob.update(), alice.update()]
    await push(a, x)
    await push(b, y)
    await push(a, z)
    const c = await load(cursor)
    expect(c.delivers()).toMatchObject([{ load: 'none', after: 1, through: 4, caughtUp: true }])
    const items = brief(c.items())
    expect(items.slice(0, 2).sort()).toEqual(certificates(alice, bob).sort())
    expect(items.slice(2)).toEqual(updatesOf([x, y, z]))
    expect(c.items().every((item) => item.type !== 'updates' || item.signatures === 'every')).toBe(true)
  })

  test('a long delta comes in frames that follow each other', async () => {
    const { alice, a, b, push, load } = await begin({ limits: { deliverBytes: 2000 } })
    await push(a, alice.update())
    const cursor = cursorOf(b)
    const updates = alice.updates(20, 300)
    await push(a, ...updates)
    const c = await load(cursor)
    const frames = c.delivers()
    expect(frames.length).toBeGreaterThan(3)
    for (const [i, frame] of frames.entries()) {
      expect(frame).toMatchObject({
        load: 'none',
        after: frames[i - 1]?.through ?? 1,
        caughtUp: i === frames.length - 1,
      })
    }
    expect(brief(c.items()).slice(1)).toEqual(updatesOf(updates))
  })

  test('one load comes instead when snapshot and rest are shorter', async () => {
    const { alice, a, b, push, load } = await begin()
    await push(a, alice.update())
    const cursor = cursorOf(b)
    const updates = alice.updates(5, 1000)
    await push(a, ...updates)
    const snapshot = alice.snapshot(updates.slice(-1).map((update) => alice.upTo(update)))
    const last = alice.update()
    await push(a, snapshot, last)
    const c = await load(cursor)
    expect(c.of('opened')).toMatchObject([{ complete: false }])
    expect(c.delivers().map((frame) => [frame.load, frame.after, frame.through])).toEqual([
      ['part', 1, 8],
      ['last', 1, 8],
    ])
    expect(brief(c.items())).toEqual([
      ...certificates(alice),
      `snapshot ${short(snapshot.id)}`,
      ...updatesOf([last]),
    ])
  })

  test('one load comes when something above it was pruned', async () => {
    const { setup, alice, bob, a, b, push, load } = await begin()
    await push(a, alice.update())
    const cursor = cursorOf(b)
    const second = alice.update()
    await push(a, second)
    const snapshot = alice.snapshot([alice.upTo(second)])
    const [y, z] = [bob.update({ bytes: 1 + 16 }), alice.update()]
    await push(b, y)
    await push(a, snapshot, z)
    setup.now = Number.MAX_SAFE_INTEGER
    await setup.relay.prune()
    const c = await load(cursor)
    expect(c.delivers().map((frame) => [frame.load, frame.after, frame.through])).toEqual([
      ['part', 1, 5],
      ['last', 1, 5],
    ])
    const items = brief(c.items()).filter((item) => !item.startsWith('certificate'))
    expect(items[0]).toBe(`snapshot ${short(snapshot.id)}`)
    expect(items.slice(1).sort()).toEqual(updatesOf([y, z]).sort())
  })

  test('the snapshot does not come again when the cursor is behind it', async () => {
    const { setup, alice, a, b, push, load } = await begin()
    const first = alice.update()
    await push(a, first)
    await push(a, alice.snapshot([alice.upTo(first)]))
    const cursor = cursorOf(b)
    const next = alice.update()
    await push(a, next)
    setup.now = Number.MAX_SAFE_INTEGER
    await setup.relay.prune()
    const c = await load(cursor)
    expect(brief(c.items())).toEqual([...certificates(alice), ...updatesOf([next])])
    expect(c.delivers()).toMatchObject([{ load: 'none', after: 2, through: 3 }])
  })
})

describe('a cursor that is not of this log means a complete load', () => {
  test('with another log id, a later version, or another digest', async () => {
    const { alice, a, b, push, load } = await begin()
    await push(a, ...alice.updates(3))
    const { logId, digest } = cursorOf(b)
    for (const cursor of [
      { logId: randomBytes(16), version: 3, digest },
      { logId, version: 4, digest },
      { logId, version: 3, digest: randomBytes(16) },
      { logId, version: 2, digest },
      { logId, version: 0, digest },
    ]) {
      const c = await load(cursor)
      expect(c.of('opened')).toMatchObject([{ complete: true }])
      expect(c.delivers()).toMatchObject([{ load: 'last', after: 0, through: 3, caughtUp: true }])
    }
  })

  test('but the digest of any earlier version is known', async () => {
    const { alice, a, b, push, load } = await begin()
    const updates = alice.updates(3)
    await push(a, ...updates)
    const { logId } = cursorOf(b)
    let digest = EMPTY_DIGEST
    for (const [version, update] of updates.entries()) {
      const c = await load({ logId, version, digest })
      expect(c.of('opened')).toMatchObject([{ complete: false }])
      expect(c.delivers()).toMatchObject([{ load: 'none', after: version, through: 3 }])
      digest = nextDigest(digest, update.id)
    }
  })
})

test('a delta that is overtaken by a snapshot and pruning goes on as a load from where it is', async () => {
  const limits = { deliverBytes: 1000, graceMs: 0, laggingBytes: 1 }
  const { setup, author, alice, a, b, push } = await begin({ limits })
  await push(a, alice.update())
  const cursor = cursorOf(b)
  const updates = alice.updates(10, 300)
  await push(a, ...updates)
  const c = setup.client()
  c.send(author().opening(await c.hello(), { cursor }))
  while (c.delivers().length < 2) await Promise.resolve()
  c.buffered = 2
  await setup.relay.idle()
  const snapshot = alice.snapshot(updates.slice(-1).map((update) => alice.upTo(update)))
  await push(a, snapshot)
  await setup.relay.prune()
  c.buffered = 0
  c.connection.drained()
  await setup.relay.idle()
  const frames = c.delivers()
  const turn = frames.findIndex((frame) => frame.load !== 'none')
  const reached = frames[turn - 1]?.through ?? 0
  expect(reached).toBeGreaterThan(1)
  expect(reached).toBeLessThan(11)
  for (const frame of frames.slice(turn)) expect(frame).toMatchObject({ after: reached, through: 12 })
  expect(frames.at(-1)).toMatchObject({ load: 'last', caughtUp: true })
  const items = brief(c.items()).filter((item) => !item.startsWith('certificate'))
  expect(items).toEqual([...updatesOf(updates.slice(0, reached - 1)), `snapshot ${short(snapshot.id)}`])
})

test('what is committed while a load is read follows it without a gap', async () => {
  const { setup, author, alice, a, push } = await begin({ limits: { deliverBytes: 1000 } })
  await push(a, ...alice.updates(10, 300))
  const c = setup.client()
  c.send(author().opening(await c.hello()))
  const late = alice.updates(10, 300)
  for (const update of late) {
    a.push(update)
    await Promise.resolve()
  }
  await setup.relay.idle()
  const frames = c.delivers()
  const end = frames.findIndex(({ load }) => load === 'last')
  expect(end).toBeGreaterThan(0)
  let version = frames[end]?.through ?? 0
  for (const frame of frames.slice(end + 1)) {
    expect(frame).toMatchObject({ load: 'none', after: version })
    version = frame.through
  }
  expect(version).toBe(20)
  expect(frames.at(-1)?.caughtUp).toBe(true)
  expect(brief(c.items()).filter((item) => item.startsWith('update'))).toHaveLength(20)
})

test('a load that loses its snapshot to pruning begins again with the newer one', async () => {
  const { setup, author, alice, bob, a, push } = await begin({ limits: { deliverBytes: 1000, graceMs: 0 } })
  const updates = alice.updates(10, 300)
  await push(a, ...updates)
  const c = setup.client()
  c.send(author().opening(await c.hello()))
  while (c.delivers().length < 2) await Promise.resolve()
  const snapshot = bob.snapshot(updates.slice(-1).map((update) => alice.upTo(update)))
  a.push({ type: 'certificate', certificate: bob.certificate }, { type: 'snapshot', snapshot })
  while ((await setup.store.loadDocument(alice.document.docId))?.version !== 11) await Promise.resolve()
  await setup.relay.prune()
  await setup.relay.idle()
  const frames = c.delivers()
  expect(frames.filter(({ load }) => load === 'last')).toHaveLength(1)
  expect(frames.at(-1)).toMatchObject({ through: 11, caughtUp: true })
  expect(brief(c.items())).toContain(`snapshot ${short(snapshot.id)}`)
})

describe('a fetch', () => {
  test('finds envelopes by id with their certificates, and names what is unknown', async () => {
    const { setup, alice, a, b, push } = await begin()
    const updates = alice.updates(2)
    const snapshot = alice.snapshot(updates.slice(0, 1).map((update) => alice.upTo(update)))
    await push(a, ...updates, snapshot)
    b.clear()
    const stranger = randomBytes(32)
    const channel = b.of('opened')[0]?.channel ?? 1
    b.send({ type: 'fetch', channel, ids: [snapshot.id, stranger, ...updates.map(({ id }) => id)] })
    b.send({ type: 'fetch', channel, ids: [] })
    await setup.relay.idle()
    const found = b.of('found')
    expect(found.flatMap(({ unknown }) => unknown)).toEqual([stranger])
    expect(brief(found.flatMap(({ items }) => items))).toEqual([
      ...certificates(alice),
      `snapshot ${short(snapshot.id)}`,
      ...updatesOf(updates),
    ])
  })

  test('does not find what is not announced yet', async () => {
    const memory = createMemoryStore()
    const late: (() => void)[] = []
    let isSlow = false
    const commit = async (writes: readonly Write[]) => {
      await memory.commit(writes)
      if (isSlow) await new Promise<void>((resolve) => late.push(resolve))
    }
    const { setup, alice, a, b, push } = await begin({ store: { ...memory, commit } })
    await push(a, alice.update())
    isSlow = true
    const update = alice.update()
    a.push(update)
    while (late.length === 0) await Promise.resolve()
    const fetched = () =>
      b.send({ type: 'fetch', channel: b.of('opened')[0]?.channel ?? 0, ids: [update.id] })
    fetched()
    while (b.of('found').length === 0) await Promise.resolve()
    expect(b.of('found')).toMatchObject([{ items: [], unknown: [update.id] }])
    for (const resolve of late) resolve()
    await setup.relay.idle()
    fetched()
    await setup.relay.idle()
    expect(brief(b.of('found').at(-1)?.items ?? [])).toContain(`update ${short(update.id)}`)
  })

  test('names pruned envelopes as unknown', async () => {
    const { setup, alice, a, b, push } = await begin()
    const update = alice.update()
    await push(a, update, alice.snapshot([alice.upTo(update)]))
    setup.now = Number.MAX_SAFE_INTEGER
    await setup.relay.prune()
    b.send({ type: 'fetch', channel: b.of('opened')[0]?.channel ?? 0, ids: [update.id] })
    await setup.relay.idle()
    expect(b.of('found')).toMatchObject([{ items: [], unknown: [update.id] }])
  })

  test('of much is answered in several frames', async () => {
    const { setup, alice, a, b, push } = await begin({ limits: { deliverBytes: 1000 } })
    const updates = alice.updates(10, 400)
    await push(a, ...updates)
    b.send({ type: 'fetch', channel: b.of('opened')[0]?.channel ?? 0, ids: updates.map(({ id }) => id) })
    await setup.relay.idle()
    expect(b.of('found').length).toBeGreaterThan(3)
    const items = brief(b.of('found').flatMap((found) => found.items))
    expect(items.filter((item) => item.startsWith('update'))).toEqual(updatesOf(updates))
  })
})
