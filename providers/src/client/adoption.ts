/**
 * Edits that a closed tab or a killed process could not send any more. Each running session holds a lock by the name
 * of its outbox; whose lock is free has no owner left, and its entries become ours.
 */
import type { Storage } from './storage.ts'

export interface Adoption {
  stop(): void
}

/** The lock that a session holds for as long as it lives. */
export const sessionLock = (docId: string, owner: string): string => `sealsync:${docId}:${owner}`

/** The first looks follow quickly: a page that is being reloaded gives its locks back a little later. */
const SOON_MS = 250
const AGAIN_MS = 5_000
const OUTBOXES = 'out/'

const ownersOf = (entries: ReadonlyMap<string, Uint8Array>): ReadonlySet<string> =>
  new Set([...entries.keys()].map((key) => key.split('/')[1] ?? ''))

export const startAdoption = (options: {
  readonly storage: Storage
  readonly docId: string
  readonly owner: string
  /** Takes over the entries of one outbox; `release` gives its lock back, once they are stored as ours. */
  readonly adopt: (entries: ReadonlyMap<string, Uint8Array>, release: () => void) => void
  readonly onError: (error: unknown) => void
}): Adoption => {
  const { storage, docId, owner, adopt, onError } = options
  const done = new Set([owner])
  let isStopped = false
  let looks = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const tryOne = async (other: string): Promise<void> => {
    const release = await storage.lock(sessionLock(docId, other))
    if (release === undefined) return
    // Read again under the lock: its last holder may have written in between.
    const entries = isStopped
      ? new Map<string, Uint8Array>()
      : await storage.load(docId, `${OUTBOXES}${other}/`)
    if (isStopped || entries.size === 0) {
      release()
      return
    }
    // Once: what cannot be read now will not be read in five seconds.
    done.add(other)
    adopt(entries, release)
  }

  const look = async (): Promise<void> => {
    try {
      for (const other of ownersOf(await storage.load(docId, OUTBOXES))) {
        if (!isStopped && !done.has(other)) await tryOne(other)
      }
    } catch (error) {
      onError(error)
    }
    if (!isStopped) timer = setTimeout(look, Math.min(AGAIN_MS, SOON_MS * 2 ** looks++))
  }

  void look()
  return {
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
