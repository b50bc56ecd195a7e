/** One user's device: a disk that outlives its tabs, and locks that end with their holders. */

import type { StorageChange } from '../../../providers/src/sync/effects.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Random } from '../../../providers/src/testing/random.ts'

export interface Disk {
  readonly entries: Map<string, Uint8Array>
  /** Owners of outboxes whose tab lives. */
  readonly locks: Set<string>
  /** While true, nothing that is to be written is finished. */
  isStuck: boolean
  /** Called right before and right after each write: where a crash can come. */
  onWrite: ((moment: 'before' | 'after') => void) | undefined
}

export interface DiskWriter {
  write(changes: readonly StorageChange[], done: (written: boolean) => void): void
  /** Forgets what has not reached the disk: the tab died. */
  die(): void
}

export const createDisk = (): Disk => ({
  entries: new Map(),
  locks: new Set(),
  isStuck: false,
  onWrite: undefined,
})

/** Writes one after the other, each all or nothing; after one that fails, those already queued fail too. */
export const createDiskWriter = (
  disk: Disk,
  { clock, random, diskMs, faults }: { clock: Clock; random: Random; diskMs: number; faults: () => number },
): DiskWriter => {
  let alive = true
  let last = 0
  let doomed = 0
  let queued = 0
  return {
    write: (changes, done) => {
      queued += 1
      last = Math.max(last + 0.001, clock.now() + random() * diskMs)
      const run = (): void => {
        if (!alive) return
        if (disk.isStuck) {
          clock.after(50, run)
          return
        }
        queued -= 1
        const fails = doomed > 0 || random.chance(faults())
        if (doomed > 0) doomed -= 1
        else if (fails) doomed = queued
        disk.onWrite?.('before')
        if (!alive) return
        if (!fails) {
          for (const { key, value } of changes) {
            if (value === undefined) disk.entries.delete(key)
            else disk.entries.set(key, value.slice())
          }
        }
        disk.onWrite?.('after')
        if (alive) done(!fails)
      }
      clock.after(last - clock.now(), run)
    },
    die: () => {
      alive = false
    },
  }
}
