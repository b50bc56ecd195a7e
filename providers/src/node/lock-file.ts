/**
 * A lock between processes of one machine: a file that only one can create, with the process id inside. It counts for
 * nothing when that process is gone, or when the machine or (same id, as in a container) the process has started since.
 */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { uptime } from 'node:os'

/** Between the creation of a lock file and the writing of its process id. */
const NASCENT_MS = 5000

// Fixed at the start: a clock that is set later must not make our own locks look old.
const startedAt = Date.now() - process.uptime() * 1000
const heldHere = new Set<string>()

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

const isStale = (path: string): boolean => {
  if (heldHere.has(path)) return false
  const { mtimeMs } = statSync(path)
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  if (Number.isNaN(pid)) return mtimeMs < Date.now() - NASCENT_MS
  // The boot time is a difference of two clocks and blurred by as much as they drift.
  if (mtimeMs < Date.now() - uptime() * 1000 - NASCENT_MS) return true
  if (pid === process.pid) return mtimeMs < startedAt
  return !isAlive(pid)
}

const create = (path: string): boolean => {
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, `${process.pid}\n`)
    } finally {
      closeSync(file)
    }
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

const remove = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

const isStaleNow = (path: string): boolean => {
  try {
    return isStale(path)
  } catch (error) {
    // Its holder has just given it back.
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Takes the lock if it is free; the result gives it back. Synchronous, so that breaking a stale one is one turn. */
export const takeLockFile = (path: string): (() => void) | undefined => {
  if (!create(path)) {
    if (!isStaleNow(path)) return undefined
    // Only who holds this second file removes the first, and only after a second look: otherwise two processes that
    // both saw the stale lock could each remove what the other has created since.
    const breaking = `${path}.break`
    if (!create(breaking)) {
      if (isStaleNow(breaking)) remove(breaking)
      return undefined
    }
    try {
      if (isStaleNow(path)) remove(path)
      if (!create(path)) return undefined
    } finally {
      remove(breaking)
    }
  }
  heldHere.add(path)
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    heldHere.delete(path)
    remove(path)
  }
}
