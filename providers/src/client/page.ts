/** Signs that a page may have slept or changed networks. Places without a window (Node, workers) have fewer, or none. */

/** Calls `onReturn` when there is reason to doubt the connection. The result stops it. */
export const watchPage = (onReturn: () => void): (() => void) => {
  const page = globalThis.document
  const onVisible = (): void => {
    if (page?.visibilityState === 'visible') onReturn()
  }
  globalThis.addEventListener?.('online', onReturn)
  globalThis.addEventListener?.('pageshow', onReturn)
  page?.addEventListener?.('visibilitychange', onVisible)
  return () => {
    globalThis.removeEventListener?.('online', onReturn)
    globalThis.removeEventListener?.('pageshow', onReturn)
    page?.removeEventListener?.('visibilitychange', onVisible)
  }
}
