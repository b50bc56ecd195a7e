import { CLOSE } from 'sealsync/protocol'
import { expect, test } from 'vitest'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { setUp } from './client.ts'

const begin = async () => {
  const setup = setUp()
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document, { role: 'reader' })]
  const [a, b] = [setup.client(), setup.client()]
  const first = await a.open(alice)
  const second = await b.open(bob)
  return { ...setup, document, alice, bob, a, b, first, second, channel: first.channel }
}

test('a newcomer is told who is there right after it has opened, and they are told of it', async () => {
  const { a, b, alice, bob, first, second, channel } = await begin()
  expect(b.frames.map(({ type }) => type)).toEqual(['hello', 'opened', 'joined', 'deliver'])
  expect(b.of('joined')).toEqual([
    { type: 'joined', channel, connection: first.connection, certificate: alice.certificate },
  ])
  expect(a.of('joined')).toEqual([
    { type: 'joined', channel, connection: second.connection, certificate: bob.certificate },
  ])
})

test('ephemerals reach all others with the number of the connection, and are not stored', async () => {
  const { relay, client, document, store, bob, a, b, second, channel } = await begin()
  const ephemeral = bob.ephemeral()
  b.send({ type: 'ephemeral', channel, ephemeral })
  await relay.idle()
  expect(a.of('ephemeral')).toEqual([
    { type: 'ephemeral', channel, connection: second.connection, ephemeral },
  ])
  expect(b.of('ephemeral')).toEqual([])
  const c = client()
  await c.open(createAuthor(document))
  expect(c.of('ephemeral')).toEqual([])
  expect(await store.loadDocument(document.docId)).toBeUndefined()
})

test('an ephemeral in the name of another device goes nowhere', async () => {
  const { alice, a, b, channel } = await begin()
  b.send({ type: 'ephemeral', channel, ephemeral: alice.ephemeral() })
  expect(a.of('ephemeral')).toEqual([])
  expect(b.closed).toBeUndefined()
})

test('an ephemeral of another document is malformed', async () => {
  const { b, channel } = await begin()
  b.send({ type: 'ephemeral', channel, ephemeral: createAuthor(createTestDocument()).ephemeral() })
  expect(b.closed?.code).toBe(CLOSE.malformed)
})

test('who closes the document or loses its connection has left, once', async () => {
  const { client, document, a, b, second, channel } = await begin()
  const c = client()
  const third = await c.open(createAuthor(document))
  b.send({ type: 'close', channel })
  b.send({ type: 'close', channel })
  c.connection.disconnect()
  expect(a.of('left')).toEqual([
    { type: 'left', channel, connection: second.connection },
    { type: 'left', channel, connection: third.connection },
  ])
  expect(b.of('left')).toEqual([])
})

test('opening again in the same session is no news for others; in another session it is', async () => {
  const { relay, document, bob, alice, a, b, first, second, channel } = await begin()
  a.clear()
  b.clear()
  await b.open(bob, { attempt: 2 })
  expect(a.frames).toEqual([])
  expect(b.of('joined')).toEqual([
    { type: 'joined', channel, connection: first.connection, certificate: alice.certificate },
  ])
  const again = createAuthor(document, { device: bob.device })
  await b.open(again, { attempt: 3 })
  await relay.idle()
  expect(a.frames).toEqual([
    { type: 'left', channel, connection: second.connection },
    { type: 'joined', channel, connection: second.connection, certificate: again.certificate },
  ])
})
