/** Whoever has the secret may spoil what he writes; a Repo's document stays usable, he is named, and it is compacted. */
import { createHash } from 'node:crypto'
import * as A from '@automerge/automerge'
import type { DocHandle, NetworkAdapterInterface } from '@automerge/automerge-repo'
import { generateSecret } from 'sealsync'
import { type AdapterEvents, SealsyncNetworkAdapter } from 'sealsync/automerge'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHouse, type House } from '../house/house.ts'
import { type Forger, lastChangeOf, openForger, poison, sealChunk, senseless } from './forger.ts'
import { type HouseRepo, openHouseRepo } from './house-repo.ts'
import { fakeTime, pass, until } from './house-time.ts'
import { createTabLink } from './tab-link.ts'

type Notes = { text: string; more?: string }

let house: House
let secret: string
const ends: (() => void)[] = []

beforeEach(async () => {
  fakeTime()
  house = await createHouse()
  secret = generateSecret()
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Opened extends HouseRepo {
  readonly alarms: readonly AdapterEvents['alarm'][]
  readonly statuses: readonly AdapterEvents['status'][]
}

const open = (...links: readonly NetworkAdapterInterface[]): Opened => {
  const opened = openHouseRepo(house, { secret, snapshot: false }, { links })
  const alarms: AdapterEvents['alarm'][] = []
  const statuses: AdapterEvents['status'][] = []
  opened.adapter.on('alarm', (alarm) => alarms.push(alarm))
  opened.adapter.on('status', (status) => statuses.push(status))
  ends.push(opened.close)
  return { ...opened, alarms, statuses }
}

const find = async (opened: Opened, { url }: DocHandle<Notes>): Promise<DocHandle<Notes>> => {
  let found: DocHandle<Notes> | undefined
  void opened.repo.find<Notes>(url).then((handle) => {
    found = handle
  })
  await until(() => found !== undefined)
  if (found === undefined) throw new Error('not found')
  return found
}

const write = (handle: DocHandle<Notes>, text: string): void =>
  handle.change((doc) => A.splice(doc, ['text'], 0, 0, text))

const isSaved = ({ adapter }: Opened, { documentId }: DocHandle<Notes>): boolean => {
  const status = adapter.documentStatus(documentId)
  return status?.syncStatus === 'saved' && status.unsyncedChanges === 0
}

const settled = async (opened: Opened, handle: DocHandle<Notes>): Promise<void> => {
  await pass(300)
  await until(() => isSaved(opened, handle))
}

/** Alice holds a document of a few changes; the forger has its secret. */
const setUp = async (): Promise<{ alice: Opened; handle: DocHandle<Notes>; forger: Forger }> => {
  const alice = open()
  const handle = alice.repo.create<Notes>({ text: 'first. ' })
  await settled(alice, handle)
  write(handle, 'second. ')
  await settled(alice, handle)
  write(handle, 'third. ')
  await settled(alice, handle)
  const forger = openForger(house, secret, handle.documentId)
  ends.push(forger.close)
  await until(() => forger.document.status().synced)
  return { alice, handle, forger }
}

const kinds = ({ alarms }: Opened): readonly string[] => alarms.map(({ kind }) => kind)

const isNamed = ({ alarms }: Opened, { documentId }: DocHandle<Notes>): void => {
  for (const alarm of alarms) {
    expect(alarm.documentId).toBe(documentId)
    expect(alarm.author).toMatch(/^[0-9a-f]{64}$/)
    expect(alarm.envelopeId).toMatch(/^[0-9a-f]{64}$/)
  }
}

const newcomerSees = async (handle: DocHandle<Notes>): Promise<Opened> => {
  const newcomer = open()
  const found = await find(newcomer, handle)
  await until(() => found.heads().join() === handle.heads().join())
  expect(found.doc()).toEqual(handle.doc())
  return newcomer
}

const empty = (): Uint8Array => A.save(A.init())
const without = (handle: DocHandle<Notes>): Uint8Array => {
  const [first] = A.getAllChanges(handle.doc())
  return A.save(A.applyChanges(A.init(), first === undefined ? [] : [first])[0])
}
const joined = (...chunks: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(chunks.flatMap((one) => [...one]))

describe('a snapshot that lacks what it covers is named, and what it lacks is published again', () => {
  const forms: readonly (readonly [string, (handle: DocHandle<Notes>) => Uint8Array])[] = [
    ['empty', empty],
    ['older', without],
    [
      'empty, with the last change beside it',
      (handle) => joined(empty(), A.getAllChanges(handle.doc()).at(-1) ?? new Uint8Array(0)),
    ],
    [
      'older, with the last change beside it',
      (handle) => joined(without(handle), A.getAllChanges(handle.doc()).at(-1) ?? new Uint8Array(0)),
    ],
  ]
  test.each(forms)('%s', async (_name, payload) => {
    const { alice, handle, forger } = await setUp()
    expect(await forger.snapshot(payload(handle))).toBe(true)
    await until(() => alice.alarms.length > 0)
    expect(kinds(alice)).toEqual(['snapshot-dropped'])
    isNamed(alice, handle)
    await settled(alice, handle)
    const newcomer = await newcomerSees(handle)
    expect(kinds(newcomer)).toEqual([])
    await pass(5_000)
    expect(kinds(alice)).toEqual(['snapshot-dropped'])
  })

  test('also with a change on top that stands on what is lacking', async () => {
    const { alice, handle, forger } = await setUp()
    const bob = open()
    const found = await find(bob, handle)
    await settled(bob, found)
    alice.adapter.disconnect()
    const snapshot = without(handle)
    write(found, 'on top. ')
    const taken = forger.snapshot(snapshot)
    await until(() => bob.alarms.length > 0)
    expect(await taken).toBe(true)
    expect(kinds(bob)).toEqual(['snapshot-dropped'])
    await settled(bob, found)
    await newcomerSees(found)
  })

  test('but not one that is complete, while all write', async () => {
    const { alice, handle } = await setUp()
    const bob = open()
    const found = await find(bob, handle)
    for (let round = 0; round < 6; round++) {
      const made = (round % 2 === 0 ? alice : bob).adapter.compact(handle.documentId)
      for (let i = 0; i < 8; i++) {
        write(handle, `a${round}${i} `)
        write(found, `b${round}${i} `)
        await pass(15)
      }
      await pass(1_500)
      expect(await made).toBe(true)
    }
    await settled(alice, handle)
    await until(() => handle.heads().join() === found.heads().join())
    expect([kinds(alice), kinds(bob)]).toEqual([[], []])
  })
})

describe('a snapshot that nobody can load is named by who holds the document, and replaced', () => {
  const spoilt = (handle: DocHandle<Notes>): Uint8Array => {
    const bytes = A.save(handle.doc())
    for (let i = bytes.length - 1; i > 100; i--) {
      const changed = bytes.slice()
      changed[i] = (changed[i] ?? 0) ^ 1
      const sealed = sealChunk(changed)
      try {
        A.load(sealed)
      } catch {
        return sealed
      }
    }
    throw new Error('Automerge loads everything')
  }
  const lying = (handle: DocHandle<Notes>): Uint8Array => {
    const bytes = without(handle)
    const [head = ''] = A.getHeads(A.load(bytes))
    const at = Buffer.from(bytes).indexOf(Buffer.from(head, 'hex'))
    const changed = bytes.slice()
    changed.set(Buffer.from(A.getHeads(handle.doc())[0] ?? '', 'hex'), at)
    return sealChunk(changed)
  }
  test.each([
    ['spoilt', spoilt],
    ['older, with the heads of the newest', lying],
  ])('%s', async (_name, payload) => {
    const alice = openHouseRepo(house, {
      secret,
      snapshot: { afterUpdates: 1000, afterBytes: 1e9, idleMs: 100 },
    })
    const alarms: AdapterEvents['alarm'][] = []
    alice.adapter.on('alarm', (alarm) => alarms.push(alarm))
    ends.push(alice.close)
    const opened: Opened = { ...alice, alarms, statuses: [] }
    const handle = alice.repo.create<Notes>({ text: 'first. ' })
    await settled(opened, handle)
    write(handle, 'second. ')
    await settled(opened, handle)
    const forger = openForger(house, secret, handle.documentId)
    ends.push(forger.close)
    await until(() => forger.document.status().synced)
    expect(await forger.snapshot(payload(handle))).toBe(true)
    await until(() => alarms.length > 0)
    expect(kinds(opened)).toEqual(['quarantined'])
    isNamed(opened, handle)
    await pass(3_000)
    const newcomer = await newcomerSees(handle)
    expect(kinds(newcomer)).toEqual([])
  })
})

test('a change after which a document cannot be saved is named, and does not keep it from being compacted', async () => {
  const { alice, handle, forger } = await setUp()
  const honest = openForger(house, secret, handle.documentId)
  ends.push(honest.close)
  await until(() => honest.document.status().synced)
  const writeHonestly = async (more: string): Promise<void> => {
    const edited = A.change(A.clone(handle.doc()), (doc) => Object.assign(doc, { more }))
    await honest.write(lastChangeOf(edited))
    await until(() => handle.doc().more === more)
  }
  await writeHonestly('before it')
  await forger.write(poison(handle.doc(), (doc) => A.splice(doc, ['text'], 3, 2, 'abc')))
  await pass(2_000)
  write(handle, 'after it. ')
  await settled(alice, handle)
  await writeHonestly('also after it')
  expect(() => A.load(A.save(handle.doc()))).toThrow()
  expect(kinds(alice)).toEqual([])
  const made = alice.adapter.compact(handle.documentId)
  await pass(3_000)
  expect(await made).toBe(true)
  expect(kinds(alice)).toEqual(['quarantined'])
  isNamed(alice, handle)
  expect(alice.alarms[0]?.author).toBe(
    Buffer.from(forger.document.self()?.author ?? new Uint8Array(0)).toString('hex'),
  )
  const newcomer = open()
  const found = await find(newcomer, handle)
  await until(() => found.heads().join() === handle.heads().join())
  expect(kinds(newcomer)).toEqual([])
  write(found, 'from a newcomer. ')
  await until(() => handle.doc().text.startsWith('from a newcomer. '))
  // Also by who has it from that snapshot, and does not know whose it is; the name is told once.
  const again = newcomer.adapter.compact(handle.documentId)
  await pass(3_000)
  expect(await again).toBe(true)
  expect(kinds(newcomer)).toEqual([])
  const last = alice.adapter.compact(handle.documentId)
  await pass(3_000)
  expect(await last).toBe(true)
  expect(kinds(alice)).toEqual(['quarantined'])
})

test('a Repo tells a linked one such a change under another hash: for the guards that is a second one in its place', async () => {
  const { alice, handle, forger } = await setUp()
  const [near, far] = createTabLink().adapters
  const tab = open(far)
  alice.repo.networkSubsystem.addNetworkAdapter(near)
  const found = await find(tab, handle)
  await settled(tab, found)
  tab.adapter.disconnect()
  const spoilt = poison(handle.doc(), (doc) => A.splice(doc, ['text'], 3, 2, 'abc'))
  await forger.write(spoilt)
  await pass(2_000)
  const hash = createHash('sha256').update(spoilt.subarray(8)).digest('hex')
  const heads = (of: DocHandle<Notes>): readonly string[] => A.getHeads(of.doc())
  expect(heads(handle)).toEqual([hash])
  expect(heads(found)).not.toEqual([hash])
  expect(found.doc()).toEqual(handle.doc())
  const adapter = new SealsyncNetworkAdapter('ws://relay.test/', {
    secret,
    snapshot: false,
    WebSocketPolyfill: house.WebSocketPolyfill,
  })
  const alarms: string[] = []
  adapter.on('alarm', ({ kind }) => alarms.push(kind))
  ends.push(() => adapter.disconnect())
  tab.repo.networkSubsystem.addNetworkAdapter(adapter)
  await pass(10_000)
  expect([alarms, kinds(alice)]).toEqual([['clientid-conflict'], ['clientid-conflict']])
})

describe('a second change in a place is held back and named, with the envelope that brought the first', () => {
  const actor = 'ab'.repeat(16)
  const twins = (handle: DocHandle<Notes>): readonly [Uint8Array, Uint8Array] => {
    const twin = (text: string): Uint8Array =>
      lastChangeOf(
        A.change(A.load<Notes>(A.save(handle.doc()), { actor }), (doc) =>
          A.splice(doc, ['text'], 0, 0, text),
        ),
      )
    return [twin('one '), twin('two ')]
  }

  test('for who was there and for who comes later', async () => {
    const { alice, handle, forger } = await setUp()
    const [one, two] = twins(handle)
    await forger.write(one)
    await until(() => handle.doc().text.startsWith('one '))
    await forger.write(two)
    await until(() => alice.alarms.length > 0)
    const newcomer = await newcomerSees(handle)
    await until(() => newcomer.alarms.length > 0)
    for (const { alarms } of [alice, newcomer]) {
      expect(alarms).toMatchObject([{ kind: 'clientid-conflict', documentId: handle.documentId }])
      expect(alarms[0]?.message).toMatch(/from envelope [0-9a-f]{64}$/)
    }
    expect(handle.doc().text).toContain('one ')
  })

  test('when the first came with a snapshot', async () => {
    const { alice, handle, forger } = await setUp()
    const [one, two] = twins(handle)
    await forger.write(one)
    await until(() => handle.doc().text.startsWith('one '))
    const made = alice.adapter.compact(handle.documentId)
    await pass(2_000)
    expect(await made).toBe(true)
    const newcomer = await newcomerSees(handle)
    await forger.write(two)
    await until(() => newcomer.alarms.length > 0)
    expect(kinds(newcomer)).toEqual(['clientid-conflict'])
    isNamed(newcomer, handle)
    write(handle, 'on. ')
    await until(() => handle.heads().join() !== '' && isSaved(alice, handle))
    await newcomerSees(handle)
  })

  test('but not when the Repo could not take the first', async () => {
    const { alice, handle, forger } = await setUp()
    const [one] = twins(handle)
    await forger.write(senseless(actor))
    await forger.write(one)
    await until(() => handle.doc().text.startsWith('one '))
    expect(kinds(alice)).toEqual(['quarantined'])
  })
})

test('what a newer version writes is kept, the app is told that it lacks something, and no snapshot covers it', async () => {
  const { alice, handle, forger } = await setUp()
  await forger.write(Uint8Array.of(1, 2, 3), 99)
  await until(() => alice.statuses.some((status) => status.documentId !== undefined && status.upgradeNeeded))
  expect(alice.adapter.documentStatus(handle.documentId)).toMatchObject({
    upgradeNeeded: true,
    syncStatus: 'saved',
  })
  write(handle, 'goes on. ')
  await settled(alice, handle)
  expect(kinds(alice)).toEqual([])
  const newcomer = await newcomerSees(handle)
  expect(newcomer.adapter.documentStatus(handle.documentId)?.upgradeNeeded).toBe(true)
})
