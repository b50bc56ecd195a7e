import { CLOSE, encodeToRelay, randomBytes } from 'sealsync/protocol'
import { describe, expect, test } from 'vitest'
import { certify, createAuthor, createTestDocument } from '../src/testing/author.ts'
import { setUp } from './client.ts'

describe('hello', () => {
  test('answers with the highest common version, the relay key and a nonce of its own', async () => {
    const { relay, client } = setUp()
    const [a, b] = [client(), client()]
    a.send({ type: 'hello', minVersion: 1, maxVersion: 9, token: '' })
    await relay.idle()
    const [first, second] = [await a.hello(), await b.hello()]
    expect(first.version).toBe(1)
    expect(first.relayKey).toEqual(second.relayKey)
    expect(first.nonce).not.toEqual(second.nonce)
  })

  test('without a common version closes with 4406', () => {
    const { client } = setUp()
    for (const [minVersion, maxVersion] of [
      [2, 9],
      [0, 0],
      [3, 1],
    ] as const) {
      const a = client()
      a.send({ type: 'hello', minVersion, maxVersion, token: '' })
      expect(a.closed?.code).toBe(CLOSE.unsupportedVersion)
    }
  })

  test('comes first, and once', async () => {
    const { client } = setUp()
    const [a, b] = [client(), client()]
    a.send({ type: 'ping', token: 1 })
    expect(a.closed?.code).toBe(CLOSE.malformed)
    await b.hello()
    b.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
    expect(b.closed?.code).toBe(CLOSE.malformed)
  })

  test('waits for its answer before anything else may come', () => {
    const { client } = setUp()
    const a = client()
    a.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
    a.send({ type: 'ping', token: 1 })
    expect(a.closed?.code).toBe(CLOSE.malformed)
  })
})

describe('frames', () => {
  test('that are garbage close with 4400 and harm nobody else', async () => {
    const { relay, client } = setUp()
    const honest = client()
    await honest.hello()
    for (let length = 0; length < 200; length++) {
      const a = client()
      await a.hello()
      a.connection.receive(randomBytes(length))
      const isPing = a.closed === undefined
      if (!isPing) expect(a.closed?.code).toBe(CLOSE.malformed)
    }
    honest.send({ type: 'ping', token: 77 })
    await relay.idle()
    expect(honest.of('pong')).toEqual([{ type: 'pong', token: 77 }])
  })

  test('are small before the first document is open, and bounded afterwards', async () => {
    const { client } = setUp({ limits: { greetingBytes: 2000, frameBytes: 5000 } })
    const alice = createAuthor(createTestDocument())
    const [a, b] = [client(), client()]
    await a.hello()
    a.connection.receive(new Uint8Array(2001))
    expect(a.closed?.code).toBe(CLOSE.tooLarge)
    await b.open(alice)
    b.push(alice.update({ bytes: 4000 }))
    expect(b.closed).toBeUndefined()
    b.connection.receive(new Uint8Array(5001))
    expect(b.closed?.code).toBe(CLOSE.tooLarge)
  })

  test('that only a relay sends close with 4400', async () => {
    const { client } = setUp()
    const alice = createAuthor(createTestDocument())
    const a = client()
    await a.open(alice)
    a.push({ type: 'ack', id: randomBytes(32) })
    expect(a.closed?.code).toBe(CLOSE.malformed)
  })

  test('for a channel that was just closed are ignored; for one that never was, they close with 4400', async () => {
    const { relay, client } = setUp()
    const alice = createAuthor(createTestDocument())
    const a = client()
    const { channel } = await a.open(alice)
    a.send({ type: 'close', channel })
    a.push(alice.update())
    a.send({ type: 'fetch', channel, ids: [randomBytes(32)] })
    await relay.idle()
    expect(a.closed).toBeUndefined()
    a.send({ type: 'push', channel: 99, items: [] })
    expect(a.closed?.code).toBe(CLOSE.malformed)
  })

  test('after the end of a connection are ignored', async () => {
    const { relay, client } = setUp()
    const a = client()
    await a.hello()
    a.connection.disconnect()
    a.connection.disconnect()
    a.connection.receive(encodeToRelay({ type: 'ping', token: 1 }))
    a.connection.drained()
    await relay.idle()
    expect(a.of('pong')).toEqual([])
    expect(relay.stats().connections).toBe(0)
  })
})

describe('an opening is refused with 4403', () => {
  test('when the certificate was not issued by the key of its role', async () => {
    const { client } = setUp()
    const document = createTestDocument()
    const alice = createAuthor(document)
    for (const role of ['writer', 'reader', 'admin'] as const) {
      const issuer = role === 'writer' ? document.readKey : document.writeKey
      const a = client()
      const certificate = certify(document, alice.device.publicKey, { role, issuer })
      const forged = { ...alice, certificate }
      await a.hello()
      a.send(createAuthor(document).opening(await a.hello(), { certificate: forged.certificate }))
      expect(a.of('closed')).toMatchObject([{ docId: document.docId, code: CLOSE.forbidden }])
      expect(a.closed).toBeUndefined()
    }
  })

  test('when the certificate is for another document', async () => {
    const { client } = setUp()
    const [document, other] = [createTestDocument(), createTestDocument()]
    const a = client()
    const { certificate } = createAuthor(other)
    a.send(createAuthor(document).opening(await a.hello(), { certificate }))
    expect(a.of('closed')[0]?.code).toBe(CLOSE.forbidden)
  })

  test('when a proof is missing, or was made for another connection', async () => {
    const { client } = setUp()
    const alice = createAuthor(createTestDocument())
    const [a, b] = [client(), client()]
    const [mine, others] = [await a.hello(), await b.hello()]
    const stolen = alice.opening(others)
    a.send(stolen)
    a.send(alice.opening(mine, { readProof: new Uint8Array(64) }))
    a.send(alice.opening(mine, { deviceProof: new Uint8Array(64) }))
    expect(a.of('closed').map(({ code }) => code)).toEqual(Array(3).fill(CLOSE.forbidden))
    await a.open(alice)
    expect(a.of('opened')).toHaveLength(1)
  })
})

describe('an opening', () => {
  test('with create: false of a document that is not stored is refused with 4404', async () => {
    const { relay, client } = setUp()
    const alice = createAuthor(createTestDocument())
    const a = client()
    a.send(alice.opening(await a.hello(), { create: false }))
    await relay.idle()
    expect(a.of('closed')).toMatchObject([{ code: CLOSE.notFound }])
    expect(relay.stats().documents).toBe(0)
  })

  test('with create: true makes a log that is stored with its first commit only', async () => {
    const { relay, client, store } = setUp()
    const alice = createAuthor(createTestDocument())
    const [a, b] = [client(), client()]
    const opened = await a.open(alice)
    expect(opened).toMatchObject({ isNew: true, complete: true, attempt: 1 })
    expect(await store.loadDocument(alice.document.docId)).toBeUndefined()
    b.send(alice.opening(await b.hello(), { create: false }))
    await relay.idle()
    expect(b.of('closed')).toMatchObject([{ code: CLOSE.notFound }])
    a.push(alice.update())
    await relay.idle()
    expect((await store.loadDocument(alice.document.docId))?.logId).toEqual(opened.logId)
    expect(await b.open(alice, { create: false })).toMatchObject({ isNew: false, logId: opened.logId })
  })

  test('gives all connections of a document one channel, and each its own number', async () => {
    const { client } = setUp()
    const document = createTestDocument()
    const [a, b, c] = [client(), client(), client()]
    const first = await a.open(createAuthor(document))
    const second = await b.open(createAuthor(document))
    const other = await c.open(createAuthor(createTestDocument()))
    expect(second.channel).toBe(first.channel)
    expect(other.channel).not.toBe(first.channel)
    expect(new Set([first, second, other].map(({ connection }) => connection)).size).toBe(3)
  })

  test('of more documents than a connection may have is refused, others stay open', async () => {
    const { relay, client } = setUp({ limits: { documents: 2 } })
    const authors = [1, 2, 3].map(() => createAuthor(createTestDocument()))
    const a = client()
    for (const author of authors) a.send(author.opening(await a.hello()))
    await relay.idle()
    expect(a.of('opened')).toHaveLength(2)
    expect(a.of('closed')).toMatchObject([{ docId: authors[2]?.document.docId, code: CLOSE.tooManyRequests }])
  })

  test('repeated on one connection replaces the one before: only the last attempt is served', async () => {
    const { relay, client } = setUp()
    const document = createTestDocument()
    const alice = createAuthor(document)
    const a = client()
    const hello = await a.hello()
    for (const attempt of [1, 2, 3]) a.send(alice.opening(hello, { attempt }))
    await relay.idle()
    expect(a.of('opened').map(({ attempt }) => attempt)).toEqual([3])
    expect(a.delivers()).toHaveLength(1)
    await a.open(alice, { attempt: 4 })
    a.clear()
    a.push(alice.update())
    await relay.idle()
    expect(a.delivers()).toHaveLength(1)
    expect(relay.stats()).toMatchObject({ documents: 1, connections: 1 })
  })

  test('that is no longer wanted when the store has answered leaves nothing behind', async () => {
    const { relay, client } = setUp()
    const alice = createAuthor(createTestDocument())
    const a = client()
    a.send(alice.opening(await a.hello()))
    a.connection.disconnect()
    await relay.idle()
    expect(a.of('opened')).toEqual([])
    expect(relay.stats()).toEqual({ connections: 0, documents: 0, waiting: 0 })
  })
})

test('a document that nobody has open is dropped from memory', async () => {
  const { relay, client } = setUp()
  const alice = createAuthor(createTestDocument())
  const [a, b] = [client(), client()]
  const { channel } = await a.open(alice)
  await b.open(alice)
  a.push(alice.update())
  b.connection.disconnect()
  a.send({ type: 'close', channel })
  await relay.idle()
  expect(relay.stats()).toMatchObject({ documents: 0, waiting: 0 })
})

test('closing the relay drops everyone with 1012', async () => {
  const { relay, client } = setUp()
  const a = client()
  await a.open(createAuthor(createTestDocument()))
  await relay.close()
  expect(a.closed?.code).toBe(CLOSE.goingAway)
})
