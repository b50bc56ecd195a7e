/** A relay that refuses whatever it is sent: nothing is lost, and it is sent less and less. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { Item, Refusal, ToClient } from '../../../providers/src/protocol/index.ts'
import { createScene } from '../simulation/scene.ts'
import { createWatchedLine } from './watched-line.ts'

beforeAll(() => cryptoReady)

const MINUTE_MS = 60_000

const idsOf = (item: Item): readonly Uint8Array[] => {
  if (item.type === 'updates') return item.updates.map(({ id }) => id)
  return item.type === 'snapshot' ? [item.snapshot.id] : []
}

/** One client with some edits, through a relay that refuses all items of this type with `code` while `isRefusing`. */
const refusing = async (type: 'updates' | 'snapshot', code: Refusal) => {
  const scene = createScene({ chunkBytes: 60, snapshotAfter: 3 })
  const author = scene.open('a')
  const line = createWatchedLine(scene.host)
  const relay = { isRefusing: true, refused: 0, chunks: 0 }
  let place: (ToClient & { readonly type: 'deliver' }) | undefined
  line.down = (frame) => {
    if (frame.type === 'deliver') place = frame
    return frame
  }
  line.up = (frame) => {
    if (frame.type !== 'push' || place === undefined) return true
    relay.chunks += frame.items.filter((item) => item.type === 'chunk').length
    const ids = frame.items.filter((item) => item.type === type).flatMap(idsOf)
    if (ids.length === 0 || !relay.isRefusing) return true
    relay.refused += 1
    const items = ids.map((id): Item => ({ type: 'refused', id, code, retryAfterMs: 0, ended: [] }))
    const answer: ToClient = { ...place, load: 'none', piece: 0, after: place.through, items }
    scene.clock.after(5, () => line.tell(answer))
    return false
  }
  author.connect(line)
  await scene.pass(1000)
  for (const letter of 'abcdefgh') {
    author.edit(letter.repeat(60))
    await scene.pass(100)
  }
  return { scene, author, relay }
}

/** Each try of two minutes and more; its chunks once more if some are said to be missing. */
const SNAPSHOTS = { superseded: 8, invalid: 8, gap: 16 }

test.each(['superseded', 'invalid', 'gap'] as const)(
  'a relay that answers every snapshot with "%s" is sent less and less, and gets one when it is honest',
  async (code) => {
    const { scene, author, relay } = await refusing('snapshot', code)
    await scene.pass(10 * MINUTE_MS)
    const first = { ...relay }
    await scene.pass(10 * MINUTE_MS)
    expect(first.refused).toBeGreaterThan(3)
    const chunks = first.chunks / first.refused
    expect(relay.refused - first.refused).toBeLessThanOrEqual(SNAPSHOTS[code])
    expect(relay.chunks - first.chunks).toBeLessThanOrEqual(SNAPSHOTS[code] * chunks)
    expect(author.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
    relay.isRefusing = false
    await scene.pass(4 * MINUTE_MS)
    expect(author.snapshots()).toBe(1)
    expect(author.alarms).toEqual([])
  },
)

/** Those that an honest relay gives for a while are answered at a steady pace: twice a second. */
const UPDATES = {
  ...{ gap: 10, 'session-ended': 10, epoch: 10, superseded: 10 },
  ...{ 'snapshot-needed': 1201, unavailable: 1201 },
}

test.each(Object.entries(UPDATES) as readonly (readonly [Refusal, number])[])(
  'a relay that answers every edit with "%s" is sent it %i times in ten minutes at most, and takes it when it is honest',
  async (code, most) => {
    const { scene, author, relay } = await refusing('updates', code)
    await scene.pass(10 * MINUTE_MS)
    const first = { ...relay }
    await scene.pass(10 * MINUTE_MS)
    expect(first.refused).toBeGreaterThan(3)
    expect(relay.refused - first.refused).toBeLessThanOrEqual(most)
    expect(author.session.status()).toMatchObject({ pending: 8, sync: 'saving' })
    relay.isRefusing = false
    await scene.pass(MINUTE_MS + 1000)
    expect(author.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
    expect(author.alarms).toEqual([])
  },
)

test('a relay that leaves a gap at once in whatever it delivers is not asked as fast as it answers', async () => {
  const scene = createScene()
  const author = scene.open('a')
  const line = createWatchedLine(scene.host)
  let opens = 0
  let isLying = true
  line.up = ({ type }) => {
    if (type === 'open') opens += 1
    return true
  }
  line.down = (frame) => {
    if (!isLying || frame.type !== 'deliver' || !frame.caughtUp) return frame
    const gap: ToClient = {
      ...frame,
      load: 'none',
      piece: 0,
      after: frame.through + 5,
      through: frame.through + 6,
    }
    scene.clock.after(1, () => line.tell({ ...gap, items: [] }))
    return frame
  }
  author.connect(line)
  author.edit('one')
  await scene.pass(MINUTE_MS)
  expect(opens).toBeGreaterThan(3)
  expect(opens).toBeLessThanOrEqual(30)
  isLying = false
  await scene.pass(MINUTE_MS)
  expect(author.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
})
