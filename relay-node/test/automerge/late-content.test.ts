/** Content that comes to a Repo when its document is open on the relay already, or when there is no relay. */
import { save } from '@automerge/automerge'
import { Repo } from '@automerge/automerge-repo'
import { generateSecret, memoryStorage, type Storage } from 'sealsync'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { createHouse, type House } from '../house/house.ts'

interface Note {
  title: string
}

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const end of cleanUp.splice(0)) end()
})

const openRepo = (house: House, secret: string, storage?: Storage) => {
  const adapter = new SealsyncNetworkAdapter('ws://relay.test', {
    secret,
    WebSocketPolyfill: house.WebSocketPolyfill,
    ...(storage === undefined ? {} : { storage }),
  })
  cleanUp.push(() => adapter.disconnect())
  return { adapter, repo: new Repo({ network: [adapter] }) }
}

test('a document that was asked for in vain and then imported is uploaded', async () => {
  const house = await createHouse()
  const secret = generateSecret()
  const source = new Repo().create<Note>({ title: 'from elsewhere' })
  const alice = openRepo(house, secret)
  await expect(alice.repo.find(source.url)).rejects.toThrow(/unavailable/)
  alice.repo.import(save(source.doc()), { docId: source.documentId })
  const bob = openRepo(house, secret)
  await eventually(async () => {
    const found = await bob.repo.find<Note>(source.url).catch(() => undefined)
    expect(found?.doc().title).toBe('from elsewhere')
  })
})

test('what is made without a connection and without a Repo storage is kept, and uploaded by a later run', async () => {
  const house = await createHouse()
  house.isUp = false
  const secret = generateSecret()
  const storage = memoryStorage()
  const first = openRepo(house, secret, storage)
  const handle = first.repo.create<Note>({ title: 'offline' })
  const pending = () => first.adapter.documentStatus(handle.documentId)?.unsyncedChanges ?? 0
  await eventually(() => expect(pending()).toBeGreaterThan(0))
  const before = pending()
  handle.change((doc) => {
    doc.title = 'still offline'
  })
  await eventually(() => expect(pending()).toBeGreaterThan(before))
  first.adapter.disconnect()
  house.isUp = true
  const second = openRepo(house, secret, storage)
  const found = await second.repo.find<Note>(handle.url)
  expect(found.doc().title).toBe('still offline')
  await eventually(() => expect(second.adapter.documentStatus(handle.documentId)?.syncStatus).toBe('saved'))
  const third = openRepo(house, secret)
  expect((await third.repo.find<Note>(handle.url)).doc().title).toBe('still offline')
})
