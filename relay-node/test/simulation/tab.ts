/** One running client: the real session over a simulated disk, network and clock, with a real document of some CRDT. */
import { createAsking } from '../../../providers/src/client/asking.ts'
import { deflate, inflate } from '../../../providers/src/client/inflate.ts'
import { signingKey, verify } from '../../../providers/src/crypto.ts'
import { documentKeys } from '../../../providers/src/keys/root.ts'
import { createVault } from '../../../providers/src/keys/vault.ts'
import { decodeToClient, encodeToRelay, PROTOCOL_VERSION } from '../../../providers/src/protocol/index.ts'
import type { Alarm, Effect, Input, Progress } from '../../../providers/src/sync/effects.ts'
import { createSession, type Session } from '../../../providers/src/sync/session.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import { fakeSigning, fakeVerify } from '../../../providers/src/testing/fake-signing.ts'
import type { Wire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { type Book, createBook } from './book.ts'
import { createDiskWriter, type Disk } from './device.ts'
import type { Host } from './host.ts'
import type { Knobs } from './knobs.ts'
import { createShownStatus } from './shown-status.ts'
import type { SimDocument, SimProvider } from './sim-document.ts'

/** Of the one document that all tabs have open. */
export const SECRET: Uint8Array = new Uint8Array(32).fill(7)
export const ROOM = 'room'

export interface Tab<Document extends SimDocument = SimDocument> {
  readonly document: Document
  readonly session: Session
  isAlive(): boolean
  isConnected(): boolean
  connect(host: Pick<Host, 'dial'>): void
  cut(): void
  edit(id: string): void
  step(input: Input): void
  kill(): void
  /** What became of the edits that were made here. */
  readonly book: Book
  readonly alarms: Alarm[]
  /** What was told of large snapshots on their way. */
  readonly progress: Progress[]
  snapshots(): number
}

/** Something to step with, and the ids of the edits that the session learns of by it. */
interface Turn {
  readonly input: Input
  readonly ids: readonly string[]
}

export const createTab = <Document extends SimDocument>(deps: {
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
  readonly createDocument: (provider: SimProvider) => Document
}): Tab<Document> => {
  const { clock, random, knobs, disk, deviceSeed, keep, isHealed } = deps
  const document = deps.createDocument({
    clock,
    random,
    onEdited: (content, ids) => take({ input: { type: 'edited', content }, ids }),
    onSaved: (ids) => book.calledSaved(ids),
    onClaimed: (claim) => step({ type: 'claimed', claim }),
    onRejected: (received, reason = { type: 'unreadable' }) => step({ type: 'rejected', received, reason }),
  })
  const { replica } = document
  const honest = createVault({
    keys: documentKeys(SECRET.slice(), ROOM),
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
      receipts: knobs.receipts,
      // What a malicious snapshot does is detected, not prevented: not in this world.
      snapshot: deps.isEvil ? false : { afterUpdates: knobs.snapshotAfter, afterBytes: 1e9, idleMs: 500 },
      compress: random.chance(0.5),
      pad: random.chance(0.3),
      keep,
      ...(knobs.chunkBytes === 0
        ? {}
        : { chunks: { aboveBytes: knobs.chunkBytes, pieceBytes: knobs.chunkBytes } }),
      mergeEdits: knobs.mergeEdits,
    },
  })
  const writer = createDiskWriter(disk, {
    clock,
    random,
    diskMs: knobs.diskMs,
    faults: () => (isHealed() ? 0 : knobs.diskFaults),
  })
  const book = createBook(keep)
  const showStatus = createShownStatus((status) => document.statusChanged?.(status))
  const alarms: Alarm[] = []
  const progress: Progress[] = []
  const answers: Input[] = []
  const waiting: Turn[] = []
  let stepping = false
  let alive = true
  let wire: Wire | undefined
  let cancelTimer: (() => void) | undefined
  let snapshots = 0
  const channels = new Map<number, Uint8Array>()
  const locks = new Set<string>()
  /** Owners that lived when their outboxes were adopted here. */
  const lent = new Set<string>()

  const ask = createAsking(replica, {
    now: (input) => answers.push(input),
    later: (input) =>
      take({ input, ids: input.type === 'compared' ? (document.idsIn?.(input.contents) ?? []) : [] }),
  })

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'transmit':
        wire?.up.send(encodeToRelay(effect.frame))
        return
      case 'reread':
        answers.push({ type: 'reread', entries: new Map(disk.entries) })
        return
      case 'persist': {
        const { ticket, changes } = effect
        book.writing(ticket)
        writer.write(changes, (written) => {
          book.wrote(ticket, written)
          step({ type: written ? 'persisted' : 'not-persisted', ticket })
        })
        return
      }
      case 'alarm':
        alarms.push(effect.alarm)
        return
      case 'progress':
        progress.push(effect.progress)
        return
      case 'snapshot-made':
        if (effect.taken) snapshots += 1
        return
      case 'caught-up':
        document.caughtUp?.()
        return
      case 'receipts':
      case 'presence':
      case 'broadcast':
      case 'new':
      case 'closed':
        return
      default:
        ask(effect)
    }
  }

  const next = (): Turn | undefined => {
    const input = answers.shift()
    return input === undefined ? waiting.shift() : { input, ids: [] }
  }

  const take = (turn: Turn): void => {
    if (!alive) return
    waiting.push(turn)
    if (stepping) return
    stepping = true
    for (let now = next(); now !== undefined; now = next()) {
      // Not before its turn: until then a write, or a state without pending edits, says nothing about it.
      book.told(now.ids)
      for (const effect of session.step(now.input, clock.now())) perform(effect)
    }
    stepping = false
    showStatus(session.status(), wire !== undefined)
    if (session.status().pending === 0) book.nothingPending()
    cancelTimer?.()
    const at = session.wakeAt()
    cancelTimer = at === undefined ? undefined : clock.after(at - clock.now(), () => step({ type: 'woke' }))
  }

  const step = (input: Input): void => take({ input, ids: [] })

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

  const outboxOf = (owner: string): ReadonlyMap<string, Uint8Array> =>
    new Map([...disk.entries].filter(([key]) => key.startsWith(`out/${owner}/`)))

  const adopt = (): void => {
    if (!alive) return
    const owners = new Set(
      [...disk.entries.keys()].filter((key) => key.startsWith('out/')).map((key) => key.split('/')[1] ?? ''),
    )
    for (const owner of owners) {
      if (owner === session.owner) continue
      if (disk.locks.has(owner)) {
        if (!knobs.lendsLocks || lent.has(owner)) continue
        lent.add(owner)
        step({ type: 'adopted', entries: outboxOf(owner) })
        continue
      }
      const entries = outboxOf(owner)
      disk.locks.add(owner)
      locks.add(owner)
      step({ type: 'adopted', entries })
    }
    clock.after(500 + random() * 500, adopt)
  }

  disk.locks.add(session.owner)
  locks.add(session.owner)
  const holdsContent = !replica.isEmpty()
  step({ type: 'restored', entries: keep ? new Map(disk.entries) : new Map(), holdsContent })
  if (keep) adopt()

  return {
    document,
    session,
    book,
    alarms,
    progress,
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
      showStatus(session.status(), wire !== undefined)
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
      book.made(id)
      document.edit(id)
    },
    step,
    kill: () => {
      alive = false
      cancelTimer?.()
      document.close()
      writer.die()
      for (const owner of locks) disk.locks.delete(owner)
      wire?.cut()
      wire = undefined
    },
  }
}
