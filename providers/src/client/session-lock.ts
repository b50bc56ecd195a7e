/**
 * The lock that says whose outbox has a living owner. It is lent while the page lies in the back/forward cache: held
 * there, it would keep other tabs from the edits of a page that may never run again, and make browsers refuse to cache
 * the page or throw it out. Who comes back and finds its outbox adopted has lost nothing and goes on: what both then
 * send is the same, and neither overwrites what the other has not read (sync/outbox.ts).
 */
import type { Storage } from './storage.ts'

export interface SessionLock {
  /** Rejects when storage cannot tell. */
  take(): Promise<void>
  /** Free for others until `reclaim`. */
  lend(): void
  /** Takes it back, as soon as nobody else has it. Does nothing when it was not lent. */
  reclaim(): void
  /** For good. */
  release(): void
}

const AGAIN_MS = 250

export const createSessionLock = (
  storage: Storage,
  name: string,
  onError: (error: unknown) => void,
): SessionLock => {
  let giveBack: (() => void) | undefined
  let state: 'held' | 'lent' | 'reclaiming' | 'released' = 'held'
  let timer: ReturnType<typeof setTimeout> | undefined

  const free = (): void => {
    clearTimeout(timer)
    giveBack?.()
    giveBack = undefined
  }

  const take = async (): Promise<void> => {
    const taken = await storage.lock(name)
    if (state === 'lent' || state === 'released' || giveBack !== undefined) taken?.()
    else giveBack = taken
  }

  const tryAgain = async (): Promise<void> => {
    await take().catch(onError)
    if (state !== 'reclaiming') return
    if (giveBack !== undefined) state = 'held'
    else timer = setTimeout(tryAgain, AGAIN_MS)
  }

  return {
    take,
    lend: () => {
      if (state === 'released') return
      state = 'lent'
      free()
    },
    reclaim: () => {
      if (state !== 'lent') return
      state = 'reclaiming'
      void tryAgain()
    },
    release: () => {
      state = 'released'
      free()
    },
  }
}
