import { CLOSE } from 'sealsync/protocol'
import { beforeEach, expect, test } from 'vitest'
import { type CommitFault, createMemoryStore } from '../src/store/memory.ts'
import type { Store, Write } from '../src/store/store.ts'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, failures, setUp, short } from './client.ts'

beforeEach(() => {
  failures.length = 0
})

const begin = async (
  fault: (writes: readonly Write[]) => CommitFault | undefined,
  change = (store: Store) => store,
) => {
  const store = createMemoryStore({ fault })
  const setup = setUp({ store: change(store) })
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document)]
  const [a, b] = [setup.client(), setup.client()]
  await a.open(alice)
  await b.open(bob)
  a.clear()
  b.clear()
  return { ...setup, document, store, alice, bob, a, b }
}

const withoutCertificates = (items: string[]) => items.filter((item) => !item.startsWith('certificate'))

test('nothing is acked or fanned out before its commit', async () => {
  const waiting: (() => void)[] = []
  const { relay, alice, a, b } = await begin(
    () => undefined,
    (store) => ({
      ...store,
      commit: (writes) =>
        new Promise<void>((resolve, reject) => {
          waiting.push(() => void store.commit(writes).then(resolve, reject))
        }),
    }),
  )
  const updates = alice.updates(3)
  for (const update of updates) {
    a.push(update)
    for (let i = 0; i < 50; i++) await Promise.resolve()
  }
  expect([...a.frames, ...b.frames]).toEqual([])
  // The first went at once; what came while it was written shares the next commit.
  expect(waiting).toHaveLength(1)
  waiting.shift()?.()
  for (let i = 0; i < 50; i++) await Promise.resolve()
  expect(brief(a.items())).toEqual(updates.slice(0, 1).map(({ id }) => `ack ${short(id)}`))
  expect(waiting).toHaveLength(1)
  waiting.shift()?.()
  await relay.idle()
  expect(a.delivers()).toHaveLength(2)
  expect(brief(a.items())).toHaveLength(3)
})

test('when a commit fails, each push is tried alone, so that only the one at fault is refused', async () => {
  const poison = new Set<string>()
  const { relay, alice, bob, a, b } = await begin((writes) =>
    writes.some((write) => write.type === 'update' && poison.has(short(write.id))) ? 'fail' : undefined,
  )
  const [first, second, third] = alice.updates(3)
  const other = bob.update()
  if (!first || !second || !third) throw new Error('no updates')
  poison.add(short(second.id))
  a.push(first, second, third)
  b.push(other)
  await relay.idle()
  // The third is no gap: its predecessor will come again, and so shall it.
  expect(withoutCertificates(brief(a.items()))).toEqual([
    `ack ${short(first.id)}`,
    `refused unavailable ${short(second.id)}`,
    `refused unavailable ${short(third.id)}`,
    `update ${short(other.id)}`,
  ])
  expect(a.items().find((item) => item.type === 'refused')).toMatchObject({ retryAfterMs: 1000 })
  expect(failures.length).toBeGreaterThan(0)
  const fourth = alice.update()
  a.clear()
  a.push(fourth)
  await relay.idle()
  expect(brief(a.items())).toEqual([`refused unavailable ${short(fourth.id)}`])
  poison.clear()
  a.clear()
  a.push(second, third, fourth)
  await relay.idle()
  expect(brief(a.items())).toEqual([second, third, fourth].map(({ id }) => `ack ${short(id)}`))
  expect(b.delivers().at(-1)).toMatchObject({ through: 5, caughtUp: true })
})

test('a full disk refuses pushes for now and still serves reads', async () => {
  let isFull = false
  const { relay, client, document, alice, a } = await begin(() => (isFull ? 'fail' : undefined))
  const [first, second] = alice.updates(2)
  if (!first || !second) throw new Error('no updates')
  a.push(first)
  await relay.idle()
  isFull = true
  a.clear()
  a.push(second)
  await relay.idle()
  expect(brief(a.items())).toEqual([`refused unavailable ${short(second.id)}`])
  const c = client()
  await c.open(createAuthor(document))
  expect(brief(c.items()).at(-1)).toBe(`update ${short(first.id)}`)
  isFull = false
  a.push(second)
  await relay.idle()
  expect(brief(c.items()).at(-1)).toBe(`update ${short(second.id)}`)
})

test('a commit that was done although it seemed to fail is noticed: acked once, delivered once', async () => {
  let isUnsure = true
  const { relay, alice, a, b } = await begin(() => (isUnsure ? 'unsure' : undefined))
  const [first, second] = alice.updates(2)
  if (!first || !second) throw new Error('no updates')
  a.push(first)
  await relay.idle()
  isUnsure = false
  a.push(second)
  await relay.idle()
  const acks = brief(a.items()).filter((item) => item.startsWith('ack'))
  expect(acks).toContain(`ack ${short(first.id)}`)
  expect(acks).toContain(`ack ${short(second.id)}`)
  expect(withoutCertificates(brief(b.items()))).toEqual(
    [first, second].map(({ id }) => `update ${short(id)}`),
  )
  expect(b.delivers().at(-1)).toMatchObject({ through: 2, caughtUp: true })
})

test('a log that was replaced under the relay drops its connections, which open it anew', async () => {
  let isBroken = false
  const replacement = createMemoryStore()
  const { relay, client, alice, bob, a, b, store } = await begin(
    () => undefined,
    (original) => ({
      ...original,
      commit: (writes) => (isBroken ? Promise.reject(new Error('replaced')) : original.commit(writes)),
      loadDocument: (docId) => (isBroken ? replacement : original).loadDocument(docId),
    }),
  )
  a.push(alice.update())
  await relay.idle()
  const stored = await store.loadDocument(alice.document.docId)
  expect(stored).toBeDefined()
  isBroken = true
  b.push(bob.update())
  await relay.idle()
  expect([a.closed?.code, b.closed?.code]).toEqual([CLOSE.unavailable, CLOSE.unavailable])
  expect(relay.stats()).toMatchObject({ connections: 0, documents: 0 })
  const c = client()
  expect(await c.open(alice)).toMatchObject({ isNew: true })
})

test('a document that cannot be read is closed with a code that means later, others go on', async () => {
  let isBroken = false
  const { relay, client, document, alice, a } = await begin(
    () => undefined,
    (store) => ({
      ...store,
      readLoad: (docId, stretch) =>
        isBroken ? Promise.reject(new Error('bad sector')) : store.readLoad(docId, stretch),
      loadDocument: (docId) =>
        isBroken ? Promise.reject(new Error('bad sector')) : store.loadDocument(docId),
    }),
  )
  a.push(alice.update())
  await relay.idle()
  isBroken = true
  const [c, d] = [client(), client()]
  c.send(createAuthor(document).opening(await c.hello()))
  d.send(createAuthor(createTestDocument()).opening(await d.hello()))
  await relay.idle()
  expect(c.of('closed')).toMatchObject([{ code: CLOSE.unavailable }])
  expect(d.of('closed')).toMatchObject([{ code: CLOSE.unavailable }])
  expect([c.closed, d.closed]).toEqual([undefined, undefined])
  a.clear()
  const update = alice.update()
  a.push(update)
  await relay.idle()
  expect(brief(a.items())).toEqual([`ack ${short(update.id)}`])
  expect(relay.stats().documents).toBe(1)
})

test('without its key a relay answers later', async () => {
  const { relay, client } = setUp({
    store: { ...createMemoryStore(), relaySeed: () => Promise.reject(new Error('no disk')) },
  })
  const a = client()
  a.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
  await relay.idle()
  expect(a.closed?.code).toBe(CLOSE.unavailable)
})
