import { useCallback, useSyncExternalStore } from 'react'
import type { AdapterStatus, SealsyncNetworkAdapter } from 'sealsync/automerge'

/** Where a document stands; `undefined` until the Repo has spoken of it. */
export const useDocumentStatus = (
  adapter: SealsyncNetworkAdapter,
  documentId: string,
): AdapterStatus | undefined => {
  const subscribe = useCallback(
    (onChange: () => void) => {
      adapter.on('status', onChange)
      return () => {
        adapter.off('status', onChange)
      }
    },
    [adapter],
  )
  return useSyncExternalStore(subscribe, () => adapter.documentStatus(documentId))
}
