import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { indexedDbStorage } from '../../src/client/indexeddb-storage.ts'
import { storageSuite } from '../../src/testing/storage-suite.ts'

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})
afterEach(() => {
  vi.unstubAllGlobals()
})

describe('IndexedDB storage', () => {
  storageSuite(test, () => ({ open: () => indexedDbStorage() }))
})

describe('IndexedDB storage without Web Locks', () => {
  storageSuite(test, () => {
    vi.stubGlobal('navigator', {})
    return { open: () => indexedDbStorage() }
  })
})

const one = [{ key: 'x', value: Uint8Array.of(1) }]

test('a database that another tab wants to change is let go, and opened again when needed', async () => {
  const storage = indexedDbStorage()
  await storage.write('a', one)
  const deletion = indexedDB.deleteDatabase('sealsync')
  await new Promise((resolve, reject) => {
    deletion.onsuccess = resolve
    deletion.onerror = reject
  })
  expect((await storage.load('a')).size).toBe(0)
  await storage.write('a', one)
  expect((await storage.load('a')).size).toBe(1)
})

test('a connection that the browser has closed is opened again', async () => {
  const opened: IDBDatabase[] = []
  const { open } = indexedDB
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open.apply(indexedDB, args)
    request.addEventListener('success', () => opened.push(request.result))
    return request
  })
  const storage = indexedDbStorage()
  await storage.write('a', one)
  for (const db of opened) db.close()
  expect((await storage.load('a')).size).toBe(1)
})

test('a database that cannot be opened rejects, and the next call tries again', async () => {
  const newer = await openDB('sealsync', 2)
  const storage = indexedDbStorage()
  await expect(storage.load('a')).rejects.toThrow()
  await expect(storage.write('a', one)).rejects.toThrow()
  newer.close()
  vi.stubGlobal('indexedDB', new IDBFactory())
  await storage.write('a', one)
  expect((await storage.load('a')).size).toBe(1)
})

test('apps of one origin can keep apart by name', async () => {
  await indexedDbStorage({ name: 'one' }).write('a', one)
  expect((await indexedDbStorage({ name: 'two' }).load('a')).size).toBe(0)
})
