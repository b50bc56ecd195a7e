/** The real relay in simulated time, on a database whose memory is not the relay's, with wires that others may listen to. */
import { signingKey, type Verify, verify } from '../../../providers/src/crypto.ts'
import { documentKeys } from '../../../providers/src/keys/root.ts'
import { createVault } from '../../../providers/src/keys/vault.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import { fakeSigning, fakeVerify } from '../../../providers/src/testing/fake-signing.ts'
import { createWire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { createRelay, type Relay } from '../../src/relay.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Dial } from './whole-client.ts'

/** Who stands between a client and the relay. */
export interface Tap {
  /** Towards the relay; what it gives goes on, in this order. */
  up?(bytes: Uint8Array): readonly Uint8Array[]
  down?(bytes: Uint8Array): readonly Uint8Array[]
}

export interface RelayUnderTest {
  readonly relay: Relay
  readonly verify: Verify
  /** What the relay has called its own faults, and the store's. */
  readonly faults: readonly unknown[]
  /** Real signatures cost hundreds of times as much as fake ones: some rounds have them. */
  sign(how: 'real' | 'fake'): void
  vault(room: string, name: string): Vault
  dial(tap?: Tap): Dial
  close(): Promise<void>
}

const SECRET = new Uint8Array(32).fill(7)
const LATENCY_MS = 2

export const createRelayUnderTest = async (clock: Clock, random: Random): Promise<RelayUnderTest> => {
  const store = await openSqliteStore(':memory:')
  const faults: unknown[] = []
  let isReal = false
  const check: Verify = (...asked) => (isReal ? verify : fakeVerify)(...asked)
  const relay = createRelay({
    store,
    verify: check,
    now: clock.now,
    random: (length) => random.bytes(length),
    defer: (run) => void clock.after(0.01, run),
    limits: { graceMs: 0 },
    log: (event) => {
      if (event.type === 'fault' || event.type === 'store-failed') faults.push(event.error)
    },
  })
  const seeds = new Map<string, Uint8Array>()
  return {
    relay,
    verify: check,
    faults,
    sign: (how) => {
      isReal = how === 'real'
    },
    vault: (room, name) => {
      const deviceSeed = seeds.get(name) ?? random.bytes(32)
      seeds.set(name, deviceSeed)
      return createVault({
        keys: documentKeys(SECRET.slice(), room),
        deviceSeed,
        role: 'writer',
        random: (length) => random.bytes(length),
        ...(isReal ? {} : { signing: fakeSigning(signingKey) }),
      })
    },
    dial:
      (tap = {}) =>
      (client) => {
        const wire = createWire({
          ...{ clock, random, latencyMs: LATENCY_MS },
          toRelay: (bytes) => {
            for (const one of tap.up?.(bytes) ?? [bytes]) connection.receive(one)
          },
          toClient: (bytes) => {
            for (const one of tap.down?.(bytes) ?? [bytes]) client.received(one)
          },
          relayNotices: () => {
            connection.disconnect()
            client.dropped()
          },
        })
        const connection = relay.connect({
          send: (bytes) => wire.down.send(bytes),
          buffered: () => 0,
          close: () => {
            wire.cut()
            client.dropped()
          },
        })
        return wire
      },
    close: async () => {
      await relay.close()
      await store.close()
    },
  }
}
