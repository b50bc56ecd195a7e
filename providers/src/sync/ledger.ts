/**
 * What has been handed to storage and what storage has confirmed. One write per step, in the order of tickets; what
 * could not be written is written again, with everything after it, so that the cursor never runs ahead of what it
 * stands for.
 */
import type { StorageChange } from './effects.ts'

export interface Ledger {
  /** These edits are acknowledged; they count as pending until the write of this step is confirmed. */
  settle(edits: number): void
  /** The write of this step, if there is one. */
  next(
    changes: readonly StorageChange[],
    now: number,
  ): { readonly ticket: number; readonly changes: readonly StorageChange[] } | undefined
  persisted(ticket: number): void
  failed(ticket: number, now: number): void
  /** Acknowledged edits whose write is not confirmed. */
  settling(): number
  wakeAt(): number | undefined
}

const RETRY_MS = 1_000

export const createLedger = (hasStorage: boolean): Ledger => {
  const underway = new Map<number, { readonly changes: readonly StorageChange[]; readonly edits: number }>()
  let tickets = 0
  let edits = 0
  /** Edits of all writes that are under way. */
  let underwayEdits = 0
  let waiting: StorageChange[] = []
  let waitingEdits = 0
  let retryAt: number | undefined

  return {
    settle: (count) => {
      if (hasStorage) edits += count
    },
    next: (changes, now) => {
      if (!hasStorage) return undefined
      for (const change of changes) waiting.push(change)
      waitingEdits += edits
      edits = 0
      if (waiting.length === 0 || (retryAt !== undefined && retryAt > now)) return undefined
      retryAt = undefined
      // The last word on a key is the one that counts.
      const write = [...new Map(waiting.map((change) => [change.key, change])).values()]
      const ticket = ++tickets
      underway.set(ticket, { changes: write, edits: waitingEdits })
      underwayEdits += waitingEdits
      waiting = []
      waitingEdits = 0
      return { ticket, changes: write }
    },
    persisted: (ticket) => {
      underwayEdits -= underway.get(ticket)?.edits ?? 0
      underway.delete(ticket)
    },
    failed: (ticket, now) => {
      // The driver fails every later write that it already had, so together they come back in order.
      const failed = [...underway].filter(([number]) => number >= ticket)
      waiting = [...failed.flatMap(([, write]) => write.changes), ...waiting]
      for (const [number, write] of failed) {
        waitingEdits += write.edits
        underwayEdits -= write.edits
        underway.delete(number)
      }
      retryAt = now + RETRY_MS
    },
    settling: () => edits + waitingEdits + underwayEdits,
    wakeAt: () => retryAt,
  }
}
