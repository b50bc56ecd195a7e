/** What must not happen to a Repo: bytes that nobody should have written are named, and everything else goes on. */
import { createHash } from 'node:crypto'
import * as A from '@automerge/automerge'
import { type DocHandle, Repo } from '@automerge/automerge-repo'
import { type Content, createClient, generateSecret, type Replica, type SyncDocument } from 'sealsync'
import { type AdapterEvents, SealsyncNetworkAdapter } from 'sealsync/automerge'
import { SealsyncProvider } from 'sealsync/yjs'
import { afterEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { eventually } from '../eventually.ts'
import { createHouse, type House } from '../house/house.ts'

interface Notes {
  readonly text: string
  items?: string[]
}

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const end of cleanUp.splice(0)) end()
})

const RELAY = 'ws://relay.test'

const openRepo = (house: House, secret: string) => {
  const adapter = new SealsyncNetworkAdapter(RELAY, { secret, WebSocketPolyfill: house.WebSocketPolyfill })
  const repo = new Repo({ network: [adapter] })
  const alarms: AdapterEvents['alarm'][] = []
  const news: AdapterEvents['new'][] = []
  adapter.on('alarm', (alarm) => alarms.push(alarm))
  adapter.on('new', (event) => news.push(event))
  cleanUp.push(() => adapter.disconnect())
  return { adapter, repo, alarms, news }
}

const saved = (adapter: SealsyncNetworkAdapter, documentId: string) =>
  eventually(() => expect(adapter.documentStatus(documentId)).toMatchObject({ syncStatus: 'saved' }))

/** Somebody who has the secret and writes whatever he likes into a document of a Repo. */
const intruder = (house: House, secret: string, room: string): SyncDocument => {
  const replica: Replica = {
    isEmpty: () => true,
    encodings: [3],
    merge: ([first]) => first as Content,
    apply: () => [],
    track: () => undefined,
    missing: () => [],
    capture: () => undefined,
  }
  const client = createClient({ relay: RELAY, WebSocketPolyfill: house.WebSocketPolyfill })
  cleanUp.push(() => client.close())
  return client.open({ secret, room, snapshot: false }, replica)
}

const write = async (document: SyncDocument, content: Content): Promise<void> => {
  await eventually(() => expect(document.status().synced).toBe(true))
  document.push(content)
  await document.saved()
}

const setUp = async () => {
  const house = await createHouse()
  const secret = generateSecret()
  const alice = openRepo(house, secret)
  const handle = alice.repo.create<Notes>({ text: 'before' })
  await saved(alice.adapter, handle.documentId)
  const bob = openRepo(house, secret)
  const found = await bob.repo.find<Notes>(handle.url)
  return { house, secret, alice, bob, handle, found, bad: intruder(house, secret, handle.documentId) }
}

const goesOn = async (a: DocHandle<Notes>, b: DocHandle<Notes>): Promise<void> => {
  a.change((doc) => A.splice(doc, ['text'], 0, 0, 'from a, '))
  b.change((doc) => A.splice(doc, ['text'], 0, 0, 'from b, '))
  await eventually(() => expect(a.heads()).toEqual(b.heads()))
  expect(a.doc().text).toContain('from a, ')
  expect(a.doc().text).toContain('from b, ')
  expect(a.doc().text).toContain('before')
}

const payloadOf = (doc: A.Doc<unknown>): Uint8Array => {
  const change = A.getLastLocalChange(doc)
  if (change === undefined) throw new Error('there was no change')
  return change
}

test('a change with a flipped bit inside a valid envelope is named, and the handles go on', async () => {
  const { alice, bob, handle, found, bad } = await setUp()
  const payload = payloadOf(
    A.change(A.clone(handle.doc()), (doc) => A.splice(doc, ['text'], 0, 0, 'x')),
  ).slice()
  payload[payload.length - 1] = (payload[payload.length - 1] ?? 0) ^ 1
  await write(bad, { encoding: 3, payload })
  await eventually(() =>
    expect(bob.alarms).toMatchObject([{ kind: 'quarantined', documentId: handle.documentId }]),
  )
  await eventually(() => expect(alice.alarms).toHaveLength(1))
  expect(alice.alarms[0]?.envelopeId).toMatch(/^[0-9a-f]{64}$/)
  await goesOn(handle, found)
})

test('a change with a valid checksum that Automerge cannot take is found among good ones and named', async () => {
  const { bob, alice, handle, found, bad } = await setUp()
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const good = A.change(A.clone(handle.doc()), (doc) => A.splice(doc, ['text'], 0, 0, 'good '))
  await write(bad, { encoding: 3, payload: payloadOf(good) })
  await write(bad, { encoding: 3, payload: senseless() })
  await eventually(() => expect(bob.alarms).toMatchObject([{ kind: 'quarantined' }]))
  await eventually(() => expect(alice.alarms).toMatchObject([{ kind: 'quarantined' }]))
  await goesOn(handle, found)
  expect(found.doc().text).toContain('good ')
})

test('two changes of one writer in the same place stop nobody', async () => {
  const { house, secret, alice, bob, handle, found, bad } = await setUp()
  const actor = 'ab'.repeat(16)
  const fork = () => A.load<Notes>(A.save(handle.doc()), { actor })
  const [one, two] = ['one ', 'two '].map((text) =>
    payloadOf(A.change(fork(), (doc) => A.splice(doc, ['text'], 0, 0, text))),
  )
  await write(bad, { encoding: 3, payload: one ?? new Uint8Array(0) })
  await eventually(() => expect(found.doc().text).toContain('one '))
  await write(bad, { encoding: 3, payload: two ?? new Uint8Array(0) })
  await eventually(() => expect([alice.alarms.length, bob.alarms.length]).toEqual([1, 1]))
  await goesOn(handle, found)
  expect(found.doc().text).toContain('one ')
  expect(found.doc().text).not.toContain('two ')
  // The same for who meets both at once.
  const carol = openRepo(house, secret)
  const third = await carol.repo.find<Notes>(handle.url)
  await eventually(() => expect(third.heads()).toEqual(found.heads()))
  await eventually(() =>
    expect(carol.alarms).toMatchObject([{ kind: 'clientid-conflict', documentId: handle.documentId }]),
  )
})

test('an envelope of a Yjs document is named, and the handles go on', async () => {
  const { house, secret, bob, handle, found } = await setUp()
  const doc = new Y.Doc()
  const provider = new SealsyncProvider(RELAY, handle.documentId, doc, {
    secret,
    WebSocketPolyfill: house.WebSocketPolyfill,
  })
  cleanUp.push(() => provider.destroy())
  doc.getText('text').insert(0, 'from Yjs')
  await eventually(() =>
    expect(bob.alarms).toMatchObject([{ kind: 'quarantined', documentId: handle.documentId }]),
  )
  await goesOn(handle, found)
})

test('with another secret a document is unavailable, and the event says that nothing was ever there', async () => {
  const { house, handle } = await setUp()
  const stranger = openRepo(house, generateSecret())
  await expect(stranger.repo.find(handle.url)).rejects.toThrow(/unavailable/)
  expect(stranger.news).toMatchObject([{ documentId: handle.documentId }])
  expect(stranger.adapter.documentStatus(handle.documentId)?.isNew).toBe(true)
})

/** A change with a right checksum and operations in columns that Automerge cannot parse. */
const senseless = (): Uint8Array => {
  const change = payloadOf(
    A.change(A.init<Notes>(), (doc) => {
      doc.items = ['some', 'items']
    }),
  )
  for (let fromEnd = 20; fromEnd < change.length - 60; fromEnd++) {
    const spoilt = withBody(change, (body) =>
      body.map((byte, i) => (body.length - i === fromEnd ? byte ^ 85 : byte)),
    )
    try {
      A.loadIncremental(A.init(), spoilt)
    } catch (error) {
      if (error instanceof RangeError && error.message.includes('column')) return spoilt
    }
  }
  throw new Error('Automerge takes everything')
}

const withBody = (chunk: Uint8Array, edit: (body: Uint8Array) => Uint8Array): Uint8Array => {
  // magic 4, checksum 4, kind 1, length as one or two bytes
  const lengthBytes = (chunk[9] ?? 0) < 128 ? 1 : 2
  const body = edit(chunk.subarray(9 + lengthBytes))
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7]
  const hashed = Uint8Array.from([1, ...length, ...body])
  const checksum = createHash('sha256').update(hashed).digest().subarray(0, 4)
  return Uint8Array.from([...chunk.subarray(0, 4), ...checksum, ...hashed])
}
