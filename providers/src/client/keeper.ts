/**
 * Writes what a session wants kept, in the order of its tickets and never two at once: a cursor must not survive a
 * crash that its envelopes did not. What gathers during one write goes into the next.
 */
import type { StorageChange } from '../sync/effects.ts'
import type { Storage } from './storage.ts'

export interface Keeper {
  write(ticket: number, changes: readonly StorageChange[]): void
  /** All entries, after every write that was handed over before. */
  load(): Promise<ReadonlyMap<string, Uint8Array>>
  /** Resolves once nothing is under way. */
  idle(): Promise<void>
}

export const createKeeper = (options: {
  readonly storage: Storage
  readonly docId: string
  readonly onPersisted: (ticket: number) => void
  /** Nothing of this ticket is stored, nor of any later one handed over so far. */
  readonly onFailed: (ticket: number, error: unknown) => void
}): Keeper => {
  const { storage, docId, onPersisted, onFailed } = options
  let waiting: { readonly ticket: number; readonly changes: readonly StorageChange[] }[] = []
  let running: Promise<void> | undefined

  const run = async (): Promise<void> => {
    for (let batch = waiting; batch.length > 0; batch = waiting) {
      waiting = []
      const changes = new Map(batch.flatMap((write) => write.changes).map((change) => [change.key, change]))
      try {
        await storage.write(docId, [...changes.values()])
      } catch (error) {
        waiting = []
        onFailed(batch[0]?.ticket ?? 0, error)
        continue
      }
      for (const { ticket } of batch) onPersisted(ticket)
    }
    running = undefined
  }

  const idle = async (): Promise<void> => {
    while (running !== undefined) await running
  }

  return {
    write: (ticket, changes) => {
      waiting.push({ ticket, changes })
      running ??= run()
    },
    load: async () => {
      await idle()
      return storage.load(docId)
    },
    idle,
  }
}
