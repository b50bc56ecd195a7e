/**
 * One open document. The app may speak before secret, keys and storage are there: what it says is queued, and its
 * edits are counted at once.
 */
import { MAX_EPHEMERAL_PAYLOAD } from '../sync/content.ts'
import type { SessionOptions } from '../sync/core.ts'
import type { Input } from '../sync/effects.ts'
import { createAttachment } from './attachment.ts'
import type { Carrier } from './carrier.ts'
import { createEmitter } from './emitter.ts'
import type { Replica } from './replica.ts'
import { createRun, type Run } from './run.ts'
import type { Started } from './startup.ts'
import type { DocumentEvents, DocumentStatus, SyncDocument } from './sync-document.ts'

export interface ConnectedDocument extends SyncDocument {
  /** Something about the connection is different now. */
  connectionChanged(): void
  /** The page lies in the back/forward cache: other tabs may take over what was not sent. */
  lend(): void
  /** It is back. */
  reclaim(): void
}

const EVENTS = [
  'status',
  'presence',
  'broadcast',
  'alarm',
  'receipt',
  'new',
  'caught-up',
  'progress',
  'closed',
  'storage-error',
  'frame',
] as const

const NO_RECEIPTS: DocumentEvents['receipt'] = []

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

const isSame = (a: DocumentStatus, b: DocumentStatus): boolean =>
  a.sync === b.sync &&
  a.pending === b.pending &&
  a.synced === b.synced &&
  a.isNew === b.isNew &&
  a.upgradeNeeded === b.upgradeNeeded &&
  a.reason === b.reason &&
  a.connection === b.connection

export const createDocument = (deps: {
  readonly carrier: Carrier
  readonly replica: Replica
  readonly options: Omit<SessionOptions, 'keep'>
  readonly secret: Promise<Uint8Array>
  readonly start: (secret: Uint8Array, onStorageError: (error: unknown) => void) => Promise<Started>
  readonly onClosed: (document: ConnectedDocument) => void
}): ConnectedDocument => {
  const { replica } = deps
  const attachment = createAttachment(deps.carrier)
  const { carrier } = attachment
  const emitter = createEmitter<DocumentEvents>(EVENTS)
  const holdsContent = !replica.isEmpty()
  let queued: Input[] = []
  let queuedEdits = 0
  let run: Run | undefined
  let docId: string | undefined
  /** Why the document could not be started. */
  let problem: Pick<DocumentStatus, 'sync' | 'reason'> | undefined
  let isClosed = false
  let wasTried = carrier.connection() === 'disconnected'
  let shownEnding: DocumentEvents['closed'] | undefined
  let snapshotWaiters: ((taken: boolean) => void)[] = []
  let savedWaiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  const describe = (): DocumentStatus => {
    const connection = isClosed ? 'disconnected' : carrier.connection()
    if (run === undefined) {
      const pending = queuedEdits + (holdsContent ? 1 : 0)
      const shown = problem ?? { sync: 'loading', reason: undefined }
      return { ...shown, pending, synced: false, isNew: false, upgradeNeeded: false, connection }
    }
    const shown = run.status()
    if (shown.sync !== 'offline') return { ...shown, connection }
    const ending = carrier.ending()
    if (ending !== undefined) return { ...shown, sync: 'blocked', reason: ending.reason, connection }
    // Until the first attempt has failed it is on its way, not offline.
    return { ...shown, sync: wasTried ? 'offline' : 'loading', connection }
  }
  let status = describe()

  const refresh = (): void => {
    const next = describe()
    if (!isSame(status, next)) {
      status = next
      emitter.emit('status', next)
    }
    if (run === undefined || status.pending > 0) return
    const waiters = savedWaiters
    savedWaiters = []
    for (const { resolve } of waiters) resolve()
  }

  const onSnapshotMade = (taken: boolean): void => {
    const waiters = snapshotWaiters
    snapshotWaiters = []
    for (const resolve of waiters) resolve(taken)
  }

  const onStorageError = (error: unknown): void => emitter.emit('storage-error', asError(error))

  const feed = (input: Input): void => {
    if (isClosed) return
    if (run !== undefined) {
      run.feed(input)
      return
    }
    queued.push(input)
    if (input.type === 'edited') queuedEdits += 1
    refresh()
  }

  const launch = async (started: Started): Promise<void> => {
    const isLost = (): boolean => isClosed && (started.storage === undefined || queued.length === 0)
    if (isLost()) {
      started.vault.wipe()
      return
    }
    const { options } = deps
    const { emit } = emitter
    const next = createRun({
      started,
      replica,
      carrier,
      options,
      emit,
      onStorageError,
      onSnapshotMade,
      onSettled: refresh,
    })
    await next.lock().catch(onStorageError)
    const said = queued
    queued = []
    if (isClosed) {
      next.keep(said)
      return
    }
    run = next
    docId = started.docId
    next.begin(holdsContent, said)
    refresh()
  }

  const begin = async (): Promise<void> => {
    const fail = (sync: 'needs-key' | 'blocked') => (error: unknown) => {
      problem = { sync, reason: asError(error).message }
      refresh()
    }
    const secret = await deps.secret.catch(fail('needs-key'))
    if (secret !== undefined) await deps.start(secret, onStorageError).then(launch).catch(fail('blocked'))
  }

  const document: ConnectedDocument = {
    push: (content) => feed({ type: 'edited', content }),
    claim: (claim) => feed({ type: 'claimed', claim }),
    reject: (received, reason = { type: 'unreadable' }) => feed({ type: 'rejected', received, reason }),
    presence: (payload) => feed({ type: 'presented', payload }),
    broadcast: (payload) => {
      if (payload.length > MAX_EPHEMERAL_PAYLOAD) {
        throw new RangeError(
          `broadcast: the payload has ${payload.length} bytes; send at most ${MAX_EPHEMERAL_PAYLOAD}, or several`,
        )
      }
      // Not queued before there is a run: it would be stale.
      if (!isClosed) run?.feed({ type: 'broadcast', payload })
    },
    snapshot: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve(false)
        snapshotWaiters.push(resolve)
        feed({ type: 'snapshot' })
      }),
    flush: () => feed({ type: 'flush' }),
    saved: () =>
      new Promise((resolve, reject) => {
        if (run !== undefined && status.pending === 0) return resolve()
        if (isClosed) return reject(new Error('the document was closed before everything was saved'))
        savedWaiters.push({ resolve, reject })
      }),
    pause: (directions) => feed({ type: 'pause', directions }),
    resume: (directions) => feed({ type: 'resume', directions }),
    detach: () => {
      if (isClosed) return
      run?.feed({ type: 'flush' })
      attachment.detach()
      document.connectionChanged()
    },
    attach: () => {
      if (isClosed) return
      attachment.attach()
      document.connectionChanged()
    },
    receipts: () => run?.receipts() ?? NO_RECEIPTS,
    status: () => status,
    self: () => run?.name(),
    get connection() {
      return status.connection
    },
    on: emitter.on,
    docId: () => docId,
    lend: () => run?.lend(),
    reclaim: () => run?.reclaim(),
    connectionChanged: () => {
      if (isClosed) return
      if (carrier.connection() === 'disconnected') wasTried = true
      refresh()
      const ending = carrier.ending()
      if (ending !== undefined && ending !== shownEnding) emitter.emit('closed', ending)
      shownEnding = ending
    },
    close: () => {
      if (isClosed) return
      isClosed = true
      run?.close()
      refresh()
      onSnapshotMade(false)
      for (const { reject } of savedWaiters) {
        reject(new Error('the document was closed before everything was saved'))
      }
      savedWaiters = []
      deps.onClosed(document)
      emitter.clear()
    },
  }
  void begin()
  return document
}
