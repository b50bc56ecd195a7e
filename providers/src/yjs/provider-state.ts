/** What a provider shows, derived from its session, and the events that tell of it. */
import type { SyncDocument } from '../client/sync-document.ts'
import type { Content } from '../sync/content.ts'
import type { Listeners } from './listeners.ts'
import type { ProviderEvents, ProviderSnapshot } from './provider-events.ts'

export interface ProviderState {
  /** The same frozen object until something changes. */
  snapshot(): ProviderSnapshot
  /** Hands an edit to the session; it is counted when this returns. */
  push(content: Content): void
  /** Tells once more that the connection is up, and that all is applied, if it is so. */
  repeat(): void
  readonly whenSynced: Promise<void>
  /** The provider is destroyed: what is pending never comes. */
  end(): void
}

export const createProviderState = (
  session: SyncDocument,
  { emit }: Pick<Listeners<ProviderEvents>, 'emit'>,
): ProviderState => {
  /** Edits that listeners made while the session was at work: it counts them when it is done. */
  let uncounted = 0
  let settle = { resolve: (): void => undefined, reject: (_: Error): void => undefined }
  const whenSynced = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Whoever waits for it hears of a rejection; nobody has to.
  whenSynced.catch(() => undefined)

  const describe = (): ProviderSnapshot => {
    const { connection, sync, synced, pending, isNew, upgradeNeeded, reason } = session.status()
    const isLate = uncounted > 0 && sync === 'saved'
    return Object.freeze({
      connection,
      syncStatus: isLate ? 'saving' : sync,
      synced,
      unsyncedChanges: pending + uncounted,
      isNew,
      upgradeNeeded,
      reason,
    })
  }
  let shown = describe()

  const tellSynced = (): void => {
    emit('sync', [shown.synced])
    if (!shown.synced) return
    emit('synced', [{ state: true }])
    settle.resolve()
  }

  const refresh = (): void => {
    const before = shown
    const next = describe()
    if (isSame(before, next)) return
    shown = next
    emit('change', [])
    if (next.connection !== before.connection) emit('status', [{ status: next.connection }])
    if (next.synced !== before.synced) tellSynced()
    if (next.unsyncedChanges === before.unsyncedChanges) return
    emit('unsyncedChanges', [{ number: next.unsyncedChanges }])
    const hasChanges = next.unsyncedChanges > 0
    if (hasChanges !== before.unsyncedChanges > 0) emit('local-changes', [hasChanges])
  }

  session.on('status', refresh)
  return {
    snapshot: () => shown,
    push: (content) => {
      const before = session.status()
      session.push(content)
      if (session.status() !== before) return
      uncounted += 1
      refresh()
      queueMicrotask(() => {
        uncounted -= 1
        refresh()
      })
    },
    repeat: () => {
      if (shown.connection !== 'connected') return
      emit('status', [{ status: shown.connection }])
      if (shown.synced) tellSynced()
    },
    whenSynced,
    end: () => {
      uncounted = 0
      refresh()
      settle.reject(new Error('the provider was destroyed before it was synced'))
    },
  }
}

const isSame = (a: ProviderSnapshot, b: ProviderSnapshot): boolean =>
  a.connection === b.connection &&
  a.syncStatus === b.syncStatus &&
  a.synced === b.synced &&
  a.unsyncedChanges === b.unsyncedChanges &&
  a.isNew === b.isNew &&
  a.upgradeNeeded === b.upgradeNeeded &&
  a.reason === b.reason
