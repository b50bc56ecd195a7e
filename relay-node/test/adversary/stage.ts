/** A few honest sessions, and one whom a lying relay is after, in simulated time. */
import { signingKey } from '../../../providers/src/crypto.ts'
import { toHex } from '../../../providers/src/protocol/index.ts'
import type { Alarm } from '../../../providers/src/sync/effects.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { type Clock, createClock } from '../../../providers/src/testing/clock.ts'
import { createEvilRelay, type EvilRelay } from '../../../providers/src/testing/evil-relay.ts'
import { createEvilWriter, type EvilWriter } from '../../../providers/src/testing/evil-writer.ts'
import { createRandom, type Random } from '../../../providers/src/testing/random.ts'
import { dialInto } from '../model-relay/dial.ts'
import { createDisk, type Disk } from '../simulation/device.ts'
import { type Knobs, knobsOf } from '../simulation/knobs.ts'
import type { SimProvider } from '../simulation/sim-document.ts'
import { createTab, ROOM, SECRET, type Tab } from '../simulation/tab.ts'
import { createYjsDocument, type YjsDocument } from '../simulation/yjs-document.ts'
import type { Hearer } from './named.ts'

export type Session = Tab<YjsDocument>

export interface Stage {
  readonly clock: Clock
  readonly random: Random
  readonly relay: EvilRelay
  /** A session with this name, not connected yet. The first letter of the name makes its device key. */
  open(name: string, options?: { readonly disk?: Disk; readonly changed?: (vault: Vault) => Vault }): Session
  /** Connects it under this name, and again whenever the connection ends, until `disconnect`. */
  connect(name: string, session: Session): void
  disconnect(session: Session): void
  /** Every edit that an honest session has made. */
  readonly honest: ReadonlySet<string>
  edit(session: Session, ...ids: readonly string[]): void
  pass(ms: number): Promise<void>
  /** Somebody with the secret who is not honest; its name is `eve`. */
  evilWriter(): EvilWriter
  /** Everybody who was opened, in order; alarms say by name whom they name, or `a stranger`. */
  hearers(): readonly (Hearer & { readonly session: Session })[]
  /** Another document on the same relay, with some envelopes in it. */
  fillAnotherDocument(): void
}

/** No attack may keep a session this busy. */
const MAX_EVENTS = 12_000
const REDIAL_MS = 300

/** What sessions hold and what time they live in, for documents of another CRDT than Yjs. */
export interface StageSetting {
  readonly createDocument?: (provider: SimProvider) => YjsDocument
  readonly clock?: Clock
}

const createYjs = (provider: SimProvider): YjsDocument =>
  createYjsDocument(provider, undefined, { undoes: false })

export const createStage = (
  seed: number,
  changes: Partial<Knobs> = {},
  { createDocument = createYjs, clock = createClock(MAX_EVENTS) }: StageSetting = {},
): Stage => {
  const random = createRandom(seed)
  const knobs: Knobs = {
    ...knobsOf(1, 'plain'),
    latencyMs: 5,
    diskMs: 2,
    diskFaults: 0,
    // Positive, so that a session goes on when it cannot decode something: as it does on its next connection.
    frameLoss: Number.MIN_VALUE,
    snapshotAfter: 1e9,
    chunkBytes: 0,
    realSignatures: true,
    ...changes,
  }
  const relay = createEvilRelay({ random: createRandom(seed + 1), after: clock.after })
  const honest = new Set<string>()
  const wishes = new Map<Session, { isOn: boolean }>()
  /** By device key, in hex. */
  const names = new Map<string, string>()
  const opened: { readonly name: string; readonly session: Session }[] = []
  const withName = (alarm: Alarm): Alarm =>
    alarm.author === undefined ? alarm : { ...alarm, author: names.get(alarm.author) ?? 'a stranger' }
  return {
    clock,
    random,
    relay,
    honest,
    open: (name, { disk = createDisk(), changed = (vault: Vault) => vault } = {}) => {
      const deviceSeed = new Uint8Array(32).fill(name.charCodeAt(0))
      names.set(toHex(signingKey(deviceSeed.slice()).publicKey), name)
      const session = createTab({
        ...{ clock, random, knobs, disk, deviceSeed, changed, createDocument },
        keep: true,
        isHealed: () => true,
      })
      opened.push({ name, session })
      return session
    },
    connect: (name, session) => {
      const wish = { isOn: true }
      wishes.set(session, wish)
      const dial = (): void => {
        if (!wish.isOn) return
        if (!session.isConnected()) session.connect({ dial: dialInto(relay, { clock, random, name }) })
        clock.after(REDIAL_MS, dial)
      }
      dial()
    },
    disconnect: (session) => {
      const wish = wishes.get(session)
      if (wish !== undefined) wish.isOn = false
      session.cut()
    },
    edit: (session, ...ids) => {
      for (const id of ids) {
        honest.add(id)
        session.edit(id)
      }
    },
    pass: (ms) => clock.runUntil(clock.now() + ms),
    evilWriter: () => {
      const writer = createEvilWriter({ relay, random, secret: SECRET.slice(), room: ROOM })
      names.set(writer.author, 'eve')
      return writer
    },
    hearers: () =>
      opened.map(({ name, session }) => ({ name, session, alarms: session.alarms.map(withName) })),
    fillAnotherDocument: () => {
      const other = createEvilWriter({
        relay,
        random,
        secret: SECRET.slice(),
        room: 'another',
        name: 'other',
      })
      names.set(other.author, 'other')
      const content = { encoding: 1, payload: new Uint8Array(2) }
      for (let i = 0; i < 9; i++) other.push(other.update(content))
    },
  }
}
