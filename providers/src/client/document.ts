/**
 * Drives one session: gives it what happens, performs what it decides, in the order given. The app may call before
 * anything is loaded; what it says is queued, and its edits are counted at once.
 */
import { randomBytes, verify } from '../crypto.ts'
import { CLOSE } from '../protocol/close.ts'
import type { ToRelay } from '../protocol/frame.ts'
import { unreachable } from '../result.ts'
import type { SessionOptions } from '../sync/core.ts'
import type { Effect, Input } from '../sync/effects.ts'
import { createSession, type Session } from '../sync/session.ts'
import { type Adoption, sessionLock, startAdoption } from './adoption.ts'
import { createEmitter } from './emitter.ts'
import { deflate, inflate } from './inflate.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import { createLoop, type Loop } from './loop.ts'
import type { Replica } from './replica.ts'
import type { Started } from './startup.ts'
import type { ConnectionStatus, DocumentEvents, DocumentStatus, SyncDocument } from './sync-document.ts'

/** The connection as a document sees it. */
export interface Carrier {
  /** False when another open document of this client has the same id. */
  attach(docId: Uint8Array, member: Member): boolean
  detach(docId: Uint8Array): void
  transmit(docId: Uint8Array, frame: ToRelay): void
  connection(): ConnectionStatus
  /** Why the relay ended the connection for good, if it did. */
  ending(): { readonly code: number; readonly reason: string } | undefined
}

/** A document as the connection sees it. */
export interface Member {
  feed(input: Input): void
  trace(frame: DocumentEvents['frame']): void
}

export interface DrivenDocument extends SyncDocument {
  connectionChanged(): void
}

const EVENTS = ['status', 'presence', 'alarm', 'new', 'caught-up', 'closed', 'storage-error', 'frame'] as const

interface Running {
  readonly started: Started
  readonly session: Session
  readonly loop: Loop<Input>
  readonly keeper: Keeper | undefined
  readonly releases: Set<() => void>
  adoption: Adoption | undefined
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const createDocument = (deps: {
  readonly carrier: Carrier
  readonly replica: Replica
  readonly options: Omit<SessionOptions, 'keep'>
  readonly secret: Promise<Uint8Array>
  readonly start: (secret: Uint8Array, onStorageError: (error: unknown) => void) => Promise<Started>
  readonly onClosed: () => void
}): DrivenDocument => {
  const { carrier, replica, options, onClosed } = deps
  const emitter = createEmitter<DocumentEvents>(EVENTS)
  const holdsContent = !replica.isEmpty()
  let queued: Input[] = []
  let running: Running | undefined
  let docId: string | undefined
  /** Why the document could not be started. */
  let problem: Pick<DocumentStatus, 'sync' | 'reason'> | undefined
  let isClosed = false
  let wasTried = false
  let snapshotWaiters: ((taken: boolean) => void)[] = []
  let savedWaiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  /** Locks of adopted outboxes, and the ticket of the write that makes their entries ours. */
  let adopted: { readonly release: () => void; ticket: number | undefined }[] = []

  const describe = (): DocumentStatus => {
    const connection = isClosed ? 'disconnected' : carrier.connection()
    if (running === undefined) {
      const edits = queued.filter(({ type }) => type === 'edited').length + (holdsContent ? 1 : 0)
      const shown = problem ?? { sync: 'loading', reason: undefined }
      return { ...shown, pending: edits, synced: false, isNew: false, connection }
    }
    const shown = running.session.status()
    if (shown.sync !== 'offline') return { ...shown, connection }
    const ending = carrier.ending()
    if (ending !== undefined) return { ...shown, sync: 'blocked', reason: ending.reason, connection }
    // Until the first attempt has failed it is on its way, not offline.
    return { ...shown, sync: connection === 'connecting' && !wasTried ? 'loading' : 'offline', connection }
  }
  let status = describe()

  const refresh = (): void => {
    const next = describe()
    const { sync, pending, synced, isNew, reason, connection } = status
    const isSame =
      next.sync === sync &&
      next.pending === pending &&
      next.synced === synced &&
      next.isNew === isNew &&
      next.reason === reason &&
      next.connection === connection
    if (!isSame) {
      status = next
      emitter.emit('status', next)
    }
    if (running === undefined || status.pending > 0) return
    const waiters = savedWaiters
    savedWaiters = []
    for (const { resolve } of waiters) resolve()
  }

  const storageError = (error: unknown): void => emitter.emit('storage-error', asError(error))

  const feed = (input: Input): void => {
    if (isClosed) return
    if (running !== undefined) {
      running.loop.feed(input)
      return
    }
    queued.push(input)
    refresh()
  }

  const perform = (effect: Effect, current: Running): void => {
    const { loop, keeper, started } = current
    switch (effect.type) {
      case 'transmit':
        carrier.transmit(started.vault.docId, effect.frame)
        return
      case 'persist':
        for (const one of adopted) one.ticket ??= effect.ticket
        keeper?.write(effect.ticket, effect.changes)
        return
      case 'reread':
        keeper?.load().then((entries) => loop.feed({ type: 'reread', entries }), storageError)
        return
    }
    // From here on the app would notice.
    if (isClosed) return
    switch (effect.type) {
      case 'apply': {
        const { batch, known } = effect
        loop.answer({ type: 'applied', batch, unreadable: replica.apply(batch, known) })
        return
      }
      case 'track':
        replica.track()
        return
      case 'compare':
        loop.answer({ type: 'compared', content: replica.missing(effect.pending) })
        return
      case 'capture':
        loop.answer({ type: 'captured', content: replica.capture() })
        return
      case 'snapshot-made': {
        const waiters = snapshotWaiters
        snapshotWaiters = []
        for (const resolve of waiters) resolve(effect.taken)
        return
      }
      case 'presence':
        emitter.emit('presence', { from: effect.from, payload: effect.payload })
        return
      case 'alarm':
        emitter.emit('alarm', effect.alarm)
        return
      case 'new':
      case 'caught-up':
        emitter.emit(effect.type, undefined)
        return
      case 'closed':
        emitter.emit('closed', { code: effect.code, reason: effect.reason })
        return
      default:
        unreachable(effect)
    }
  }

  const persisted = (ticket: number, { loop }: Running): void => {
    for (const one of adopted) if (one.ticket !== undefined && one.ticket <= ticket) one.release()
    adopted = adopted.filter((one) => one.ticket === undefined || one.ticket > ticket)
    loop.feed({ type: 'persisted', ticket })
  }

  const notPersisted = (ticket: number, error: unknown, { loop }: Running): void => {
    for (const one of adopted) if (one.ticket !== undefined && one.ticket >= ticket) one.ticket = undefined
    storageError(error)
    loop.feed({ type: 'not-persisted', ticket })
  }

  /** Lets go of everything, once the last write has ended. */
  const finish = async (current: Running): Promise<void> => {
    const { started, loop, keeper, releases } = current
    loop.stop()
    await keeper?.idle()
    for (const release of [...releases, ...adopted.map((one) => one.release)]) release()
    adopted = []
    started.vault.wipe()
  }

  const launch = async (started: Started): Promise<void> => {
    const keep = started.storage !== undefined
    if (isClosed && (!keep || queued.length === 0)) {
      started.vault.wipe()
      return
    }
    const session = createSession({
      vault: started.vault,
      codec: replica,
      verify,
      random: randomBytes,
      dice: Math.random,
      inflate,
      deflate,
      options: { ...options, keep },
    })
    const { storage } = started
    const releases = new Set<() => void>()
    // Before the first entry: whoever finds one without a locked owner takes it over.
    const release = await storage?.lock(sessionLock(started.docId, session.owner)).catch(storageError)
    if (release !== undefined) releases.add(release)
    const keeper =
      storage === undefined
        ? undefined
        : createKeeper({
            storage,
            docId: started.docId,
            onPersisted: (ticket) => persisted(ticket, current),
            onFailed: (ticket, error) => notPersisted(ticket, error, current),
          })
    const loop = createLoop<Input, Effect>({
      machine: session,
      woke: { type: 'woke' },
      perform: (effect) => perform(effect, current),
      settled: () => {
        if (isClosed) void finish(current)
        else refresh()
      },
    })
    const current: Running = { started, session, loop, keeper, releases, adoption: undefined }
    running = current
    docId = started.docId
    const said = queued
    queued = []
    if (isClosed) {
      // Closed before it began: all that is left to do is to keep what the app has said.
      loop.feed({ type: 'restored', entries: new Map(), holdsContent: false }, ...said)
      return
    }
    loop.feed({ type: 'restored', entries: started.entries, holdsContent }, ...said)
    if (isClosed) return
    if (storage !== undefined) {
      current.adoption = startAdoption({
        storage,
        docId: started.docId,
        owner: session.owner,
        adopt: (entries, giveBack) => {
          adopted.push({ release: giveBack, ticket: undefined })
          loop.feed({ type: 'adopted', entries })
        },
        onError: storageError,
      })
    }
    const isAlone = carrier.attach(started.vault.docId, {
      feed: (input) => loop.feed(input),
      trace: (frame) => emitter.emit('frame', frame),
    })
    if (isAlone) return
    const reason = 'this client has the same room open already: share that document'
    loop.feed({
      type: 'received',
      frame: { type: 'closed', docId: started.vault.docId, code: CLOSE.forbidden, reason },
    })
  }

  const begin = async (): Promise<void> => {
    const fail = (sync: 'needs-key' | 'blocked') => (error: unknown) => {
      problem = { sync, reason: asError(error).message }
      refresh()
      return undefined
    }
    const secret = await deps.secret.catch(fail('needs-key'))
    if (secret === undefined) return
    await deps.start(secret, storageError).then(launch).catch(fail('blocked'))
  }
  void begin()

  return {
    push: (content) => feed({ type: 'edited', content }),
    claim: (claim) => feed({ type: 'claimed', claim }),
    presence: (payload) => feed({ type: 'presented', payload }),
    snapshot: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve(false)
        snapshotWaiters.push(resolve)
        feed({ type: 'snapshot' })
      }),
    flush: () => feed({ type: 'flush' }),
    saved: () =>
      new Promise((resolve, reject) => {
        if (isClosed && status.pending > 0) return reject(new Error('the document was closed before all was saved'))
        if (isClosed || (running !== undefined && status.pending === 0)) return resolve()
        savedWaiters.push({ resolve, reject })
      }),
    pause: (directions) => feed({ type: 'pause', directions }),
    resume: () => feed({ type: 'resume' }),
    status: () => status,
    get connection() {
      return status.connection
    },
    on: emitter.on,
    docId: () => docId,
    connectionChanged: () => {
      if (carrier.connection() === 'disconnected') wasTried = true
      const ending = carrier.ending()
      refresh()
      if (ending !== undefined) emitter.emit('closed', ending)
    },
    close: () => {
      if (isClosed) return
      running?.adoption?.stop()
      if (running !== undefined) {
        running.loop.feed({ type: 'presented', payload: undefined }, { type: 'flush' })
      }
      isClosed = true
    },
  }
}
