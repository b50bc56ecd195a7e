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
  const done = new Set<string>()
  /** Whose lock we have. */
  const taking = new Set<string>()
  let isStopped = false
  let looks = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const tryOne = async (other: string): Promise<void> => {
    const release = await storage.lock(sessionLock(docId, other))
    if (release === undefined) {
      // Its owner lives, also one whose outbox we had: it was back/forward cached, and may leave us another.
      done.delete(other)
      return
    }
    // Read again under the lock: its last holder may have written in between.
    const entries =
      isStopped || done.has(other)
        ? new Map<string, Uint8Array>()
        : await storage.load(docId, `${OUTBOXES}${other}/`)
    if (isStopped || entries.size === 0) {
      release()
      return
    }
    // Once: what cannot be read now will not be read in five seconds. And where locks are none (client/web-lock.ts),
    // two tabs that live must not take the same edits from each other again and again.
    done.add(other)
    taking.add(other)
    adopt(entries, () => {
      taking.delete(other)
      release()
    })
  }

  const look = async (): Promise<void> => {
    try {
      for (const other of ownersOf(await storage.load(docId, OUTBOXES))) {
        if (!isStopped && other !== owner && !taking.has(other)) await tryOne(other)
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
