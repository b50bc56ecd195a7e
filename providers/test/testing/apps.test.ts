/** Whole clients on the relays of the kit: providers, real sockets' code, on fake time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { cryptoReady } from '../../src/crypto.ts'
import { generateSecret } from '../../src/keys/secret.ts'
import {
  createEvilRelay,
  createEvilWriter,
  createModelRelay,
  createRandom,
  type ModelRelay,
  type Random,
  type Script,
  scripts,
} from '../../src/testing/index.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'

const secret = generateSecret()
let providers: SealsyncProvider[] = []

beforeEach(async () => {
  // WebAssembly loads in real time.
  await cryptoReady
  vi.useFakeTimers()
})
afterEach(() => {
  for (const provider of providers) provider.destroy()
  providers = []
  vi.useRealTimers()
})

const open = (relay: ModelRelay, name?: string): SealsyncProvider => {
  const WebSocketPolyfill = name === undefined ? relay.WebSocket : relay.socketOf(name)
  const provider = new SealsyncProvider('ws://relay.test', 'room', new Y.Doc(), { secret, WebSocketPolyfill })
  providers.push(provider)
  return provider
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)
const text = ({ doc }: SealsyncProvider): string => doc.getText('text').toString()
const write = ({ doc }: SealsyncProvider, words: string): void => {
  const shared = doc.getText('text')
  shared.insert(shared.length, words)
}

describe('the sockets of a relay in memory', () => {
  test('two providers meet over them', async () => {
    const relay = createModelRelay({ random: createRandom(1) })
    const [a, b] = [open(relay), open(relay)]
    await pass(1000)
    write(a, 'hello')
    await pass(1000)
    expect(text(b)).toBe('hello')
    expect([a.syncStatus, b.syncStatus]).toEqual(['saved', 'saved'])
    expect(
      relay
        .log()
        .map(({ from }) => from)
        .join(),
    ).toMatch(/^client [12]$/)
    expect(relay.documents()).toHaveLength(1)
  })

  test('a provider says that somebody writes in the form of a newer version, and goes on', async () => {
    const relay = createModelRelay({ random: createRandom(1) })
    const older = open(relay)
    await pass(1000)
    expect(older.getSnapshot().upgradeNeeded).toBe(false)
    const newer = createEvilWriter({ relay, random: createRandom(2), secret, room: 'room' })
    newer.push(newer.update({ encoding: 60, payload: new Uint8Array(8) }))
    await pass(1000)
    expect(older.getSnapshot()).toMatchObject({ upgradeNeeded: true, syncStatus: 'saved' })
    write(older, 'goes on')
    await pass(1000)
    const late = open(relay)
    await pass(1000)
    expect(text(late)).toBe('goes on')
    expect(late.getSnapshot().upgradeNeeded).toBe(true)
  })

  test('a provider that goes and comes back is the relay’s client of the same name', async () => {
    const relay = createModelRelay({ random: createRandom(1) })
    const a = open(relay, 'alice')
    await pass(1000)
    a.disconnect()
    write(a, 'offline')
    await pass(1000)
    expect(relay.log()).toHaveLength(0)
    a.connect()
    await pass(1000)
    expect(relay.log().map(({ from }) => from)).toEqual(['alice'])
  })

  test('a relay that starts again is found again, and loses nothing', async () => {
    const relay = createModelRelay({ random: createRandom(1) })
    const [a, b] = [open(relay), open(relay)]
    await pass(1000)
    write(a, 'before ')
    relay.restart()
    write(b, 'meanwhile')
    await pass(20_000)
    expect([...text(a)].sort()).toEqual([...'before meanwhile'].sort())
    expect(text(b)).toBe(text(a))
  })

  test('what is sent arrives in order, and a close after it', async () => {
    const relay = createModelRelay({ random: createRandom(3) })
    const socket = new relay.WebSocket('ws://relay.test')
    const seen: string[] = []
    for (const name of ['open', 'message', 'close'])
      socket.addEventListener(name, (event) => seen.push('code' in event ? `${name} ${event.code}` : name))
    await pass(100)
    // Version 9 is not spoken: the relay answers by closing.
    socket.send(Uint8Array.of(1, 9, 9, 0))
    await pass(100)
    expect(seen).toEqual(['open', 'close 4406'])
    expect(socket.readyState).toBe(3)
  })
})

describe('a relay that dawdles or talks rubbish costs time, and nothing else', () => {
  const noises: Readonly<Record<string, (random: Random) => Script>> = {
    garbage: (random) => scripts.garbage({ random, reader: 'bob' }),
    'mutated frames': (random) => scripts.mutate({ random, probability: 0.3, reader: 'bob' }),
    'loads that never end': () => scripts.stall({ reader: 'bob' }),
    'late answers': (random) => scripts.slow({ delayMs: 8000, random, reader: 'bob' }),
    'loads in drips': () => scripts.drip({ everyMs: 4000, reader: 'bob' }),
    'cut snapshots': () => scripts.truncateSnapshots({ reader: 'bob' }),
    'ephemerals of ghosts': () => scripts.replayPresence({ reader: 'bob' }),
    'mixed-up presence': () => scripts.mixUpPresence({ reader: 'bob' }),
  }

  test.each(Object.entries(noises))('%s', async (_, noise) => {
    const relay = createEvilRelay({ random: createRandom(1) })
    const alice = open(relay, 'alice')
    await pass(1000)
    write(alice, 'a')
    await pass(500)
    await Promise.all([alice.snapshot(), pass(8000)])
    let sockets = 0
    const connect = relay.connect.bind(relay)
    relay.connect = (...args) => {
      sockets += 1
      return connect(...args)
    }
    relay.lie(noise(createRandom(2)))
    const bob = open(relay, 'bob')
    for (let i = 0; i < 12; i++) {
      await pass(5000)
      write(alice, 'a')
      write(bob, 'b')
      if (i % 4 === 3) relay.restart()
      expect(text(bob)).toMatch(/^[ab]*$/)
    }
    // It tries again with growing pauses, up to half a minute.
    expect(sockets).toBeLessThan(60)
    expect([...text(bob)].filter((letter) => letter === 'b')).toHaveLength(12)
    relay.lie()
    relay.restart()
    await pass(90_000)
    expect(text(bob)).toBe(text(alice))
    expect(text(alice)).toHaveLength(25)
    expect([alice.syncStatus, bob.syncStatus]).toEqual(['saved', 'saved'])
  })
})
