import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady, signingKey, verify } from '../../src/crypto.ts'
import { type Certificate, type Ephemeral, LIMITS, toHex, utf8 } from '../../src/protocol/index.ts'
import { decodeEphemeralInner, encodeEphemeralInner } from '../../src/sync/content.ts'
import type { Effect } from '../../src/sync/effects.ts'
import { createPresence, type Presence } from '../../src/sync/presence.ts'
import { fakeSigning, fakeVerify } from '../../src/testing/fake-signing.ts'
import { createRandom } from '../../src/testing/random.ts'
import { counting, sampleVault } from '../vectors/samples.ts'

beforeAll(() => cryptoReady)

interface Guest extends Presence {
  readonly connection: number
  readonly certificate: Certificate
  /** What it has sent. */
  readonly sent: Ephemeral[]
  /** What it was told: `2 shows hi`, `2 shows nothing`, `2 says hi`, by the number of the connection. */
  readonly told: string[]
  say(text: string): void
  show(text: string | undefined): void
}

/** Sessions around a relay that forwards at once. Time stands still but in `pass`, and with it the echoes. */
const createTable = (dice = () => 0.5) => {
  const random = createRandom(1)
  const guests = new Map<number, Guest>()
  const onTheWay: { readonly from: Guest; readonly ephemeral: Ephemeral }[] = []
  const numbers = new Map<string, number>()
  const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  let now = 0
  let connections = 0

  const settle = (): void => {
    for (let next = onTheWay.shift(); next !== undefined; next = onTheWay.shift()) {
      const { from, ephemeral } = next
      for (const guest of guests.values()) {
        if (guest !== from) guest.received(from.connection, ephemeral, now)
      }
    }
  }

  const tellOf = (effect: Effect): string => {
    if (effect.type !== 'presence' && effect.type !== 'broadcast') return effect.type
    const { from, payload } = effect
    const said = payload === undefined ? 'nothing' : textOf(payload)
    const verb = effect.type === 'presence' ? 'shows' : 'says'
    return `${numbers.get(toHex(from.session))} ${verb} ${said}`
  }

  const sit = (guest: Guest): void => {
    guest.opened(guest.certificate.session)
    for (const other of guests.values()) {
      guest.joined(other.connection, other.certificate)
      other.joined(guest.connection, guest.certificate)
    }
    guests.set(guest.connection, guest)
    settle()
  }

  return {
    guests,
    come: (): Guest => {
      const connection = ++connections
      const session = random.bytes(8)
      const vault = sampleVault({ deviceSeed: counting(connection, 32), random: (n) => random.bytes(n) })
      const [sent, told]: [Ephemeral[], string[]] = [[], []]
      const presence = createPresence({
        ...{ vault, verify, dice, padded: false },
        random: (length) => random.bytes(length),
        emit: (effect) => told.push(tellOf(effect)),
        send: (ephemeral) => {
          sent.push(ephemeral)
          onTheWay.push({ from: guest, ephemeral })
        },
      })
      const guest: Guest = {
        ...presence,
        ...{ connection, certificate: vault.certify(session), sent, told },
        say: (text) => {
          presence.broadcast(utf8(text), now)
          settle()
        },
        show: (text) => {
          presence.present(text === undefined ? undefined : utf8(text))
          settle()
        },
      }
      numbers.set(toHex(session), connection)
      sit(guest)
      return guest
    },
    sit,
    /** The connection ends, and with it what it showed. */
    go: (guest: Guest): void => {
      guests.delete(guest.connection)
      guest.disconnected()
      for (const other of guests.values()) other.left(guest.connection)
    },
    /** Lets `ms` pass, step by step. */
    pass: (ms: number): void => {
      for (const end = now + ms; now < end; now += 1) {
        for (const guest of guests.values()) guest.woke(now)
        settle()
      }
    },
    now: () => now,
  }
}

/** Two who have greeted each other. */
const pair = () => {
  const table = createTable()
  const [a, b] = [table.come(), table.come()]
  table.pass(1)
  return { ...table, a, b }
}

describe('a broadcast', () => {
  test('is heard once by everyone who is there, in order, and by nobody who comes later', () => {
    const { come, pass, a, b } = pair()
    a.say('one')
    a.say('two')
    b.say('three')
    const c = come()
    pass(400)
    expect([a.told, b.told, c.told]).toEqual([['2 says three'], ['1 says one', '1 says two'], []])
    a.say('four')
    expect(b.told.slice(2)).toEqual(['1 says four'])
    expect(c.told).toEqual(['1 says four'])
  })

  test('changes nothing of what is shown, for those who see it and for those who come', () => {
    const { come, pass, a, b } = pair()
    a.show('cursor')
    a.say('one')
    expect(b.told).toEqual(['1 shows cursor', '1 says one'])
    const c = come()
    pass(400)
    expect(c.told).toEqual(['1 shows cursor'])
    a.show(undefined)
    expect(c.told.slice(1)).toEqual(['1 shows nothing'])
  })

  test('may be empty', () => {
    const { a, b } = pair()
    a.say('')
    expect(b.told).toEqual(['1 says '])
  })

  test('takes the echoes along, so that who has just come hears it', () => {
    const table = createTable()
    const [a, b] = [table.come(), table.come()]
    expect(a.wakeAt()).toBeDefined()
    a.sent.length = 0
    a.say('welcome')
    expect(b.told).toEqual(['1 says welcome'])
    table.pass(400)
    expect(a.sent).toHaveLength(1)
  })

  test('goes behind what its sender shows, if somebody is still to see that', () => {
    const table = createTable()
    const a = table.come()
    a.show('cursor')
    const b = table.come()
    a.say('welcome')
    expect(b.told).toEqual(['1 shows cursor', '1 says welcome'])
  })

  test('reaches all who have greeted, even if they are more than one message can echo', () => {
    const table = createTable()
    const a = table.come()
    const others = Array.from({ length: 70 }, table.come)
    a.say('welcome')
    expect(others.filter(({ told }) => told.includes('1 says welcome'))).toHaveLength(70)
  })

  test('of one who has just joined waits until the others can hear it, and is heard once', () => {
    const { come, pass, a, b } = pair()
    const c = come()
    c.say('hello')
    c.say('again')
    pass(400)
    a.say('one')
    c.say('two')
    const ofC = ['3 says hello', '3 says again', '3 says two']
    expect([a.told, b.told, c.told]).toEqual([
      ofC,
      ['3 says hello', '3 says again', '1 says one', '3 says two'],
      ['1 says one'],
    ])
  })

  test('waits no longer than 300 ms for the hello of one who says nothing', () => {
    const { pass, a, b } = pair()
    const mute = createTable().come()
    a.joined(99, mute.certificate)
    a.say('anyone?')
    expect(b.told).toEqual([])
    pass(301)
    expect(b.told).toEqual(['1 says anyone?'])
    a.say('at once')
    expect(b.told).toEqual(['1 says anyone?', '1 says at once'])
  })

  test('is dropped while nobody is there, and while there is no connection', () => {
    const { go, sit, pass, a, b } = pair()
    go(b)
    const sent = [a.sent.length, b.sent.length]
    a.say('alone')
    b.say('offline')
    expect([a.sent.length, b.sent.length]).toEqual(sent)
    sit(b)
    pass(400)
    expect([a.told, b.told]).toEqual([[], []])
    a.say('again')
    expect(b.told).toEqual(['1 says again'])
  })
})

describe('a recorded message', () => {
  test('is not heard again, however the relay plays it', () => {
    const { a, b } = pair()
    a.say('one')
    a.say('two')
    const again = (connection: number) => {
      for (const ephemeral of a.sent) b.received(connection, ephemeral, 0)
    }
    again(a.connection)
    b.joined(99, a.certificate)
    again(99)
    b.left(a.connection)
    b.joined(a.connection, a.certificate)
    again(a.connection)
    expect(b.told).toEqual(['1 says one', '1 says two'])
  })

  test('is neither heard nor shown after the next opening', () => {
    const { go, sit, pass, guests, a, b } = pair()
    a.say('one')
    a.show('cursor')
    guests.delete(a.connection)
    go(b)
    sit(b)
    b.joined(a.connection, a.certificate)
    const told = b.told.length
    for (const ephemeral of a.sent) b.received(a.connection, ephemeral, 0)
    pass(400)
    expect(b.told.slice(told)).toEqual([])
  })

  test('stays unheard when more have come and gone than are remembered', () => {
    const random = createRandom(2)
    const signing = fakeSigning(signingKey)
    const vault = sampleVault({ random: (n) => random.bytes(n), signing })
    const heard: Effect[] = []
    const sent: Ephemeral[] = []
    const presence = createPresence({
      ...{ vault, verify: fakeVerify, dice: () => 0.5, padded: false },
      random: (length) => random.bytes(length),
      emit: (effect) => heard.push(effect),
      send: (ephemeral) => sent.push(ephemeral),
    })
    const hello = (): Uint8Array => {
      presence.present(utf8('here'))
      const [opened] = sent.slice(-1).map((ephemeral) => vault.open(ephemeral))
      const inner = opened?.ok ? decodeEphemeralInner(opened.value, false) : undefined
      if (!inner?.ok) throw new Error('what it sends can be opened')
      return inner.value.hello
    }
    presence.opened(random.bytes(8))
    const first = hello()
    const events = Array.from({ length: LIMITS.openSessions + 1 }, () => {
      const session = random.bytes(8)
      const inner = { session, counter: 1, hello: counting(1, 8), echoes: [first], broadcast: true }
      const bytes = encodeEphemeralInner({ ...inner, payload: utf8('event') }, false)
      return { certificate: vault.certify(session), ephemeral: vault.sealEphemeral(false, bytes) }
    })
    const play = () => {
      for (const { certificate, ephemeral } of events) {
        presence.joined(7, certificate)
        presence.received(7, ephemeral, 0)
        presence.left(7)
      }
    }
    play()
    expect(heard).toHaveLength(events.length)
    expect(hello()).not.toEqual(first)
    play()
    expect(heard).toHaveLength(events.length)
  })
})

test('who opens again on the same connection, of which others hear nothing, sees and hears them as before', () => {
  const { pass, a, b } = pair()
  a.show('cursor')
  b.opened(b.certificate.session)
  b.joined(a.connection, a.certificate)
  pass(400)
  expect(b.told).toEqual(['1 shows cursor', '1 shows nothing', '1 shows cursor'])
  a.say('one')
  b.say('two')
  expect([a.told, b.told.slice(3)]).toEqual([['2 says two'], ['1 says one']])
})

describe('echoes', () => {
  const waitOf = (peers: number, dice: number): number => {
    const table = createTable(() => dice)
    const a = table.come()
    const silent = Array.from({ length: peers - 1 }, (_, i) => 100 + i)
    for (const connection of silent) a.joined(connection, a.certificate)
    table.come()
    return (a.wakeAt() ?? Number.NaN) - table.now()
  }

  test.each([
    [1, 0, 0],
    [2, 12.5, 37.5],
    [5, 50, 150],
    [9, 100, 300],
    [30, 100, 300],
  ])('to one of %d peers wait for %d to %d ms', (peers, shortest, longest) => {
    expect([waitOf(peers, 0), waitOf(peers, 1)]).toEqual([shortest, longest])
  })

  test('of a joiner cost everybody one message', () => {
    const table = createTable()
    const others = Array.from({ length: 12 }, table.come)
    table.pass(1000)
    for (const { sent } of others) sent.length = 0
    const joiner = table.come()
    table.pass(800)
    expect(others.map(({ sent }) => sent.length)).toEqual(others.map(() => 1))
    expect(joiner.sent).toHaveLength(2)
  })
})
