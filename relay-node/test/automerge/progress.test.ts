/** How far a large document of a Repo has come is told to the app, in bytes, while it is on its way. */
import { randomBytes } from 'node:crypto'
import { generateSecret } from 'sealsync'
import type { AdapterEvents } from 'sealsync/automerge'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHouse, type House } from '../house/house.ts'
import { type HouseRepo, openHouseRepo } from './house-repo.ts'
import { fakeTime, until } from './house-time.ts'

interface Album {
  pictures: Uint8Array[]
}
type Progress = AdapterEvents['progress']

const PICTURES = 4
/** Random, so that nothing of it can be compressed away. */
const PICTURE_BYTES = 500_000
const CHUNK_BYTES = 65_536

let house: House
let secret: string
const ends: (() => void)[] = []

beforeEach(async () => {
  fakeTime()
  house = await createHouse()
  secret = generateSecret()
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  vi.useRealTimers()
})

const open = (): HouseRepo & { readonly told: readonly Progress[] } => {
  const opened = openHouseRepo(house, { secret, snapshot: { afterUpdates: 1_000_000 } })
  ends.push(opened.close)
  const told: Progress[] = []
  opened.adapter.on('progress', (event) => told.push(event))
  return { ...opened, told }
}

/** Step by step, a chunk at a time, never back, and to the end. */
const expectWhole = (
  told: readonly Progress[],
  direction: Progress['direction'],
  documentId: string,
): void => {
  const total = told[0]?.total ?? 0
  expect(total).toBeGreaterThan(PICTURES * PICTURE_BYTES)
  expect(told.length).toBeGreaterThan(total / CHUNK_BYTES)
  for (const [i, event] of told.entries()) {
    expect(event).toEqual({ documentId, direction, total, done: event.done })
    const before = told[i - 1]?.done ?? 0
    expect(event.done).toBeGreaterThanOrEqual(before)
    expect(event.done - before).toBeLessThanOrEqual(CHUNK_BYTES)
  }
  expect(told.at(-1)?.done).toBe(total)
}

test('a large document is told of on its way up and down, chunk by chunk; a small one beside it is not', async () => {
  const alice = open()
  const [album, note] = [
    alice.repo.create<Album>({ pictures: [] }),
    alice.repo.create<Album>({ pictures: [] }),
  ]
  const isSaved = (): boolean =>
    [album, note].every(({ documentId }) => alice.adapter.documentStatus(documentId)?.syncStatus === 'saved')
  for (let i = 0; i < PICTURES; i++) {
    album.change(({ pictures }) => void pictures.push(new Uint8Array(randomBytes(PICTURE_BYTES))))
    await until(isSaved)
  }
  expect(alice.told).toEqual([])
  alice.adapter.compact(note.documentId)
  alice.adapter.compact(album.documentId)
  await until(() => alice.told.length > 0 && alice.told.at(-1)?.done === alice.told[0]?.total)
  await until(isSaved)
  expectWhole(alice.told, 'up', album.documentId)

  const bob = open()
  const finding = Promise.all([bob.repo.find<Album>(album.url), bob.repo.find<Album>(note.url)])
  await until(() => bob.told.length > 0 && bob.told.at(-1)?.done === bob.told[0]?.total)
  const [found] = await finding
  expectWhole(bob.told, 'down', album.documentId)
  expect(found.heads()).toEqual(album.heads())
})
