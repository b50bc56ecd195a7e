/** One running client: the real session over a simulated disk, network and clock, with a real Yjs document. */

import * as Y from 'yjs'
import { deflate, inflate } from '../../../providers/src/client/inflate.ts'
import { signingKey, verify } from '../../../providers/src/crypto.ts'
import { documentKeys } from '../../../providers/src/keys/root.ts'
import { createVault } from '../../../providers/src/keys/vault.ts'
import { decodeToClient, encodeToRelay, PROTOCOL_VERSION } from '../../../providers/src/protocol/index.ts'
import type { Alarm, Effect, Input } from '../../../providers/src/sync/effects.ts'
import { createSession, type Session } from '../../../providers/src/sync/session.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import { fakeSigning, fakeVerify } from '../../../providers/src/testing/fake-signing.ts'
import type { Wire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { createYjsReplica } from '../../../providers/src/yjs/replica.ts'
import { createDiskWriter, type Disk } from './device.ts'
import type { Host } from './host.ts'
import type { Knobs } from './knobs.ts'

const SECRET = new Uint8Array(32).fill(7)

export interface Tab {
  readonly doc: Y.Doc
  readonly session: Session
  isAlive(): boolean
  isConnected(): boolean
  connect(host: Host): void
  cut(): void
  edit(id: string): void
  step(input: Input): void
  kill(): void
  /** Edits that the session called saved. */
  readonly saved: Set<string>
  /** Edits that had reached the disk. */
  readonly onDisk: Set<string>
  readonly alarms: Alarm[]
  snapshots(): number
}

export const createTab = (deps: {
  readonly clock: Clock
  readonly random: Random
  readonly knobs: Knobs
  readonly disk: Disk
  readonly deviceSeed: Uint8Array
  readonly keep: boolean
  readonly isHealed: () => boolean
  /** Another hand on the keys: an evil writer. */
  readonly changed?: ((vault: Vault) => Vault) | undefined
  readonly isEvil?: boolean
  /** The document as it was left by an earlier provider, if that is what happens here. */
  readonly doc?: Y.Doc
}): Tab => {
  const { clock, random, knobs, disk, deviceSeed, keep, isHealed } = deps
  const doc = deps.doc ?? new Y.Doc()
  // Yjs draws client ids from the platform's dice; a seed must give the same run every time.
  doc.clientID = 1 + random.int(2 ** 31)
  const origin = {}
  const replica = createYjsReplica(doc, origin)
  const honest = createVault({
    keys: documentKeys(SECRET.slice(), 'room'),
    deviceSeed,
    role: 'writer',
    random: (length) => random.bytes(length),
    ...(knobs.realSignatures ? {} : { signing: fakeSigning(signingKey) }),
  })
  const vault = deps.changed?.(honest) ?? honest
  const session = createSession({
    vault,
    codec: replica,
    verify: knobs.realSignatures ? verify : fakeVerify,
    random: (length) => random.bytes(length),
    dice: random,
    deflate,
    inflate,
    options: {
      create: true,
      flushMs: 50,
      // What a malicious snapshot does is detected, not prevented: not in this world.
      snapshot: deps.isEvil ? false : { afterUpdates: knobs.snapshotAfter, afterBytes: 1e9, idleMs: 500 },
      compress: random.chance(0.5),
      pad: random.chance(0.3),
      keep,
    },
  })
  const writer = createDiskWriter(disk, {
    clock,
    random,
    diskMs: knobs.diskMs,
    faults: () => (isHealed() ? 0 : knobs.diskFaults),
  })
  const unsaved = new Set<string>()
  const unwritten = new Map<string, number>()
  const saved = new Set<string>()
  const onDisk = new Set<string>()
  const alarms: Alarm[] = []
  const queue: Input[] = []
  let stepping = false
  let alive = true
  let wire: Wire | undefined
  let cancelTimer: (() => void) | undefined
  let snapshots = 0
  const channels = new Map<number, Uint8Array>()
  const locks = new Set<string>()

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'transmit':
        wire?.up.send(encodeToRelay(effect.frame))
        return
      case 'apply': {
        const unreadable = replica.apply(effect.batch, effect.known)
        queue.push({ type: 'applied', batch: effect.batch, unreadable })
        return
      }
      case 'track':
        replica.track()
        return
      case 'compare':
        queue.push({
          type: 'compared',
          question: effect.question,
          contents: replica.missing(effect.pending),
        })
        return
      case 'capture':
        queue.push({
          type: 'captured',
          question: effect.question,
          content: replica.capture(effect.evenIncomplete),
        })
        return
      case 'reread':
        queue.push({ type: 'reread', entries: new Map(disk.entries) })
        return
      case 'persist': {
        const { ticket, changes } = effect
        for (const id of unwritten.keys()) if (unwritten.get(id) === 0) unwritten.set(id, ticket)
        writer.write(changes, (written) => {
          if (written) {
            for (const [id, at] of unwritten) {
              if (at > ticket) continue
              onDisk.add(id)
              unwritten.delete(id)
            }
          } else {
            for (const [id, at] of unwritten) if (at === ticket) unwritten.set(id, 0)
          }
          step({ type: written ? 'persisted' : 'not-persisted', ticket })
        })
        return
      }
      case 'alarm':
        alarms.push(effect.alarm)
        return
      case 'snapshot-made':
        if (effect.taken) snapshots += 1
        return
      case 'acknowledged':
      case 'presence':
      case 'new':
      case 'caught-up':
      case 'closed':
        return
    }
  }

  const step = (input: Input): void => {
    queue.push(input)
    if (stepping || !alive) return
    stepping = true
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const effect of session.step(next, clock.now())) perform(effect)
    }
    stepping = false
    if (session.status().pending === 0) {
      for (const id of unsaved) saved.add(id)
      unsaved.clear()
    }
    cancelTimer?.()
    const at = session.wakeAt()
    cancelTimer = at === undefined ? undefined : clock.after(at - clock.now(), () => step({ type: 'woke' }))
  }

  const received = (bytes: Uint8Array): void => {
    const frame = decodeToClient(bytes, (channel) => channels.get(channel))
    // Without its `opened`, which may be lost, nothing of a document can be read; the link ignores it then.
    if (!frame.ok && knobs.frameLoss > 0) return
    if (!frame.ok) throw new Error(`client cannot decode: ${frame.error}`)
    const { value } = frame
    if (value.type === 'pong') return
    if (value.type === 'hello') {
      step({ type: 'connected', relayKey: value.relayKey.slice(), nonce: value.nonce.slice() })
      return
    }
    if (value.type === 'opened') channels.set(value.channel, value.docId.slice())
    step({ type: 'received', frame: value })
  }

  const dropped = (): void => {
    if (wire === undefined) return
    wire = undefined
    channels.clear()
    if (alive) step({ type: 'disconnected' })
  }

  const onUpdate = (update: Uint8Array, from: unknown): void => {
    if (from !== origin) step({ type: 'edited', content: { encoding: 1, payload: update } })
  }

  const adopt = (): void => {
    if (!alive) return
    const owners = new Set(
      [...disk.entries.keys()].filter((key) => key.startsWith('out/')).map((key) => key.split('/')[1] ?? ''),
    )
    for (const owner of owners) {
      if (owner === session.owner || disk.locks.has(owner)) continue
      const entries = new Map([...disk.entries].filter(([key]) => key.startsWith(`out/${owner}/`)))
      disk.locks.add(owner)
      locks.add(owner)
      step({ type: 'adopted', entries })
    }
    clock.after(500 + random() * 500, adopt)
  }

  doc.on('update', onUpdate)
  disk.locks.add(session.owner)
  locks.add(session.owner)
  const holdsContent = !replica.isEmpty()
  step({ type: 'restored', entries: keep ? new Map(disk.entries) : new Map(), holdsContent })
  if (keep) adopt()

  return {
    doc,
    session,
    saved,
    onDisk,
    alarms,
    isAlive: () => alive,
    isConnected: () => wire !== undefined,
    snapshots: () => snapshots,
    connect: (host) => {
      if (!alive || wire !== undefined) return
      const mine: Wire | undefined = host.dial(
        {
          received: (bytes) => {
            if (alive && wire === mine) received(bytes)
          },
          dropped: () => {
            if (wire === mine) dropped()
          },
        },
        knobs.latencyMs,
      )
      wire = mine
      mine?.up.send(
        encodeToRelay({
          type: 'hello',
          minVersion: PROTOCOL_VERSION,
          maxVersion: PROTOCOL_VERSION,
          token: '',
        }),
      )
    },
    cut: () => {
      wire?.cut()
      dropped()
    },
    edit: (id) => {
      if (!alive) return
      unsaved.add(id)
      if (keep) unwritten.set(id, 0)
      const text = doc.getText('text')
      doc.transact(() => {
        doc.getMap('edits').set(id, true)
        const at = random.int(text.length + 1)
        text.insert(at, id)
        if (random.chance(0.3) && text.length > 20) text.delete(random.int(text.length - 10), 5)
      })
    },
    step,
    kill: () => {
      alive = false
      cancelTimer?.()
      doc.off('update', onUpdate)
      writer.die()
      for (const owner of locks) disk.locks.delete(owner)
      wire?.cut()
      wire = undefined
    },
  }
}
