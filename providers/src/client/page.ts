/** What happens to the page. Places without a window (Node, workers) have fewer signs of it, or none. */

interface PageHandlers {
  /** It may have slept or changed networks. `wasCached`: nothing of it ran since `onCached`. */
  readonly onReturn: (wasCached: boolean) => void
  /** The network is said to be gone; it may be another one than the relay's. */
  readonly onDoubt: () => void
  /** It is hidden, frozen or left: this may be the last that is heard of it. */
  readonly onLeave: () => void
  /** After `onLeave`: it may go into the back/forward cache, where nothing of it runs until `onReturn`. */
  readonly onCached: () => void
}

export interface PageWatch {
  /** Idempotent, as is `stop`. */
  start(): void
  stop(): void
  isCached(): boolean
}

export const createPageWatch = ({ onReturn, onDoubt, onLeave, onCached }: PageHandlers): PageWatch => {
  const page = globalThis.document
  let isWatching = false
  let isCached = false

  const returned = (): void => {
    const wasCached = isCached
    isCached = false
    onReturn(wasCached)
  }
  const onVisibility = (): void => {
    if (page?.visibilityState === 'visible') returned()
    else onLeave()
  }
  const onPageHide = (event: Event): void => {
    onLeave()
    if (!('persisted' in event) || event.persisted !== true) return
    isCached = true
    onCached()
  }
  const ofWindow = { online: returned, offline: onDoubt, pageshow: returned, pagehide: onPageHide }
  const ofDocument = { visibilitychange: onVisibility, freeze: onLeave, resume: returned }

  return {
    start: () => {
      if (isWatching) return
      isWatching = true
      for (const [name, listener] of Object.entries(ofWindow)) globalThis.addEventListener?.(name, listener)
      for (const [name, listener] of Object.entries(ofDocument)) page?.addEventListener?.(name, listener)
    },
    stop: () => {
      isWatching = false
      isCached = false
      for (const [name, listener] of Object.entries(ofWindow))
        globalThis.removeEventListener?.(name, listener)
      for (const [name, listener] of Object.entries(ofDocument)) page?.removeEventListener?.(name, listener)
    },
    isCached: () => isCached,
  }
}
