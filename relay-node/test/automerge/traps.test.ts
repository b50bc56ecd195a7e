/** Traps of automerge-repo's contract. Each of them, fallen into, loses edits without a word or bricks a document. */
import * as A from '@automerge/automerge'
import type { DocHandle } from '@automerge/automerge-repo'
import { generateSecret } from 'sealsync'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Chunk } from '../../../providers/src/automerge/chunk.ts'
import { createHouse, type House } from '../house/house.ts'
import { type HouseRepo, openHouseRepo } from './house-repo.ts'
import { fakeTime, pass, until } from './house-time.ts'
import { openRawWriter, type RawWriter } from './raw-writer.ts'

interface Notes {
  list: string[]
  more?: string[]
}

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

const open = (options: Partial<Parameters<typeof openHouseRepo>[1]> = {}): HouseRepo => {
  const isKeyed = options.keys !== undefined
  const opened = openHouseRepo(house, { ...(isKeyed ? {} : { secret }), snapshot: false, ...options })
  ends.push(opened.close)
  return opened
}

const openRaw = (documentId: string): RawWriter => {
  const raw = openRawWriter(house, secret, documentId)
  ends.push(raw.close)
  return raw
}

const isSaved = ({ adapter }: HouseRepo, { documentId }: DocHandle<Notes>): boolean => {
  const status = adapter.documentStatus(documentId)
  return status?.syncStatus === 'saved' && status.unsyncedChanges === 0
}

const create = async (opened: HouseRepo): Promise<DocHandle<Notes>> => {
  const handle = opened.repo.create<Notes>({ list: [] })
  await until(() => isSaved(opened, handle))
  return handle
}

const find = async (opened: HouseRepo, { url }: DocHandle<Notes>): Promise<DocHandle<Notes>> => {
  let found: DocHandle<Notes> | undefined
  void opened.repo.find<Notes>(url).then((handle) => {
    found = handle
  })
  await until(() => found !== undefined)
  if (found === undefined) throw new Error('not found')
  return found
}

const add = (handle: DocHandle<Notes>, ...items: readonly string[]): void => {
  for (const item of items) handle.change((doc) => void doc.list.push(item))
}

const has = (handle: DocHandle<Notes>, ...items: readonly string[]): boolean =>
  items.every((item) => handle.doc().list.includes(item))

/** Two changes after what the handle holds, the second after the first. */
const twoChanges = (handle: DocHandle<Notes>): readonly [Uint8Array, Uint8Array] => {
  let doc = A.clone(handle.doc())
  const change = (item: string): Uint8Array => {
    doc = A.change(doc, (draft) => void draft.list.push(item))
    return A.getLastLocalChange(doc) ?? new Uint8Array(0)
  }
  const [one, two] = [change('first'), change('second')]
  return [one, two]
}

const lastHash = (handle: DocHandle<Notes>): string | undefined => A.getHeads(handle.doc())[0]

const isChange = (hash: string | undefined) => (chunk: Chunk) =>
  chunk.type === 'change' && chunk.hash === hash

test('T1: nothing that happens in send() reaches the Repo, and the document stays usable', async () => {
  let isSending = false
  const asked: boolean[] = []
  const alice = open({
    keys: () => {
      asked.push(isSending)
      throw new Error('locked')
    },
  })
  const { send } = alice.adapter
  alice.adapter.send = (message) => {
    isSending = true
    send.call(alice.adapter, message)
    isSending = false
  }
  const handle = alice.repo.create<Notes>({ list: [] })
  await pass(500)
  add(handle, 'one')
  await pass(500)
  expect(asked.length).toBeGreaterThan(0)
  expect(asked).not.toContain(true)

  const bob = open()
  const other = await create(bob)
  const garbage = {
    senderId: bob.repo.peerId,
    targetId: bob.adapter.relayPeerId,
    documentId: other.documentId,
  }
  for (const type of ['sync', 'request', 'ephemeral', 'doc-unavailable', 'nonsense']) {
    for (const data of [
      undefined,
      new Uint8Array(0),
      Uint8Array.of(0x42, 1, 2, 3),
      new Uint8Array(300).fill(255),
    ])
      expect(() => bob.adapter.send({ ...garbage, type, ...(data && { data }) })).not.toThrow()
  }
  await pass(5_000)
  add(other, 'two')
  await until(() => isSaved(bob, other))
  bob.adapter.disconnect()
  add(other, 'three')
  await pass(500)
  add(other, 'four')
  await pass(500)
  expect(other.doc().list).toEqual(['two', 'three', 'four'])
})

test('T2: a document that waits for something missing is not made a snapshot, and nothing of it is lost', async () => {
  const alice = open()
  const handle = await create(alice)
  const [first, second] = twoChanges(handle)
  const raw = openRaw(handle.documentId)
  await until(() => raw.document.status().synced)
  raw.push(second)
  await pass(2_000)
  const compacted = alice.adapter.compact(handle.documentId)
  await pass(20_000)
  const early = openRaw(handle.documentId)
  await until(() => early.document.status().synced)
  expect(early.snapshots).toEqual([])
  expect(early.updates.length).toBeGreaterThan(1)

  raw.push(first)
  await until(() => has(handle, 'first', 'second'))
  await pass(20_000)
  expect(await compacted).toBe(true)
  const late = openRaw(handle.documentId)
  await until(() => late.document.status().synced)
  expect(late.snapshots.map(({ type }) => type)).toEqual(['document'])
  const bob = open()
  expect(has(await find(bob, handle), 'first', 'second')).toBe(true)
})

test('T3: an edit that was first told as part of a snapshot goes up as an update, too', async () => {
  const [alice, bob] = [open(), open()]
  const handle = await create(alice)
  const found = await find(bob, handle)
  const raw = openRaw(handle.documentId)
  await until(() => raw.document.status().synced)
  add(handle, 'told')
  await until(() => has(found, 'told') && isSaved(alice, handle))

  add(handle, 'in the throttle')
  const compacted = alice.adapter.compact(handle.documentId)
  await until(() => has(found, 'in the throttle'))
  await pass(5_000)
  expect(await compacted).toBe(true)
  const late = openRaw(handle.documentId)
  await until(() => late.document.status().synced)
  const [snapshot] = late.snapshots
  expect(snapshot).toMatchObject({ type: 'document', heads: A.getHeads(handle.doc()) })
  expect(raw.updates.some(isChange(lastHash(handle)))).toBe(true)
  expect(isSaved(alice, handle)).toBe(true)
})

test('T4: a snapshot covers nothing that its Repo had not been given when it was asked', async () => {
  const [alice, bob] = [open({ inboundWindowMs: 600_000 }), open()]
  const handle = await create(alice)
  const found = await find(bob, handle)
  add(found, 'not yet given')
  await until(() => isSaved(bob, found))
  await pass(1_000)
  expect(has(handle, 'not yet given')).toBe(false)
  const compacted = alice.adapter.compact(handle.documentId)
  await pass(10_000)
  expect(await compacted).toBe(true)
  for (const one of [alice, bob]) one.close()
  const carol = open()
  expect(has(await find(carol, handle), 'not yet given')).toBe(true)
})

test('T5: a whole document that nobody asked for is an update like any other', async () => {
  const [alice, bob] = [open(), open()]
  const handle = await create(alice)
  const found = await find(bob, handle)
  const raw = openRaw(handle.documentId)
  const compacted = alice.adapter.compact(handle.documentId)
  await pass(5_000)
  expect(await compacted).toBe(true)
  const many = Array.from({ length: 30 }, (_, i) => `item ${i}`)
  add(handle, ...many)
  await until(() => raw.updates.some(({ type }) => type === 'document'))
  await until(() => has(found, ...many) && isSaved(alice, handle))
  const carol = open()
  expect(has(await find(carol, handle), ...many)).toBe(true)
})

test('T6: two batches that lead to the same heads both arrive', async () => {
  const [alice, bob] = [open(), open()]
  const handle = await create(alice)
  const found = await find(bob, handle)
  const [first, second] = twoChanges(handle)
  const raw = openRaw(handle.documentId)
  await until(() => raw.document.status().synced)
  raw.push(second)
  await pass(3_000)
  expect(has(handle, 'second')).toBe(false)
  raw.push(new Uint8Array([...first, ...second]))
  await until(() => [handle, found].every((one) => has(one, 'first', 'second')))
})

test('T7: what was told and not acknowledged when the link dropped arrives after reconnecting', async () => {
  const [alice, bob] = [open(), open()]
  const handle = await create(alice)
  const found = await find(bob, handle)
  house.isFrozen = true
  add(handle, 'into the void')
  await until(() => alice.adapter.documentStatus(handle.documentId)?.unsyncedChanges === 1)
  await pass(1_000)
  house.isUp = false
  house.cut()
  house.isFrozen = false
  await pass(2_000)
  add(handle, 'offline')
  await pass(500)
  house.isUp = true
  await until(() => has(found, 'into the void', 'offline') && isSaved(alice, handle))
})

test('a change that comes before what it depends on neither silences its Repo nor stops what follows', async () => {
  const [alice, bob] = [open(), open()]
  const handle = await create(alice)
  const found = await find(bob, handle)
  const [first, second] = twoChanges(handle)
  const raw = openRaw(handle.documentId)
  await until(() => raw.document.status().synced)
  raw.push(second)
  await pass(3_000)
  add(handle, 'meanwhile')
  await until(() => has(found, 'meanwhile') && isSaved(alice, handle), 10_000)
  const before = alice.said.length
  await pass(20_000)
  expect(alice.said.length).toBe(before)
  raw.push(first)
  await until(() => [handle, found].every((one) => has(one, 'first', 'second')), 10_000)
})
