/** What a Repo and its app expect of an adapter, with default options: the relay is the only peer. */
import { randomBytes } from 'node:crypto'
import type { DocHandle, DocumentId, PeerId } from '@automerge/automerge-repo'
import { generateSecret, memoryStorage } from 'sealsync'
import type { AdapterEvents, AdapterOptions } from 'sealsync/automerge'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHouse, type House } from '../house/house.ts'
import { type HouseRepo, openHouseRepo } from './house-repo.ts'
import { fakeTime, pass, until } from './house-time.ts'
import { openRawWriter } from './raw-writer.ts'
import { createRepoDisk } from './repo-storage.ts'
import { createTabLink, type TabLink } from './tab-link.ts'

interface Notes {
  list: string[]
  blobs?: Uint8Array[]
}
type Handle = DocHandle<Notes>

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

const open = (
  options: Partial<AdapterOptions> = {},
  config: Parameters<typeof openHouseRepo>[2] = {},
): HouseRepo => {
  const opened = openHouseRepo(
    house,
    { ...(options.keys === undefined ? { secret } : {}), ...options },
    config,
  )
  ends.push(opened.close)
  return opened
}

const isSaved = ({ adapter }: HouseRepo, { documentId }: Handle): boolean =>
  adapter.documentStatus(documentId)?.syncStatus === 'saved'

const create = async (opened: HouseRepo): Promise<Handle> => {
  const handle = opened.repo.create<Notes>({ list: [] })
  await until(() => isSaved(opened, handle))
  return handle
}

type Found = { readonly handle: Handle | undefined; readonly afterMs: number }

/** `handle: undefined`: it was called unavailable. */
const look = async ({ repo }: HouseRepo, { url }: Handle): Promise<Found> => {
  const startedAt = Date.now()
  let found: Found | undefined
  const settle = (handle?: Handle): void => {
    found = { handle, afterMs: Date.now() - startedAt }
  }
  void repo.find<Notes>(url).then(settle, () => settle())
  await until(() => found !== undefined)
  if (found === undefined) throw new Error('neither')
  return found
}

const find = async (opened: HouseRepo, of: Handle): Promise<Handle> => {
  const { handle } = await look(opened, of)
  if (handle === undefined) throw new Error('unavailable')
  return handle
}

const add = (handle: Handle, item: string): void => handle.change((doc) => void doc.list.push(item))
const has = (handle: Handle, item: string): boolean => handle.isReady() && handle.doc().list.includes(item)

/** A document that nobody else knows of. */
const stray = async (): Promise<Handle> => {
  const other = open({ secret: generateSecret() })
  const handle = await create(other)
  other.close()
  return handle
}

describe('documents', () => {
  test('what one creates another finds, also when the author is gone', async () => {
    const alice = open()
    const handle = await create(alice)
    add(handle, 'one')
    await pass(200)
    await until(() => isSaved(alice, handle))
    const bob = open()
    expect(has(await find(bob, handle), 'one')).toBe(true)
    await pass(200)
    alice.close()
    bob.close()
    expect(has(await find(open(), handle), 'one')).toBe(true)
  })

  test('an import and a clone go up like any other document', async () => {
    const alice = open()
    const handle = await create(alice)
    add(handle, 'one')
    const clone = alice.repo.clone<Notes>(handle)
    const bytes = await alice.repo.export(handle.url)
    if (bytes === undefined) throw new Error('nothing to import')
    const imported = alice.repo.import<Notes>(bytes)
    await until(() => isSaved(alice, clone) && isSaved(alice, imported))
    alice.close()
    const bob = open()
    expect(has(await find(bob, clone), 'one')).toBe(true)
    expect(has(await find(bob, imported), 'one')).toBe(true)
  })

  test('several documents share one socket', async () => {
    const alice = open()
    const handles = await Promise.all([create(alice), create(alice), create(alice)])
    const bob = open()
    for (const handle of handles) await find(bob, handle)
    expect(house.open()).toBe(2)
    expect(house.urls.length).toBe(2)
  })

  test('a deleted and forgotten document is not brought back by what others write', async () => {
    const [alice, bob] = [open(), open()]
    const handle = await create(alice)
    const found = await find(bob, handle)
    bob.repo.delete(found.url)
    bob.adapter.forget(found.documentId)
    add(handle, 'after')
    await until(() => isSaved(alice, handle))
    const before = bob.said.length
    add(handle, 'later')
    await pass(10_000)
    expect(bob.said.length).toBe(before)
    expect(bob.repo.handles[found.documentId]).toBeUndefined()
    expect(bob.adapter.documentStatus(found.documentId)).toBeUndefined()
  })

  test('what a Repo stores is its own: automerge-repo keys, and a sync state for the relay', async () => {
    const disk = createRepoDisk()
    const alice = open({ storage: memoryStorage() }, { storage: disk.adapter(() => true) })
    const handle = await create(alice)
    add(handle, 'one')
    await pass(5_000)
    const kinds = new Set(
      disk.keys().map(([first, second]) => (first === handle.documentId ? second : first)),
    )
    expect([...kinds].sort()).toEqual(
      ['incremental', 'snapshot', 'storage-adapter-id', 'sync-state'].filter((kind) => kinds.has(kind)),
    )
    expect(disk.keys()).toContainEqual([handle.documentId, 'sync-state', alice.adapter.relayStorageId])
  })
})

describe('availability', () => {
  test('what nobody has is unavailable after graceMs, not before', async () => {
    const handle = await stray()
    const alice = open({ graceMs: 700 })
    await until(() => alice.adapter.status === 'connected')
    const { handle: found, afterMs } = await look(alice, handle)
    expect(found).toBeUndefined()
    expect(afterMs).toBeGreaterThanOrEqual(700)
    expect(afterMs).toBeLessThan(1_500)
  })

  test('without a connection the answer comes after readyTimeoutMs', async () => {
    const handle = await stray()
    house.isUp = false
    const { handle: found, afterMs } = await look(open({ readyTimeoutMs: 900 }), handle)
    expect(found).toBeUndefined()
    expect(afterMs).toBeGreaterThanOrEqual(900)
    expect(afterMs).toBeLessThan(3_000)
  })

  test('a connection that is just coming up is waited for', async () => {
    const alice = open()
    const handle = await create(alice)
    alice.close()
    house.isUp = false
    const bob = open({ readyTimeoutMs: 3_000 })
    setTimeout(() => {
      house.isUp = true
    }, 1_000)
    expect((await look(bob, handle)).handle).toBeDefined()
  })

  test('an unavailable document becomes ready when it comes after all', async () => {
    const alice = open()
    house.isUp = false
    const handle = alice.repo.create<Notes>({ list: ['late'] })
    await pass(1_000)
    const bob = open()
    expect((await look(bob, handle)).handle).toBeUndefined()
    house.isUp = true
    await until(() => bob.repo.handles[handle.documentId]?.isReady() === true)
    expect(has(await find(bob, handle), 'late')).toBe(true)
  })

  test('whenReady always resolves: connected, offline, and after a reconnect', async () => {
    const ready = async ({ adapter }: HouseRepo): Promise<void> => {
      let isReady = false
      void adapter.whenReady().then(() => {
        isReady = true
      })
      await until(() => isReady, 5_000)
      expect(adapter.isReady()).toBe(true)
    }
    await ready(open())
    house.isFrozen = true
    await ready(open())
    house.isFrozen = false
    house.isUp = false
    const offline = open()
    await ready(offline)
    offline.adapter.disconnect()
    offline.adapter.connect('again' as PeerId)
    await ready(offline)
  })
})

describe('what is shared', () => {
  test('a share policy that says no sends nothing', async () => {
    const alice = open({}, { sharePolicy: async () => false })
    const handle = alice.repo.create<Notes>({ list: [] })
    add(handle, 'private')
    await pass(5_000)
    expect(alice.said.filter(({ direction }) => direction === 'told')).toEqual([])
    expect((await look(open(), handle)).handle).toBeUndefined()
  })

  test('a share config that gives no access keeps the document from the relay', async () => {
    const shareConfig = { announce: async () => false, access: async () => false }
    const alice = open({}, { shareConfig })
    const handle = alice.repo.create<Notes>({ list: [] })
    add(handle, 'private')
    await pass(5_000)
    expect((await look(open(), handle)).handle).toBeUndefined()
  })

  test('a document without a key is neither sent nor asked for, and unavailable at once', async () => {
    const keys = async (): Promise<string | undefined> => undefined
    const alice = open({ keys })
    const handle = alice.repo.create<Notes>({ list: [] })
    await pass(3_000)
    expect(alice.adapter.documentStatus(handle.documentId)).toBeUndefined()
    const bob = open({ keys })
    await until(() => bob.adapter.status === 'connected')
    const { handle: found, afterMs } = await look(bob, handle)
    expect(found).toBeUndefined()
    expect(afterMs).toBeLessThan(200)
  })

  test('keys may come late, and each document has its own', async () => {
    const secrets = new Map<string, string>()
    const keys = async (documentId: string): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 800))
      const known = secrets.get(documentId) ?? generateSecret()
      secrets.set(documentId, known)
      return known
    }
    const [alice, bob] = [open({ keys }), open({ keys })]
    const [one, two] = [await create(alice), await create(alice)]
    add(one, 'one')
    expect(has(await find(bob, two), 'one')).toBe(false)
    const found = await find(bob, one)
    await until(() => has(found, 'one'))
    expect(secrets.size).toBe(2)
  })

  test('a callback for keys that throws is told as needs-key, and the Repo goes on', async () => {
    const alice = open({
      keys: () => {
        throw new Error('the keychain is locked')
      },
    })
    const told: string[] = []
    alice.adapter.on('status', (status) => {
      if (status.documentId !== undefined) told.push(`${status.syncStatus}: ${status.reason}`)
    })
    const handle = alice.repo.create<Notes>({ list: [] })
    add(handle, 'one')
    await pass(1_000)
    expect(told).toContain('needs-key: the keychain is locked')
    expect(has(handle, 'one')).toBe(true)
  })
})

describe('ephemerals', () => {
  const listen = (handle: Handle): string[] => {
    const heard: string[] = []
    handle.on('ephemeral-message', ({ message, senderId }) => heard.push(`${senderId} ${message}`))
    return heard
  }

  test('that are too large are named, and neither bring the app down nor stop the next one', async () => {
    const [a, b] = [open({}, { peerId: 'a' }), open({}, { peerId: 'b' })]
    const handle = await create(a)
    const found = await find(b, handle)
    await pass(3_000)
    const dropped: AdapterEvents['broadcast-dropped'][] = []
    a.adapter.on('broadcast-dropped', (event) => dropped.push(event))
    const heard = listen(found)
    handle.broadcast('x'.repeat(100_000))
    handle.broadcast('small')
    await pass(2_000)
    expect(heard).toEqual(['a small'])
    expect(dropped).toMatchObject([{ documentId: handle.documentId, limitBytes: 62_947 }])
    expect(dropped[0]?.bytes).toBeGreaterThan(100_000)
  })

  test('keep their sender and order, and cost one message each: nothing is echoed', async () => {
    const [alice, bob] = [open({}, { peerId: 'alice' }), open({}, { peerId: 'bob' })]
    const handle = await create(alice)
    const found = await find(bob, handle)
    await pass(3_000)
    const heard = [listen(handle), listen(found)]
    const frames: string[] = []
    for (const one of [alice, bob]) {
      one.adapter.on('message', ({ type }) => type === 'ephemeral' && frames.push(type))
    }
    for (const message of ['first', 'second']) handle.broadcast(message)
    await pass(2_000)
    expect(heard).toEqual([[], ['alice first', 'alice second']])
    expect(frames.length).toBe(2)
  })

  test('do not come back to their Repo when a linked tab passes them on', async () => {
    const link = createTabLink()
    const [near, far] = link.adapters
    const alice = open({}, { peerId: 'alice', links: [near] })
    const tab = open({}, { peerId: 'tab', links: [far] })
    const handle = await create(alice)
    await find(tab, handle)
    await pass(2_000)
    const heard = listen(handle)
    handle.broadcast('hello')
    await pass(2_000)
    expect(heard).toEqual([])
  })
})

test('edits of one moment that are more than a relay takes as one update all arrive', async () => {
  const [a, b] = [open(), open()]
  const handle = await create(a)
  const found = await find(b, handle)
  handle.change((doc) => {
    doc.blobs = []
  })
  for (let i = 0; i < 8; i++) {
    handle.change((doc) => doc.blobs?.push(new Uint8Array(randomBytes(750_000))))
  }
  await until(() => found.doc().blobs?.length === 8)
  await until(() => isSaved(a, handle))
  expect(found.heads()).toEqual(handle.heads())
})

describe('linked tabs', () => {
  const openTabs = async (): Promise<{ tabs: HouseRepo[]; link: TabLink; handle: Handle; found: Handle }> => {
    const link = createTabLink()
    const [near, far] = link.adapters
    const [one, two] = [open({}, { links: [near] }), open({}, { links: [far] })]
    const handle = await create(one)
    const found = await find(two, handle)
    await until(() => isSaved(two, handle))
    await pass(3_000)
    return { tabs: [one, two], link, handle, found }
  }

  test('do not echo for ever, and upload each edit once', async () => {
    const { tabs, link, handle, found } = await openTabs()
    const raw = open({ secret })
    await find(raw, handle)
    await pass(3_000)
    for (let i = 0; i < 10; i++) {
      add(i % 2 === 0 ? handle : found, `edit ${i}`)
      await pass(1_000)
    }
    const said = (): number => tabs.reduce((sum, tab) => sum + tab.said.length, link.messages())
    const before = said()
    await pass(30_000)
    expect(said()).toBe(before)
    const updates = raw.said.filter(({ direction, sync }) => direction === 'heard' && sync?.changes.length)
    expect(updates.length).toBeLessThanOrEqual(14)
  })

  test('an edit that waits for the other tab to upload it counts as unsynced, and the Repo hears when it is there', async () => {
    const { tabs, handle, found } = await openTabs()
    const [one, two] = tabs
    if (one === undefined || two === undefined) throw new Error('two tabs')
    for (let i = 0; i < 4; i++) {
      add(handle, `edit ${i}`)
      await pass(1_000)
    }
    const raw = openRawWriter(house, secret, handle.documentId)
    ends.push(raw.close)
    await until(() => raw.document.status().synced)
    const before = raw.updates.length
    const { peerId } = one.adapter
    one.adapter.disconnect()
    add(handle, 'by way of the other tab')
    await until(() => has(found, 'by way of the other tab'))
    await pass(120)
    let waitedMs = 0
    for (; raw.updates.length === before && waitedMs < 1_000; waitedMs += 10) {
      expect(two.adapter.documentStatus(handle.documentId)).toMatchObject({
        unsyncedChanges: 1,
        syncStatus: 'saving',
      })
      await pass(10)
    }
    expect(waitedMs).toBeGreaterThanOrEqual(50)
    expect(raw.updates.length).toBe(before + 1)
    if (peerId !== undefined) one.adapter.connect(peerId)
    add(found, 'by both')
    await pass(10_000)
    for (const [i, { adapter }] of tabs.entries()) {
      const own = [handle, found][i]
      expect(adapter.documentStatus(handle.documentId)).toMatchObject({
        unsyncedChanges: 0,
        syncStatus: 'saved',
      })
      expect(own?.getSyncInfo(adapter.relayStorageId)?.lastHeads).toEqual(own?.heads())
    }
  })

  test('a tab that closes sends first what it has left to the other, which may be gone', async () => {
    const { tabs, handle, found } = await openTabs()
    const [one, two] = tabs
    for (let i = 0; i < 4; i++) {
      add(handle, `edit ${i}`)
      await pass(1_000)
    }
    one?.close()
    add(handle, 'last words')
    await until(() => has(found, 'last words'))
    await pass(120)
    expect(two?.adapter.documentStatus(handle.documentId)?.unsyncedChanges).toBe(1)
    two?.close()
    await pass(1_000)
    expect(has(await find(open(), handle), 'last words')).toBe(true)
  })
})

describe('the adapter', () => {
  test('disconnects as often as one likes, and is inert after it', async () => {
    const alice = open()
    const handle = await create(alice)
    let left = 0
    alice.adapter.on('peer-disconnected', () => {
      left += 1
    })
    for (let i = 0; i < 3; i++) alice.adapter.disconnect()
    expect(left).toBe(1)
    const before = alice.said.filter(({ direction }) => direction === 'heard').length
    const { relayPeerId } = alice.adapter
    const message = {
      senderId: 'x' as PeerId,
      targetId: relayPeerId,
      documentId: handle.documentId as DocumentId,
    }
    alice.adapter.send({ ...message, type: 'request', data: new Uint8Array(3) })
    await pass(5_000)
    expect(alice.said.filter(({ direction }) => direction === 'heard').length).toBe(before)
    expect(house.open()).toBe(0)
  })

  test('reconnects without metadata, keeps what it had, and goes on', async () => {
    const alice = open({}, { storage: createRepoDisk().adapter(() => true) })
    const handle = await create(alice)
    const { peerId, peerMetadata } = alice.adapter
    if (peerId === undefined) throw new Error('never connected')
    alice.adapter.disconnect()
    add(handle, 'meanwhile')
    await pass(1_000)
    alice.adapter.connect(peerId)
    expect(alice.adapter.peerMetadata).toEqual(peerMetadata)
    await until(() => isSaved(alice, handle))
    expect(has(await find(open(), handle), 'meanwhile')).toBe(true)
  })

  test('tells status, alarm and new, and stops when it is told to', async () => {
    const alice = open()
    const told: string[] = []
    const onStatus = (): void => {
      told.push('status')
    }
    alice.adapter.on('status', onStatus)
    alice.adapter.on('new', ({ documentId }) => told.push(`new ${documentId}`))
    alice.adapter.on('alarm', () => told.push('alarm'))
    const handle = await create(alice)
    expect(told).toContain(`new ${handle.documentId}`)
    expect(told).toContain('status')
    expect(told).not.toContain('alarm')
    alice.adapter.off('status', onStatus)
    told.length = 0
    add(handle, 'one')
    await pass(2_000)
    expect(told).toEqual([])
  })
})
