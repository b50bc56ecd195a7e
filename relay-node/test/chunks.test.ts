import { type Chunk, decodeChunk, encodeChunk, LIMITS, randomBytes } from 'sealsync/protocol'
import { describe, expect, test } from 'vitest'
import { type Author, createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, type Setup, setUp, short } from './client.ts'

const begun = async (limits: Parameters<typeof setUp>[0] = {}) => {
  const setup = setUp(limits)
  const document = createTestDocument()
  const alice = createAuthor(document)
  const a = setup.client()
  const { channel, logId } = await a.open(alice)
  const update = alice.update()
  a.push(update)
  await setup.relay.idle()
  a.clear()
  const push = async (...items: Parameters<typeof a.push>): Promise<string[]> => {
    a.clear()
    a.push(...items)
    await setup.relay.idle()
    return brief(a.items())
  }
  const fetch = async (ids: readonly Uint8Array[]) => {
    a.clear()
    a.send({ type: 'fetch', channel, ids })
    await setup.relay.idle()
    return a.of('found')
  }
  return { setup, ...setup, document, alice, a, update, push, fetch, logId }
}

const item = (chunk: Chunk) => ({ type: 'chunk', chunk }) as const

const acked = (...envelopes: readonly { readonly id: Uint8Array }[]): string[] =>
  envelopes.map(({ id }) => `ack ${short(id)}`)

const someone = async (setup: Setup, author: Author) => {
  const client = setup.client()
  await client.open(author)
  client.clear()
  return client
}

describe('a chunk', () => {
  test('is acked once it is durable, takes no version, and is told to nobody else', async () => {
    const { setup, document, alice, a, push, store, relay } = await begun()
    const b = await someone(setup, createAuthor(document))
    const chunk = alice.chunk(0)
    expect(await push(item(chunk))).toEqual(acked(chunk))
    expect((await store.loadDocument(document.docId))?.version).toBe(1)
    expect(a.delivers().map(({ after, through }) => [after, through])).toEqual([[1, 1]])
    await relay.idle()
    expect(b.frames).toEqual([])
  })

  test('that comes again is acked again', async () => {
    const { alice, push } = await begun()
    const chunk = alice.chunk(0)
    expect(await push(item(chunk), item(chunk))).toEqual(acked(chunk, chunk))
    expect(await push(item(chunk))).toEqual(acked(chunk))
  })

  test('is refused from a reader, and from a device that the connection has not proven', async () => {
    const { setup, document, push } = await begun()
    const reader = createAuthor(document, { role: 'reader' })
    const r = await someone(setup, reader)
    const chunk = reader.chunk(0)
    r.push(item(chunk))
    await setup.relay.idle()
    expect(brief(r.items())).toEqual([`refused role ${short(chunk.id)}`])
    const foreign = createAuthor(document).chunk(0)
    expect(await push(item(foreign))).toEqual([`refused invalid ${short(foreign.id)}`])
  })

  test('of a document of which nothing is stored is refused, and leaves nothing behind', async () => {
    const setup = setUp()
    const document = createTestDocument()
    const alice = createAuthor(document)
    const a = await someone(setup, alice)
    const chunk = alice.chunk(0)
    a.push(item(chunk))
    await setup.relay.idle()
    expect(brief(a.items())).toEqual([`refused superseded ${short(chunk.id)}`])
    expect(await setup.store.loadDocument(document.docId)).toBeUndefined()
  })

  test('of another document costs the connection', async () => {
    const { a } = await begun()
    a.push(item(createAuthor(createTestDocument()).chunk(0)))
    expect(a.closed?.code).toBe(4400)
  })

  test('with the largest ciphertext is taken; one byte more is malformed', async () => {
    const { alice, push, a } = await begun()
    const chunk = alice.chunk(LIMITS.chunks - 1, LIMITS.chunkBytes)
    expect(await push(item(chunk))).toEqual(acked(chunk))
    const more = alice.chunk(0, LIMITS.chunkBytes + 1)
    expect(decodeChunk(encodeChunk(more)).ok).toBe(false)
    a.push(item(more))
    expect(a.closed?.code).toBe(4400)
  })

  test('waits for its snapshot in bounded number, and for a bounded time', async () => {
    const { setup, relay, alice, push } = await begun({ limits: { looseChunks: 2, looseChunkMs: 1000 } })
    const [first, second, third, fourth] = [0, 1, 2, 3].map((index) => alice.chunk(index))
    if (!first || !second || !third || !fourth) throw new Error('no chunks')
    expect(await push(item(first), item(second), item(third))).toEqual([
      ...acked(first, second),
      `refused unavailable ${short(third.id)}`,
    ])
    expect(await push(item(first))).toEqual(acked(first))
    expect(await push(item(fourth))).toEqual([`refused unavailable ${short(fourth.id)}`])
    setup.now += 1001
    await relay.prune()
    expect(await push(item(third))).toEqual(acked(third))
  })

  test('that no disk has room for is answered unavailable, and does not harm others', async () => {
    const { alice, push, store, a, relay } = await begun()
    const { commit } = store
    Object.assign(store, { commit: () => Promise.reject(new Error('no space left')) })
    const chunk = alice.chunk(0)
    expect(await push(item(chunk))).toEqual([`refused unavailable ${short(chunk.id)}`])
    Object.assign(store, { commit })
    a.clear()
    expect(await push(item(chunk))).toEqual(acked(chunk))
    await relay.idle()
  })
})

describe('a snapshot with chunks', () => {
  test('is accepted when all of them are there, or come in the same push', async () => {
    const { alice, update, push } = await begun()
    const [first, second] = [alice.chunk(0), alice.chunk(1)]
    await push(item(first))
    const snapshot = alice.snapshot([alice.upTo(update)], [], { chunks: [first.id, second.id] })
    expect(await push(item(second), { type: 'snapshot', snapshot })).toEqual(acked(second, snapshot))
  })

  test('is refused with gap while one is missing, and taken later', async () => {
    const { alice, update, push } = await begun()
    const [first, second] = [alice.chunk(0), alice.chunk(1)]
    const snapshot = alice.snapshot([alice.upTo(update)], [], { chunks: [first.id, second.id] })
    await push(item(second))
    expect(await push({ type: 'snapshot', snapshot })).toEqual([`refused gap ${short(snapshot.id)}`])
    await push(item(first))
    expect(await push({ type: 'snapshot', snapshot })).toEqual(acked(snapshot))
  })

  test('that would be superseded anyway is told so, whatever of it is missing', async () => {
    const { alice, update, push } = await begun()
    const parent = alice.snapshot([alice.upTo(update)])
    await push({ type: 'snapshot', snapshot: parent })
    const late = alice.snapshot([alice.upTo(update)], [], { chunks: [randomBytes(32)] })
    expect(await push({ type: 'snapshot', snapshot: late })).toEqual([`refused superseded ${short(late.id)}`])
  })

  test('is loaded without its chunks, which are fetched by id, a page at a time', async () => {
    const { setup, document, alice, update, push, fetch } = await begun({ limits: { deliverBytes: 1000 } })
    const chunks = [0, 1, 2, 3, 4].map((index) => alice.chunk(index, 250))
    const snapshot = alice.snapshot([alice.upTo(update)], [], { chunks: chunks.map(({ id }) => id) })
    await push(...chunks.map(item), { type: 'snapshot', snapshot })
    const b = setup.client()
    await b.open(createAuthor(document))
    await setup.relay.idle()
    expect(brief(b.items()).filter((text) => !text.startsWith('certificate'))).toEqual([
      `snapshot ${short(snapshot.id)}`,
    ])
    const stranger = randomBytes(32)
    const found = await fetch([...chunks.map(({ id }) => id), stranger])
    expect(found.length).toBe(3)
    expect(found.flatMap(({ items }) => brief(items))).toEqual(chunks.map(({ id }) => `chunk ${short(id)}`))
    expect(found.flatMap(({ unknown }) => unknown).map(short)).toEqual([short(stranger)])
  })

  test('that was replaced and pruned takes its chunks along', async () => {
    const { setup, relay, alice, update, push, fetch } = await begun({ limits: { graceMs: 10 } })
    const [first, second] = [alice.chunk(0), alice.chunk(0)]
    const one = alice.snapshot([alice.upTo(update)], [], { chunks: [first.id] })
    const two = alice.snapshot([alice.upTo(update)], [one.id], { chunks: [second.id] })
    await push(item(first), { type: 'snapshot', snapshot: one })
    await push(item(second), { type: 'snapshot', snapshot: two })
    await relay.prune()
    expect((await fetch([first.id, second.id]))[0]?.unknown).toEqual([])
    setup.now += 11
    await relay.prune()
    const [found] = await fetch([first.id, second.id])
    expect(found?.unknown.map(short)).toEqual([short(first.id)])
    expect(brief(found?.items ?? [])).toEqual([`chunk ${short(second.id)}`])
  })

  test('counts with its chunks when a load is weighed against what happened since', async () => {
    const { setup, document, alice, a, update, push, logId } = await begun()
    const bob = createAuthor(document)
    const first = alice.chunk(0, 5000)
    const one = alice.snapshot([alice.upTo(update)], [], { chunks: [first.id] })
    await push(item(first))
    const before = a.delivers().at(-1)
    if (before === undefined) throw new Error('nothing came')
    const cursor = { logId, version: before.through, digest: before.digest }
    const since = async () => {
      const b = setup.client()
      await b.open(bob, { cursor })
      await setup.relay.idle()
      const items = brief(b.items()).filter((text) => !text.startsWith('certificate'))
      return { loads: b.delivers().map(({ load }) => load), items }
    }
    await push({ type: 'snapshot', snapshot: one }, alice.update({ bytes: 1000 }))
    expect((await since()).loads).toEqual(['none'])
    const second = alice.chunk(0, 5000)
    const two = alice.snapshot([alice.upTo(update)], [one.id], { chunks: [second.id] })
    await push(item(second), { type: 'snapshot', snapshot: two })
    const { loads, items } = await since()
    expect(loads.at(-1)).toBe('last')
    expect(items[0]).toBe(`snapshot ${short(two.id)}`)
    expect(items.length).toBe(2)
  })
})
