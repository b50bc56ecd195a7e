import { CLOSE, LIMITS, randomBytes } from 'sealsync/protocol'
import { expect, test } from 'vitest'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, type Client, setUp, short } from './client.ts'

const MiB = 1024 * 1024

const begin = async (options?: Parameters<typeof setUp>[0]) => {
  const setup = setUp(options)
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document)]
  const [a, b] = [setup.client(), setup.client()]
  await a.open(alice)
  const { channel } = await b.open(bob)
  a.clear()
  b.clear()
  return { ...setup, alice, bob, a, b, channel }
}

const drain = (client: Client): void => {
  client.buffered = 0
  client.connection.drained()
}

test('a lagging peer gets neither deliveries nor acks until it has drained, then all of it in order', async () => {
  const { relay, alice, bob, a, b } = await begin()
  const before = alice.update()
  a.push(before)
  await relay.idle()
  b.clear()
  b.buffered = MiB + 1
  const [first, second, mine, bad] = [alice.update(), alice.update(), bob.update(), bob.updates(2)[1]]
  if (bad === undefined) throw new Error('no update')
  a.push(first)
  await relay.idle()
  b.push(mine, bad)
  await relay.idle()
  a.push(second)
  await relay.idle()
  expect(b.frames).toEqual([])
  drain(b)
  await relay.idle()
  expect(brief(b.items()).filter((item) => !item.startsWith('certificate'))).toEqual([
    `update ${short(first.id)}`,
    `ack ${short(mine.id)}`,
    `refused gap ${short(bad.id)}`,
    `update ${short(second.id)}`,
  ])
  const frames = b.delivers()
  expect(frames[0]?.after).toBe(1)
  expect(frames.at(-1)).toMatchObject({ through: 4, caughtUp: true })
})

test('a peer that lags does not slow others down', async () => {
  const { relay, alice, a, b } = await begin()
  b.buffered = 2 * MiB
  const updates = alice.updates(50)
  for (const update of updates) a.push(update)
  await relay.idle()
  expect(brief(a.items())).toHaveLength(50)
  expect(b.frames).toEqual([])
})

test('exactly the limit is not lagging yet', async () => {
  const { relay, alice, a, b } = await begin()
  b.buffered = MiB
  a.push(alice.update())
  await relay.idle()
  expect(b.delivers()).toHaveLength(1)
})

test('a load pauses when its receiver lags and goes on when it has drained', async () => {
  const { relay, client, alice, a } = await begin({ limits: { deliverBytes: 2000, laggingBytes: 1 } })
  a.push(...alice.updates(20, 300))
  await relay.idle()
  const c = client()
  c.send(alice.opening(await c.hello()))
  while (c.delivers().length === 0) await Promise.resolve()
  c.buffered = 2
  await relay.idle()
  const sofar = c.delivers().length
  expect(c.delivers().at(-1)?.load).toBe('part')
  drain(c)
  await relay.idle()
  expect(c.delivers().length).toBeGreaterThan(sofar)
  expect(c.delivers().at(-1)).toMatchObject({ load: 'last', through: 20, caughtUp: true })
})

test('what was pruned while a peer lagged comes as one load', async () => {
  const { relay, alice, a, b } = await begin({ limits: { graceMs: 0 } })
  b.buffered = 2 * MiB
  const updates = alice.updates(3)
  const [, , last] = updates
  if (last === undefined) throw new Error('no update')
  const snapshot = alice.snapshot([alice.upTo(last)])
  a.push(...updates, { type: 'snapshot', snapshot })
  await relay.idle()
  await relay.prune()
  drain(b)
  await relay.idle()
  expect(b.delivers().map(({ load, after, through }) => [load, after, through])).toEqual([
    ['part', 0, 4],
    ['last', 0, 4],
  ])
  expect(brief(b.items()).at(-1)).toBe(`snapshot ${short(snapshot.id)}`)
  expect(b.delivers().at(-1)?.caughtUp).toBe(true)
})

test('ephemerals are not kept for who lags', async () => {
  const { relay, alice, a, b, channel } = await begin()
  b.buffered = 2 * MiB
  a.send({ type: 'ephemeral', channel, ephemeral: alice.ephemeral() })
  drain(b)
  await relay.idle()
  expect(b.frames).toEqual([])
})

test('a peer that makes the relay answer and never reads is dropped', async () => {
  const { b } = await begin()
  b.buffered = LIMITS.frameBytes + 17 * MiB
  b.send({ type: 'ping', token: 1 })
  expect(b.closed?.code).toBe(CLOSE.silent)
})

test('a peer that pushes without reading the answers is dropped', async () => {
  const { relay, bob, b } = await begin({ limits: { waitingAnswers: 10 } })
  b.buffered = 2 * MiB
  bob.update()
  b.push(...bob.updates(11))
  await relay.idle()
  expect(b.closed?.code).toBe(CLOSE.tooManyRequests)
})

test('a peer that fetches without reading the answers is dropped', async () => {
  const { b, channel } = await begin({ limits: { waitingFetches: 10 } })
  b.buffered = 2 * MiB
  b.send({ type: 'fetch', channel, ids: Array.from({ length: 10 }, () => randomBytes(32)) })
  expect(b.closed).toBeUndefined()
  b.send({ type: 'fetch', channel, ids: [randomBytes(32)] })
  expect(b.closed?.code).toBe(CLOSE.tooManyRequests)
})
