import { useCallback, useSyncExternalStore } from 'react'
import type { ProviderSnapshot, SealsyncProvider } from 'sealsync/yjs'

/** What a provider shows of itself; see `ProviderSnapshot`. */
export type SealsyncStatus = ProviderSnapshot

/** On a server, and without a provider. */
const UNKNOWN: SealsyncStatus = Object.freeze({
  connection: 'disconnected',
  syncStatus: 'loading',
  synced: false,
  unsyncedChanges: 0,
  isNew: false,
  upgradeNeeded: false,
  reason: undefined,
})

/**
 * Connection and sync status of a provider; renders again only when one of them changes.
 *
 * @example
 * const { syncStatus, unsyncedChanges } = useSealsyncStatus(provider)
 */
export const useSealsyncStatus = (provider: SealsyncProvider | null | undefined): SealsyncStatus => {
  const subscribe = useCallback(
    (onChange: () => void) => {
      provider?.on('change', onChange)
      return () => provider?.off('change', onChange)
    },
    [provider],
  )
  const getSnapshot = () => provider?.getSnapshot() ?? UNKNOWN
  return useSyncExternalStore(subscribe, getSnapshot, () => UNKNOWN)
}
