import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import { createSessionLock } from '../../src/client/session-lock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const createBench = async () => {
  const storage = memoryStorage()
  const errors: unknown[] = []
  const lock = createSessionLock(storage, 'mine', (error) => errors.push(error))
  await lock.take()
  const isFree = async (): Promise<boolean> => {
    const release = await storage.lock('mine')
    release?.()
    return release !== undefined
  }
  return { storage, lock, errors, isFree }
}

test('a lock is held until it is lent or released', async () => {
  const { lock, isFree } = await createBench()
  expect(await isFree()).toBe(false)
  lock.reclaim()
  lock.lend()
  expect(await isFree()).toBe(true)
  lock.reclaim()
  await pass(0)
  expect(await isFree()).toBe(false)
  lock.release()
  expect(await isFree()).toBe(true)
})

test('a lock that somebody else has meanwhile is taken back as soon as it is free', async () => {
  const { storage, lock, isFree } = await createBench()
  lock.lend()
  const giveBack = await storage.lock('mine')
  lock.reclaim()
  await pass(10_000)
  giveBack?.()
  expect(await isFree()).toBe(true)
  await pass(250)
  expect(await isFree()).toBe(false)
})

test('a lock that is lent again, or released, while it is being taken back ends up free, and no timer is left', async () => {
  for (const end of ['lend', 'release'] as const) {
    const { storage, lock, isFree } = await createBench()
    lock.lend()
    lock.reclaim()
    lock[end]()
    await pass(1000)
    expect(await isFree(), end).toBe(true)
    lock.lend()
    const giveBack = await storage.lock('mine')
    lock.reclaim()
    await pass(100)
    lock[end]()
    giveBack?.()
    await pass(1000)
    expect([await isFree(), vi.getTimerCount()], end).toEqual([true, 0])
  }
})

test('a lock that cannot be asked for is reported, and asked for again', async () => {
  const storage = memoryStorage()
  const errors: unknown[] = []
  let fails = false
  const failing = {
    ...storage,
    lock: (name: string) => (fails ? Promise.reject(new Error('no')) : storage.lock(name)),
  }
  const lock = createSessionLock(failing, 'mine', (error) => errors.push(error))
  await lock.take()
  lock.lend()
  fails = true
  lock.reclaim()
  await pass(100)
  expect(errors.length).toBe(1)
  fails = false
  await pass(200)
  expect(await storage.lock('mine')).toBeUndefined()
})
