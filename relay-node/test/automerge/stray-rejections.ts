/** Promises that reject while nobody listens, for as long as a world runs: they are its errors, but for one kind. */

/** automerge-repo gives up waiting for a document after a minute, in promises that it has forgotten about. */
const isForgotten = (reason: unknown): boolean => reason instanceof Error && reason.name === 'TimeoutError'

export const watchRejections = (fail: (error: string) => void): (() => void) => {
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const listener = (reason: unknown): void => {
    if (isForgotten(reason)) return
    fail(`nobody listens: ${reason instanceof Error ? reason.stack : String(reason)}`)
  }
  process.on('unhandledRejection', listener)
  return () => {
    process.off('unhandledRejection', listener)
    for (const other of others) process.on('unhandledRejection', other)
  }
}
