import { beforeAll, describe, expect, test } from 'vitest'
import { documentKeys } from '../../src/keys/root.ts'
import { createVault } from '../../src/keys/vault.ts'
import {
  CLOSE,
  cryptoReady,
  decodeToRelay,
  EMPTY_DIGEST,
  encodeToClient,
  hash,
  LIMITS,
  type ToClient,
  type ToRelay,
  toHex,
} from '../../src/protocol/index.ts'
import type { Input } from '../../src/sync/effects.ts'
import { createLink, type LinkEffect, type LinkInput } from '../../src/sync/link.ts'

beforeAll(() => cryptoReady)

const relayKey = new Uint8Array(32).fill(1)
const nonce = new Uint8Array(32).fill(2)
const hello: ToClient = { type: 'hello', version: 1, relayKey, nonce }

const setUp = () => {
  const link = createLink()
  const routed: { readonly docId: string; readonly input: Input }[] = []
  const sent: ToRelay[] = []
  const drops: number[] = []
  const channels = new Map<number, Uint8Array>()
  const state = { now: 1000, greeted: 0 }
  const perform = (effect: LinkEffect): void => {
    if (effect.type === 'route') routed.push(effect)
    if (effect.type === 'drop') drops.push(effect.code)
    if (effect.type === 'greeted') state.greeted += 1
    if (effect.type !== 'send') return
    const frame = decodeToRelay(effect.bytes, (channel) => channels.get(channel))
    if (!frame.ok) throw new Error(frame.error)
    sent.push(frame.value)
  }
  const step = (input: LinkInput): void => {
    for (const effect of link.step(input, state.now)) perform(effect)
  }
  const receive = (frame: ToClient): void => step({ type: 'received', bytes: encodeToClient(frame) })
  return {
    link,
    routed,
    sent,
    drops,
    channels,
    state,
    step,
    receive,
    up: () => {
      step({ type: 'opened', token: 't' })
      receive(hello)
    },
    wait: (ms: number) => {
      state.now += ms
      step({ type: 'woke' })
    },
    clear: () => {
      routed.length = 0
      sent.length = 0
    },
  }
}

const makeDocument = (room: string) => {
  const vault = createVault({
    keys: documentKeys(new Uint8Array(32).fill(7), room),
    deviceSeed: new Uint8Array(32).fill(9),
    role: 'writer',
  })
  const certificate = vault.certify(new Uint8Array(8))
  return {
    docId: vault.docId,
    key: toHex(vault.docId),
    open: (attempt: number): ToRelay => ({
      type: 'open',
      attempt,
      create: true,
      genesis: vault.genesis,
      certificate,
      ...vault.prove(relayKey, nonce, certificate),
      cursor: undefined,
    }),
    opened: (attempt: number, channel = 5): ToClient => ({
      type: 'opened',
      docId: vault.docId,
      attempt,
      channel,
      connection: 1,
      logId: hash('log-digest', vault.docId).slice(0, 16),
      complete: true,
      isNew: true,
    }),
  }
}

const deliver = (channel: number): ToClient => ({
  type: 'deliver',
  channel,
  load: 'none',
  piece: 0,
  after: 0,
  through: 0,
  digest: EMPTY_DIGEST,
  caughtUp: true,
  items: [],
})

describe('the greeting', () => {
  test('says hello with the token, and connects every document once it is answered', () => {
    const [one, two] = [makeDocument('1'), makeDocument('2')]
    const { step, receive, sent, routed, state } = setUp()
    step({ type: 'attach', docId: one.docId })
    step({ type: 'opened', token: 'secret token' })
    expect(sent).toEqual([{ type: 'hello', minVersion: 1, maxVersion: 1, token: 'secret token' }])
    expect(routed).toEqual([])
    receive(hello)
    step({ type: 'attach', docId: two.docId })
    const input = { type: 'connected', relayKey, nonce }
    expect(routed).toMatchObject([
      { docId: one.key, input },
      { docId: two.key, input },
    ])
    expect(state.greeted).toBe(1)
  })

  test('that does not come costs the connection, and not for good', () => {
    const { link, step, wait, drops, state } = setUp()
    step({ type: 'opened', token: '' })
    expect(link.wakeAt()).toBe(state.now + 10_000)
    wait(9_999)
    expect(drops).toEqual([])
    wait(1)
    expect(drops).toEqual([CLOSE.silent])
    expect(link.wakeAt()).toBeUndefined()
  })

  test('of a version that we cannot speak ends it for good', () => {
    const { step, receive, drops } = setUp()
    step({ type: 'opened', token: '' })
    receive({ ...hello, version: 2 })
    expect(drops).toEqual([CLOSE.unsupportedVersion])
  })

  test('must come first, and once', () => {
    const first = setUp()
    first.step({ type: 'opened', token: '' })
    first.receive({ type: 'pong', token: 1 })
    expect(first.drops).toEqual([4500])
    const second = setUp()
    second.up()
    second.receive(hello)
    expect(second.drops).toEqual([4500])
  })
})

describe('frames', () => {
  test('find their document by channel, with the number of the session in opened', () => {
    const [one, two] = [makeDocument('1'), makeDocument('2')]
    const { step, receive, sent, routed, up, clear } = setUp()
    for (const { docId } of [one, two]) step({ type: 'attach', docId })
    up()
    clear()
    step({ type: 'transmit', docId: one.docId, frame: one.open(41) })
    step({ type: 'transmit', docId: two.docId, frame: two.open(41) })
    const wire = sent.map((frame) => (frame.type === 'open' ? frame.attempt : -1))
    expect(new Set(wire).size).toBe(2)
    receive(two.opened(wire[1] ?? 0, 8))
    receive(one.opened(wire[0] ?? 0, 9))
    receive(deliver(9))
    receive({ type: 'closed', docId: two.docId, code: 4404, reason: 'gone' })
    receive(deliver(8))
    expect(routed.map(({ docId, input }) => [docId, input.type === 'received' && input.frame.type])).toEqual([
      [two.key, 'opened'],
      [one.key, 'opened'],
      [one.key, 'deliver'],
      [two.key, 'closed'],
    ])
    expect(routed[0]).toMatchObject({ input: { frame: { attempt: 41, channel: 8 } } })
  })

  test('of a channel that is not open are ignored: they may have been under way', () => {
    const one = makeDocument('1')
    const { receive, drops, up, routed, clear } = setUp()
    up()
    clear()
    receive(deliver(3))
    receive({ type: 'left', channel: 3, connection: 1 })
    receive({ type: 'found', channel: 3, items: [], unknown: [] })
    receive({ type: 'closed', docId: one.docId, code: 4404, reason: '' })
    receive(one.opened(77))
    expect([drops, routed]).toEqual([[], []])
  })

  test.each([
    ['empty', new Uint8Array(0)],
    ['unknown', Uint8Array.of(200, 1, 2)],
    ['cut off', encodeToClient(hello).subarray(0, 20)],
    ['too long', new Uint8Array(LIMITS.frameBytes + 1)],
  ])('that are %s cost the connection, and not for good', (_what, bytes) => {
    const one = makeDocument('1')
    const { step, up, drops, routed } = setUp()
    step({ type: 'attach', docId: one.docId })
    up()
    step({ type: 'received', bytes })
    step({ type: 'received', bytes })
    expect(drops).toEqual([4500])
    expect(routed.at(-1)).toEqual(expect.objectContaining({ input: { type: 'disconnected' } }))
  })

  test('that give one channel to two documents cost the connection', () => {
    const [one, two] = [makeDocument('1'), makeDocument('2')]
    const { step, receive, up, drops } = setUp()
    for (const { docId } of [one, two]) step({ type: 'attach', docId })
    up()
    step({ type: 'transmit', docId: one.docId, frame: one.open(1) })
    step({ type: 'transmit', docId: two.docId, frame: two.open(1) })
    receive(one.opened(1, 5))
    receive(two.opened(2, 5))
    expect(drops).toEqual([4500])
  })
})

describe('closing a document', () => {
  test('closes its channel, also when the relay answers only afterwards', () => {
    const [one, two] = [makeDocument('1'), makeDocument('2')]
    const { step, receive, up, sent, clear } = setUp()
    for (const { docId } of [one, two]) step({ type: 'attach', docId })
    up()
    step({ type: 'transmit', docId: one.docId, frame: one.open(1) })
    step({ type: 'transmit', docId: two.docId, frame: two.open(1) })
    receive(one.opened(1, 5))
    clear()
    step({ type: 'detach', docId: one.docId })
    step({ type: 'detach', docId: two.docId })
    expect(sent).toEqual([{ type: 'close', channel: 5 }])
    receive(two.opened(2, 6))
    expect(sent.at(-1)).toEqual({ type: 'close', channel: 6 })
    step({ type: 'detach', docId: two.docId })
    expect(sent).toHaveLength(2)
  })

  test('and opening it again at once does not take the old answer for the new one', () => {
    const one = makeDocument('1')
    const { step, receive, up, routed, sent, clear } = setUp()
    step({ type: 'attach', docId: one.docId })
    up()
    step({ type: 'transmit', docId: one.docId, frame: one.open(1) })
    step({ type: 'detach', docId: one.docId })
    step({ type: 'attach', docId: one.docId })
    step({ type: 'transmit', docId: one.docId, frame: one.open(1) })
    clear()
    receive(one.opened(1))
    receive(deliver(5))
    expect([routed, sent]).toEqual([[], []])
    receive(one.opened(2))
    expect(routed).toMatchObject([{ input: { frame: { type: 'opened', attempt: 1 } } }])
  })
})

describe('the heartbeat', () => {
  test('asks after 15 s of silence and gives the relay 5 s', () => {
    const { up, wait, sent, drops, clear, link, state } = setUp()
    up()
    clear()
    expect(link.wakeAt()).toBe(state.now + 15_000)
    wait(14_999)
    expect(sent).toEqual([])
    wait(1)
    expect(sent).toEqual([{ type: 'ping', token: 1 }])
    wait(4_999)
    expect(drops).toEqual([])
    wait(1)
    expect(drops).toEqual([CLOSE.silent])
  })

  test('is quiet while anything arrives, and calm when it is answered', () => {
    const { up, wait, sent, drops, clear, receive } = setUp()
    up()
    clear()
    wait(15_000)
    receive({ type: 'pong', token: 1 })
    wait(14_000)
    receive(deliver(3))
    wait(14_000)
    expect(sent).toHaveLength(1)
    wait(1_000)
    for (let i = 0; i < 5; i++) {
      wait(4_000)
      receive(deliver(3))
    }
    expect(drops).toEqual([])
  })

  test('asks at once when there is reason to doubt, once, and waits only 3 s', () => {
    const { up, wait, step, sent, drops, clear } = setUp()
    up()
    clear()
    step({ type: 'probe' })
    step({ type: 'probe' })
    expect(sent).toHaveLength(1)
    wait(3_000)
    expect(drops).toEqual([CLOSE.silent])
  })

  test('of a device that slept asks first: the relay may still be there', () => {
    const { up, wait, drops, sent, clear, receive } = setUp()
    up()
    clear()
    wait(3_600_000)
    expect(drops).toEqual([])
    receive({ type: 'pong', token: sent[0]?.type === 'ping' ? sent[0].token : 0 })
    wait(1)
    expect(sent).toHaveLength(1)
  })

  test('does not ask where nobody has greeted', () => {
    const { step, sent } = setUp()
    step({ type: 'probe' })
    step({ type: 'opened', token: '' })
    step({ type: 'probe' })
    expect(sent).toHaveLength(1)
  })
})

test('a connection that ends is told to its documents once, and the next one begins anew', () => {
  const one = makeDocument('1')
  const { step, up, routed, receive, clear, sent } = setUp()
  step({ type: 'attach', docId: one.docId })
  up()
  step({ type: 'transmit', docId: one.docId, frame: one.open(1) })
  clear()
  step({ type: 'closed' })
  step({ type: 'closed' })
  step({ type: 'transmit', docId: one.docId, frame: { type: 'close', channel: 5 } })
  receive(one.opened(1))
  expect(routed.map(({ input }) => input.type)).toEqual(['disconnected'])
  expect(sent).toEqual([])
  up()
  receive(one.opened(1))
  expect(routed.map(({ input }) => input.type)).toEqual(['disconnected', 'connected'])
})
