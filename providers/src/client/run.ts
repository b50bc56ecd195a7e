/**
 * One session at work: what happens goes in, what it decides is performed in the order given. It owns the session's
 * timer, its writes and its locks, and gives all of them back.
 */
import { randomBytes, verify } from '../crypto.ts'
import type { SessionName } from '../protocol/item.ts'
import type { SessionOptions } from '../sync/core.ts'
import type { Effect, Input, SessionStatus } from '../sync/effects.ts'
import type { Receipt } from '../sync/receipts.ts'
import { createSession } from '../sync/session.ts'
import { type Adoption, sessionLock, startAdoption } from './adoption.ts'
import { createAsking } from './asking.ts'
import type { Carrier } from './carrier.ts'
import type { Emitter } from './emitter.ts'
import { deflate, inflate } from './inflate.ts'
import { createKeeper } from './keeper.ts'
import { createLoop } from './loop.ts'
import type { Replica } from './replica.ts'
import { createSessionLock } from './session-lock.ts'
import type { Started } from './startup.ts'
import type { DocumentEvents } from './sync-document.ts'

export interface Run {
  /** Takes the session's lock. Before its first entry: whoever finds one without a locked owner takes it over. */
  lock(): Promise<void>
  /** Begins with what storage has and what the app said meanwhile, and joins the connection. */
  begin(holdsContent: boolean, said: readonly Input[]): void
  /** Instead of `begin`, for a document that was closed too soon: only keeps what the app said. */
  keep(said: readonly Input[]): void
  feed(input: Input): void
  status(): SessionStatus
  receipts(): readonly Receipt[]
  /** The name under which it writes now. */
  name(): SessionName
  /** The page lies in the back/forward cache: others may have the outbox. */
  lend(): void
  /** It is back. */
  reclaim(): void
  /** Sends what has gathered and leaves; writing ends and locks are given back later. */
  close(): void
}

export const createRun = (deps: {
  readonly started: Started
  readonly replica: Replica
  readonly carrier: Carrier
  readonly options: Omit<SessionOptions, 'keep'>
  readonly emit: Emitter<DocumentEvents>['emit']
  readonly onStorageError: (error: unknown) => void
  readonly onSnapshotMade: (taken: boolean) => void
  /** After every turn. */
  readonly onSettled: () => void
}): Run => {
  const { started, replica, carrier, emit, onStorageError, onSnapshotMade, onSettled } = deps
  const { vault, docId, storage } = started
  /** Locks of adopted outboxes, and the ticket of the write that makes their entries ours. */
  let adopted: { readonly release: () => void; ticket: number | undefined }[] = []
  let adoption: Adoption | undefined
  let stage: 'open' | 'closing' | 'closed' = 'open'

  const session = createSession({
    vault,
    codec: replica,
    verify,
    random: randomBytes,
    dice: Math.random,
    inflate,
    deflate,
    options: { ...deps.options, keep: storage !== undefined },
  })

  const ask = createAsking(replica, {
    now: (input) => loop.answer(input),
    later: (input) => loop.feed(input),
  })

  const performForApp = (effect: Exclude<Effect, { type: 'transmit' | 'persist' | 'reread' }>): void => {
    switch (effect.type) {
      case 'snapshot-made':
        onSnapshotMade(effect.taken)
        return
      case 'presence':
        emit('presence', { from: effect.from, payload: effect.payload })
        return
      case 'receipts':
        emit('receipt', effect.receipts)
        return
      case 'broadcast':
        emit('broadcast', { from: effect.from, payload: effect.payload })
        return
      case 'alarm':
        emit('alarm', effect.alarm)
        return
      case 'new':
      case 'caught-up':
        emit(effect.type, undefined)
        return
      case 'progress':
        emit('progress', effect.progress)
        return
      case 'closed':
        emit('closed', { code: effect.code, reason: effect.reason })
        return
      default:
        ask(effect)
    }
  }

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'transmit':
        carrier.transmit(vault.docId, effect.frame)
        return
      case 'persist':
        for (const one of adopted) one.ticket ??= effect.ticket
        keeper?.write(effect.ticket, effect.changes)
        return
      case 'reread':
        keeper?.load().then((entries) => loop.feed({ type: 'reread', entries }), onStorageError)
        return
      default:
        // Once closed, the document belongs to the app alone.
        if (stage === 'open') performForApp(effect)
    }
  }

  /** Everything is handed over: lets go, once the last write has ended. */
  const leave = async (): Promise<void> => {
    stage = 'closed'
    loop.stop()
    adoption?.stop()
    carrier.detach(vault.docId)
    await keeper?.idle()
    lock?.release()
    for (const one of adopted) one.release()
    vault.wipe()
  }

  const loop = createLoop<Input, Effect>({
    machine: session,
    woke: { type: 'woke' },
    perform,
    settled: () => {
      if (stage === 'closing') void leave()
      else onSettled()
    },
  })

  const keeper =
    storage &&
    createKeeper({
      storage,
      docId,
      onPersisted: (ticket) => {
        for (const one of adopted) if (one.ticket !== undefined && one.ticket <= ticket) one.release()
        adopted = adopted.filter((one) => one.ticket === undefined || one.ticket > ticket)
        loop.feed({ type: 'persisted', ticket })
      },
      onFailed: (ticket, error) => {
        for (const one of adopted)
          if (one.ticket !== undefined && one.ticket >= ticket) one.ticket = undefined
        onStorageError(error)
        loop.feed({ type: 'not-persisted', ticket })
      },
    })

  const adopt = (entries: ReadonlyMap<string, Uint8Array>, giveBack: () => void): void => {
    adopted.push({ release: giveBack, ticket: undefined })
    loop.feed({ type: 'adopted', entries })
  }

  const lock = storage && createSessionLock(storage, sessionLock(docId, session.owner), onStorageError)

  return {
    lock: async () => lock?.take(),
    begin: (holdsContent, said) => {
      // Last, so that all that was said is compared with what storage holds: another provider may have brought the same.
      loop.feed(...said, { type: 'restored', entries: started.entries, holdsContent })
      if (stage !== 'open') return
      if (storage !== undefined) {
        adoption = startAdoption({ storage, docId, owner: session.owner, adopt, onError: onStorageError })
      }
      carrier.attach(vault.docId, {
        feed: (input) => loop.feed(input),
        trace: (frame) => emit('frame', frame),
      })
    },
    keep: (said) => {
      stage = 'closing'
      loop.feed({ type: 'restored', entries: new Map(), holdsContent: false }, ...said)
    },
    feed: (input) => loop.feed(input),
    status: session.status,
    receipts: session.receipts,
    name: session.name,
    lend: () => lock?.lend(),
    reclaim: () => lock?.reclaim(),
    close: () => {
      if (stage !== 'open') return
      stage = 'closing'
      loop.feed({ type: 'flush' })
    },
  }
}
