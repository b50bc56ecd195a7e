import { access, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLOSE, LIMITS, randomBytes, toHex } from 'sealsync/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import type { StartOptions } from '../src/index.ts'
import { type RunningRelay, startRelay } from '../src/server.ts'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { connectTo } from './socket-client.ts'

const running: RunningRelay[] = []

const start = async (options: StartOptions = {}): Promise<RunningRelay> => {
  const relay = await startRelay({ port: 0, store: 'memory:', ...options })
  running.push(relay)
  return relay
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((relay) => relay.close()))
})

describe('a server', () => {
  test('says that it is healthy, and what it is to those who ask for anything else', async () => {
    const { url } = await start()
    const http = url.replace('ws:', 'http:')
    const health = await fetch(`${http}/healthz`)
    expect([health.status, await health.text()]).toEqual([200, 'ok'])
    const other = await fetch(http)
    expect(other.status).toBe(426)
    expect(await other.text()).toContain('WebSocket')
  })

  test('carries an edit from one socket to another, and acks it', async () => {
    const { url } = await start()
    const document = createTestDocument()
    const [alice, bob] = [createAuthor(document), createAuthor(document)]
    const [a, b] = [await connectTo(url), await connectTo(url)]
    await a.open(alice)
    await b.open(bob)
    await b.next('deliver')
    for (const bytes of [40, 100, 200, 60_000, 70_000, 1_000_000]) {
      const update = alice.update({ bytes })
      expect(await a.push(update)).toEqual({ type: 'ack', id: update.id })
      const { items } = await b.next('deliver')
      expect(items.at(-1)).toMatchObject({ type: 'updates', updates: [{ id: update.id }] })
    }
  })

  test('takes an update of the largest size', async () => {
    const { url } = await start()
    const alice = createAuthor(createTestDocument())
    const a = await connectTo(url)
    await a.open(alice)
    expect(await a.push(alice.update({ bytes: LIMITS.updateBytes }))).toMatchObject({ type: 'ack' })
    const b = await connectTo(url)
    await b.open(createAuthor(alice.document))
    expect(await b.next('deliver')).toMatchObject({ load: 'part', items: [{ type: 'certificate' }] })
    expect(await b.next('deliver')).toMatchObject({ load: 'last', items: [{ type: 'updates' }] })
  })

  test('holds back what a slow reader cannot take, and catches it up when it reads again', async () => {
    const { url } = await start()
    const document = createTestDocument()
    const [alice, bob] = [createAuthor(document), createAuthor(document)]
    const [a, b] = [await connectTo(url), await connectTo(url)]
    await a.open(alice)
    await b.open(bob)
    b.socket.pause()
    const updates = alice.updates(40, 500_000)
    for (const update of updates) expect(await a.push(update)).toMatchObject({ type: 'ack' })
    b.socket.resume()
    const received: string[] = []
    while (received.length < updates.length) {
      const { items } = await b.next('deliver')
      for (const item of items) {
        if (item.type === 'updates') received.push(...item.updates.map(({ id }) => toHex(id)))
      }
    }
    expect(received).toEqual(updates.map(({ id }) => toHex(id)))
  })

  test('creates the directory of its database, keeps what it has across restarts, and keeps its key', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sealsync-'))
    const store = `sqlite:${join(directory, 'deep', 'relay.db')}`
    const alice = createAuthor(createTestDocument())
    const first = await start({ store })
    const a = await connectTo(first.url)
    const { logId } = await a.open(alice)
    await a.push(...alice.updates(3))
    await first.close()
    await access(join(directory, 'deep', 'relay.db'))
    const second = await start({ store })
    const b = await connectTo(second.url)
    expect(await b.open(createAuthor(alice.document), { create: false })).toMatchObject({
      logId,
      isNew: false,
    })
    expect(await b.next('deliver')).toMatchObject({ through: 3, load: 'last' })
    await second.close()
    await rm(directory, { recursive: true })
  })

  test('lets connections go with 1012 when it closes, and can be closed twice', async () => {
    const relay = await start()
    const a = await connectTo(relay.url)
    await a.open(createAuthor(createTestDocument()))
    await Promise.all([relay.close(), relay.close()])
    expect(await a.closed).toBe(CLOSE.goingAway)
    await expect(fetch(relay.url.replace('ws:', 'http:'))).rejects.toThrow()
  })
})

describe('an offender is dropped with the right code while an honest peer keeps working:', () => {
  const offences: [string, number, (socket: WebSocket) => void][] = [
    ['garbage', CLOSE.malformed, (socket) => socket.send(randomBytes(500))],
    ['an empty frame', CLOSE.malformed, (socket) => socket.send(new Uint8Array(0))],
    ['text', CLOSE.malformed, (socket) => socket.send('hello')],
    [
      'too much for a greeting',
      CLOSE.tooLarge,
      (socket) => socket.send(new Uint8Array(LIMITS.greetingBytes + 1)),
    ],
    [
      'far too much for a greeting',
      CLOSE.tooLarge,
      (socket) => socket.send(new Uint8Array(LIMITS.frameBytes)),
    ],
    [
      'a frame that never ends',
      CLOSE.tooLarge,
      (socket) => {
        for (let i = 0; i < 100; i++) socket.send(new Uint8Array(10_000), { fin: false })
      },
    ],
  ]
  for (const [name, code, offend] of offences) {
    test(name, async () => {
      const { url } = await start()
      const alice = createAuthor(createTestDocument())
      const honest = await connectTo(url)
      await honest.open(alice)
      const offender = await connectTo(url)
      offend(offender.socket)
      expect(await offender.closed).toBe(code)
      expect(await honest.push(alice.update())).toMatchObject({ type: 'ack' })
    })
  }

  test('a frame over the limit after a document was opened', async () => {
    const { url } = await start()
    const alice = createAuthor(createTestDocument())
    const [honest, offender] = [await connectTo(url), await connectTo(url)]
    await honest.open(alice)
    await offender.open(createAuthor(alice.document))
    offender.socket.send(new Uint8Array(LIMITS.frameBytes + 1))
    expect(await offender.closed).toBe(CLOSE.tooLarge)
    expect(await honest.push(alice.update())).toMatchObject({ type: 'ack' })
  })

  test('frames without end', async () => {
    const { url } = await start()
    const offender = await connectTo(url)
    offender.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
    await offender.next('hello')
    for (let i = 0; i < 30_000; i++) offender.send({ type: 'ping', token: i })
    expect(await offender.closed).toBe(CLOSE.tooManyRequests)
  })

  test('a broken WebSocket', async () => {
    const { url, port } = await start()
    const alice = createAuthor(createTestDocument())
    const honest = await connectTo(url)
    await honest.open(alice)
    const raw = connect(port, '127.0.0.1')
    raw.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    raw.once('data', () => raw.write(Buffer.alloc(5000, 0xff)))
    raw.on('error', () => undefined)
    await new Promise((resolve) => raw.once('close', resolve))
    expect(await honest.push(alice.update())).toMatchObject({ type: 'ack' })
  })
})

describe('starting is refused', () => {
  test('when the port is in use, naming it and saying what to do', async () => {
    const { port } = await start()
    await expect(start({ port })).rejects.toThrow(new RegExp(`port ${port} .*in use.*another port`))
  })

  test('with an unknown option, naming it and listing the known ones', async () => {
    const options: StartOptions = { port: 0 }
    Object.assign(options, { prot: 1 })
    await expect(startRelay(options)).rejects.toThrow(
      new TypeError("unknown option 'prot': known are port, host, store, limits, log"),
    )
  })

  test('with an unknown kind of store', async () => {
    for (const store of ['postgres://x', 'sqlite:', './x.db', '']) {
      await expect(startRelay({ port: 0, store })).rejects.toThrow(
        new TypeError(`unknown store '${store}': known are memory: and sqlite:PATH`),
      )
    }
  })

  test('with a port that is none, or an address that this machine does not have', async () => {
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      await expect(startRelay({ port, store: 'memory:' })).rejects.toThrow(TypeError)
    }
    await expect(start({ host: '192.0.2.1' })).rejects.toThrow(/no address 192\.0\.2\.1/)
  })

  test('with a database that cannot be opened', async () => {
    await expect(start({ store: 'sqlite:/dev/null/x.db' })).rejects.toThrow()
  })
})
