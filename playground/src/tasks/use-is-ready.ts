import type { DocHandle } from '@automerge/automerge-repo'
import { useCallback, useSyncExternalStore } from 'react'

/**
 * Whether a document is there. The hooks of automerge-repo 2.5 remember for good that it could not be found when the
 * relay was away, so a component that uses them is shown only once it is.
 */
export const useIsReady = (handle: DocHandle<unknown>): boolean => {
  const subscribe = useCallback(
    (onChange: () => void) => {
      // A handle becomes ready right after it has told of its first content.
      const onContent = (): void => queueMicrotask(onChange)
      handle.on('heads-changed', onContent)
      return () => {
        handle.off('heads-changed', onContent)
      }
    },
    [handle],
  )
  return useSyncExternalStore(subscribe, () => handle.isReady())
}
