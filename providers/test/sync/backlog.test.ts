import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import { type Item, NO_ID } from '../../src/protocol/index.ts'
import { createBacklog, type Deliver } from '../../src/sync/backlog.ts'
import { counting, sampleVault } from '../vectors/samples.ts'

beforeAll(() => cryptoReady)

const MEGABYTE = 1024 * 1024

const frame = (bytes: number): Deliver => {
  const fields = { padded: false, session: counting(1, 8), seq: 0, prev: NO_ID, base: NO_ID }
  const update = sampleVault().sealUpdate({ ...fields, logHeight: 0, deps: [] }, new Uint8Array(bytes))
  const items: Item[] = [{ type: 'updates', updates: [update], signatures: 'every' }]
  const place = { piece: 0, after: 1, through: 2, digest: counting(1, 16) }
  return { type: 'deliver', channel: 1, load: 'none', ...place, caughtUp: true, items }
}

test('what waits comes out once, in order', () => {
  const backlog = createBacklog()
  const frames = [frame(10), frame(20), frame(30)]
  for (const one of frames) backlog.add(one)
  expect(backlog.isEmpty()).toBe(false)
  expect(backlog.take()).toEqual(frames)
  expect(backlog.isEmpty()).toBe(true)
  expect(backlog.take()).toEqual([])
})

test('more than 4 MiB behind the first frame is dropped, and takes what follows along', () => {
  const backlog = createBacklog()
  // What everything waits for may have any size.
  for (let i = 0; i < 4; i++) backlog.add(frame(i === 0 ? 4 * MEGABYTE : MEGABYTE))
  const within = createBacklog()
  for (let i = 0; i < 4; i++) within.add(frame(i === 0 ? 4 * MEGABYTE : MEGABYTE))
  expect(within.take()?.length).toBe(4)
  backlog.add(frame(MEGABYTE))
  backlog.add(frame(1))
  expect(backlog.isEmpty()).toBe(false)
  expect(backlog.take()).toBeUndefined()
  expect(backlog.isEmpty()).toBe(true)
})

test('more than 4,096 frames are dropped, however small', () => {
  const backlog = createBacklog()
  const one = frame(1)
  for (let i = 0; i < 4096; i++) backlog.add(one)
  expect(backlog.take()?.length).toBe(4096)
  for (let i = 0; i < 4097; i++) backlog.add(one)
  expect(backlog.take()).toBeUndefined()
})
