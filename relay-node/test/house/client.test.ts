import {
  type Client,
  type ClientOptions,
  createClient,
  createIdentity,
  type DocumentStatus,
  generateSecret,
  memoryStorage,
  type SessionName,
  type Storage,
  type SyncDocument,
} from 'sealsync'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createWords, type Words } from './edits.ts'
import { createHouse, type House } from './house.ts'

let house: House
let clients: Client[] = []
const secret = generateSecret()

beforeEach(async () => {
  vi.useFakeTimers()
  house = await createHouse()
})
afterEach(() => {
  for (const client of clients) client.close()
  clients = []
  vi.useRealTimers()
})

/** Lets time pass, in steps, until it is so. */
const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let step = 0; step < 2000; step++) {
    if (await condition()) return
    await vi.advanceTimersByTimeAsync(10)
  }
  throw new Error(`still not: ${condition}`)
}

const saved = async ({ document }: { readonly document: SyncDocument }): Promise<void> => {
  let isSaved = false
  const waiting = document.saved().then(() => {
    isSaved = true
  })
  await until(() => isSaved)
  await waiting
}

const makeClient = (options: Partial<ClientOptions> = {}): Client => {
  const { WebSocketPolyfill } = house
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill, ...options })
  clients.push(client)
  return client
}

interface Opened {
  readonly client: Client
  readonly document: SyncDocument
  readonly words: Words
  type(...words: string[]): void
}

const open = (options: Partial<ClientOptions> = {}, words = createWords(), where = {}): Opened => {
  const client = makeClient(options)
  const document = client.open({ secret, room: 'r', ...where }, words.replica)
  return { client, document, words, type: (...added) => document.push(words.add(...added)) }
}

const utf8 = new TextEncoder()

/** All that a document is told of others, in order: `shows cursor`, `shows nothing`, `says hi`. */
const listen = ({ document }: Opened): string[] => {
  const told: string[] = []
  const textOf = (payload: Uint8Array) => new TextDecoder().decode(payload)
  document.on('presence', ({ payload }) => told.push(`shows ${payload ? textOf(payload) : 'nothing'}`))
  document.on('broadcast', ({ payload }) => told.push(`says ${textOf(payload)}`))
  return told
}

const sorted = ({ words }: Opened): string => [...words.words].sort().join(' ')

describe('two clients', () => {
  test('see what the other writes, and are told when it is saved', async () => {
    const [a, b] = [open(), open()]
    a.type('one')
    expect(a.document.status().pending).toBe(1)
    await saved(a)
    await until(() => sorted(b) === 'one')
    b.type('two')
    await until(() => sorted(a) === 'one two')
    await saved(b)
    expect(b.document.status()).toMatchObject({
      sync: 'saved',
      pending: 0,
      synced: true,
      connection: 'connected',
    })
  })

  test('see what the other shows, and that it is gone', async () => {
    const [a, b] = [open(), open()]
    const seen: (string | undefined)[] = []
    b.document.on('presence', ({ payload }) => seen.push(payload && new TextDecoder().decode(payload)))
    a.document.presence(new TextEncoder().encode('cursor'))
    await until(() => seen.at(-1) === 'cursor')
    a.document.close()
    await until(() => seen.length > 1)
    expect(seen.at(-1)).toBeUndefined()
  })

  test('hear each other from the first word on, once and in order, and see what is shown as before', async () => {
    const a = open()
    await until(() => a.document.status().synced)
    const b = open()
    const told = [listen(a), listen(b)]
    a.document.presence(utf8.encode('cursor'))
    await until(() => told[1]?.includes('shows cursor') ?? false)
    for (const word of ['one', 'two', 'three']) a.document.broadcast(utf8.encode(word))
    b.document.broadcast(utf8.encode('four'))
    await until(() => told.flat().length >= 5)
    await vi.advanceTimersByTimeAsync(1000)
    const says = told.map((lines) => lines.filter((line) => line.startsWith('says')))
    expect(says).toEqual([['says four'], ['says one', 'says two', 'says three']])
    expect(told[1]?.filter((line) => line.startsWith('shows'))).not.toContain('shows nothing')
  })

  test('greet each other at once: a word is heard within milliseconds of joining', async () => {
    const a = open()
    await until(() => a.document.status().synced)
    const b = open()
    const told = listen(b)
    await until(() => b.document.status().synced)
    await vi.advanceTimersByTimeAsync(1)
    a.document.broadcast(utf8.encode('welcome'))
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual(['says welcome'])
  })

  test('are told which session has broadcast', async () => {
    const [a, b] = [open(), open()]
    const from: SessionName[] = []
    b.document.on('presence', (shown) => from.push(shown.from))
    b.document.on('broadcast', (said) => from.push(said.from))
    a.document.presence(utf8.encode('cursor'))
    await until(() => from.length > 0)
    a.document.broadcast(utf8.encode('one'))
    await until(() => from.length > 1)
    expect(from.at(-1)).toEqual(from[0])
    expect([from[0]?.author.length, from[0]?.session.length]).toEqual([32, 8])
  })

  test('hear nothing that was broadcast before they came, while they were away, or by one who was', async () => {
    const a = open()
    a.document.broadcast(utf8.encode('before the secret'))
    await until(() => a.document.status().synced)
    a.document.broadcast(utf8.encode('alone'))
    const b = open()
    const told = listen(b)
    await until(() => b.document.status().synced)
    a.client.disconnect()
    a.document.broadcast(utf8.encode('offline'))
    a.client.connect()
    await until(() => a.document.status().synced)
    b.client.disconnect()
    a.document.broadcast(utf8.encode('missed'))
    b.client.connect()
    await until(() => b.document.status().synced)
    await vi.advanceTimersByTimeAsync(1000)
    expect(told).toEqual([])
    a.document.broadcast(utf8.encode('now'))
    await until(() => told.length > 0)
    expect(told).toEqual(['says now'])
  })

  test.each([false, true])('broadcast up to 62,947 bytes, padded: %s', async (pad) => {
    const [a, b] = [open({}, createWords(), { pad }), open()]
    const sizes: number[] = []
    b.document.on('broadcast', ({ payload }) => sizes.push(payload.length))
    await until(() => a.document.status().synced && b.document.status().synced)
    await vi.advanceTimersByTimeAsync(1)
    a.document.broadcast(new Uint8Array(62_947))
    expect(() => a.document.broadcast(new Uint8Array(62_948))).toThrow(/62948 bytes; send at most 62947/)
    await until(() => sizes.length > 0)
    expect(sizes).toEqual([62_947])
    a.document.close()
    a.document.broadcast(utf8.encode('after'))
  })

  test('with different secrets do not meet', async () => {
    const [a, b] = [open(), open({}, createWords(), { secret: generateSecret() })]
    a.type('one')
    await saved(a)
    await until(() => b.document.status().synced)
    expect(sorted(b)).toBe('')
    expect(a.document.docId()).not.toBe(b.document.docId())
  })

  test('survive a cut: nothing is lost, and both come back', async () => {
    const [a, b] = [open(), open()]
    await until(() => a.document.status().synced && b.document.status().synced)
    house.cut()
    a.type('one')
    b.type('two')
    await until(() => sorted(a) === 'one two' && sorted(b) === 'one two')
    await saved(a)
    await saved(b)
  })
})

describe('a document', () => {
  test('takes edits, claims, presence and pauses before its secret has arrived', async () => {
    let arrive = (_secret: string): void => undefined
    const a = open({}, createWords(), { secret: new Promise<string>((resolve) => (arrive = resolve)) })
    const statuses: DocumentStatus[] = []
    a.document.on('status', (status) => statuses.push(status))
    a.document.claim(Uint8Array.of(1))
    a.type('one')
    expect(statuses.at(-1)?.pending).toBe(1)
    a.type('two')
    expect(a.document.status()).toMatchObject({ sync: 'loading', pending: 2 })
    expect(a.document.docId()).toBeUndefined()
    arrive(secret)
    await saved(a)
    const b = open()
    await until(() => sorted(b) === 'one two')
  })

  test('asks for its secret as a function, and says why it has none', async () => {
    const a = open({}, createWords(), { secret: () => Promise.resolve(secret) })
    await until(() => a.document.status().synced)
    const b = open({}, createWords(), { secret: () => Promise.reject(new Error('not logged in')) })
    await until(() => b.document.status().sync === 'needs-key')
    b.type('kept')
    expect(b.document.status()).toMatchObject({ reason: 'not logged in', pending: 1 })
  })

  test('uploads what was in the CRDT before it was opened', async () => {
    const a = open({}, createWords('old', 'content'))
    expect(a.document.status().pending).toBe(1)
    await saved(a)
    const b = open()
    await until(() => sorted(b) === 'content old')
    expect(a.document.status().isNew).toBe(true)
    expect(b.document.status().isNew).toBe(false)
  })

  test('queues edits that an observer makes while content is applied', async () => {
    const [a, b] = [open(), open()]
    await until(() => b.document.status().synced)
    b.words.onApply = () => {
      if (b.words.words.has('question') && !b.words.words.has('answer')) b.type('answer')
    }
    a.type('question')
    await until(() => sorted(a) === 'answer question')
    await saved(b)
  })

  test('can be closed by a listener in the middle of everything', async () => {
    const [a, b] = [open(), open()]
    await until(() => a.document.status().synced && b.document.status().synced)
    b.words.onApply = () => {
      b.type('last words')
      b.document.close()
    }
    a.type('one')
    await until(() => sorted(a) === 'last words one')
    expect(b.document.status().connection).toBe('disconnected')
    a.type('two')
    await saved(a)
    expect(sorted(b)).toBe('last words one')
  })

  test('sends what has gathered when it is closed', async () => {
    const a = open({}, createWords(), { flushMs: 60_000 })
    await until(() => a.document.status().synced)
    for (let i = 0; i < 5; i++) a.type(`w${i}`)
    a.document.close()
    a.document.close()
    a.type('after')
    const b = open()
    await until(() => sorted(b) === 'w0 w1 w2 w3 w4')
  })

  test('is loading, then saved, and never offline on the way', async () => {
    const a = open()
    const seen = [a.document.status().sync]
    a.document.on('status', ({ sync }) => seen.push(sync))
    await until(() => a.document.status().synced)
    expect([...new Set(seen)]).toEqual(['loading', 'saved'])
  })

  test('is offline when the relay cannot be reached, and takes edits all the same', async () => {
    house.isUp = false
    const a = open()
    await until(() => a.document.status().sync === 'offline')
    a.type('one')
    house.isUp = true
    await saved(a)
  })

  test('keeps its status object until something changes', async () => {
    const a = open()
    await until(() => a.document.status().synced)
    const status = a.document.status()
    a.document.flush()
    expect(a.document.status()).toBe(status)
    a.type('one')
    expect(a.document.status()).not.toBe(status)
  })

  test('pauses and resumes each direction', async () => {
    const [a, b] = [open(), open()]
    await until(() => a.document.status().synced && b.document.status().synced)
    a.document.pause({ send: true })
    a.type('one')
    expect(a.document.status()).toMatchObject({ sync: 'paused', pending: 1 })
    b.type('two')
    await until(() => sorted(a) === 'one two')
    expect(sorted(b)).toBe('two')
    a.document.resume()
    await until(() => sorted(b) === 'one two')
  })

  test('makes a snapshot when asked, and others load from it', async () => {
    const a = open()
    a.type('one', 'two')
    await saved(a)
    const taken = a.document.snapshot()
    const b = open()
    await until(() => sorted(b) === 'one two')
    expect(await taken).toBe(true)
    b.document.close()
    expect(await b.document.snapshot()).toBe(false)
  })

  test('opened with create: false is not found where it is not', async () => {
    const a = open({}, createWords(), { create: false })
    const closed = vi.fn()
    a.document.on('closed', closed)
    await until(() => a.document.status().sync === 'not-found')
    expect(closed).toHaveBeenCalledWith(expect.objectContaining({ code: 4404 }))
  })

  test('that is open already on the same client says so and leaves the first alone', async () => {
    const a = open()
    await until(() => a.document.status().synced)
    const second = a.client.open({ secret, room: 'r' }, createWords().replica)
    await until(() => second.status().sync === 'blocked')
    expect(second.status().reason).toContain('open already')
    second.close()
    a.type('one')
    await saved(a)
  })

  test('closed and opened again at once, as React does, works', async () => {
    const a = open()
    const again = createWords()
    a.document.close()
    const b = a.client.open({ secret, room: 'r' }, again.replica)
    b.push(again.add('one'))
    await saved({ document: b })
    b.close()
    const third = createWords()
    const c = a.client.open({ secret, room: 'r' }, third.replica)
    await until(() => third.words.has('one'))
    expect(c.status().synced).toBe(true)
  })

  test('shows its frames to developer tools', async () => {
    const a = open()
    const frames: string[] = []
    a.document.on('frame', ({ direction, bytes }) => frames.push(`${direction} ${bytes[0]}`))
    a.type('one')
    await saved(a)
    expect(frames.slice(0, 2)).toEqual(['sent 2', 'received 130'])
  })

  test('an observer that throws stops neither the others nor the sync', async () => {
    const a = open()
    const thrown: unknown[] = []
    const uncaught = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error))
    const heard = vi.fn()
    a.document.on('caught-up', () => {
      throw new Error('a bug of the app')
    })
    a.document.on('caught-up', heard)
    a.type('one')
    await saved(a)
    for (const listener of uncaught) process.on('uncaughtException', listener)
    expect(heard).toHaveBeenCalledOnce()
    expect(thrown).toHaveLength(1)
  })
})

describe('one client', () => {
  test('carries many documents on one socket', async () => {
    const client = makeClient()
    const opened = Array.from({ length: 20 }, (_, i) => {
      const words = createWords()
      const document = client.open({ secret, room: `room ${i}` }, words.replica)
      document.push(words.add(`word ${i}`))
      return document
    })
    for (const document of opened) await saved({ document })
    expect(house.open()).toBe(1)
    expect(house.relay.stats().documents).toBe(20)
  })

  test('connects only when told to, disconnects and connects again', async () => {
    const a = open({ connect: false })
    a.type('one')
    await until(() => a.document.docId() !== undefined)
    expect(a.document.status()).toMatchObject({ sync: 'offline', connection: 'disconnected', pending: 1 })
    expect(house.urls).toEqual([])
    a.client.disconnect()
    a.client.connect()
    a.client.connect()
    await saved(a)
    a.client.disconnect()
    expect(a.document.status()).toMatchObject({ sync: 'offline', connection: 'disconnected', synced: false })
    a.type('two')
    a.client.connect()
    await saved(a)
    expect(house.urls).toHaveLength(2)
  })

  test('asks for parameters and token at each attempt', async () => {
    let calls = 0
    const token = vi.fn(() => Promise.resolve('t'))
    const a = open({ params: () => ({ n: String(++calls) }), token })
    await until(() => a.document.status().synced)
    house.cut()
    await until(() => house.urls.length === 2)
    expect(house.urls).toEqual(['ws://relay.test/?n=1', 'ws://relay.test/?n=2'])
    expect(token).toHaveBeenCalledTimes(2)
  })

  test('stops on a permanent code, says why, and starts again when told to', async () => {
    const a = open()
    const closed = vi.fn()
    a.document.on('closed', closed)
    await until(() => a.document.status().synced)
    house.cut(4401)
    await until(() => a.document.status().sync === 'blocked')
    expect(closed).toHaveBeenCalledOnce()
    expect(a.client.status).toBe('disconnected')
    expect(house.urls).toHaveLength(1)
    a.client.connect()
    await until(() => a.document.status().synced)
  })

  test('moves to another relay and takes its documents along', async () => {
    const a = open()
    a.type('one')
    await saved(a)
    a.client.setUrl('ws://other.test/')
    const b = open({ relay: 'ws://other.test/' })
    await until(() => sorted(b) === 'one')
    await saved(a)
    expect(house.urls).toEqual(['ws://relay.test/', 'ws://other.test/', 'ws://other.test/'])
  })

  test('notices a connection that leads nowhere when the page comes back', async () => {
    const events = new EventTarget()
    vi.stubGlobal('addEventListener', events.addEventListener.bind(events))
    vi.stubGlobal('removeEventListener', events.removeEventListener.bind(events))
    try {
      const a = open()
      await until(() => a.document.status().synced)
      house.isFrozen = true
      events.dispatchEvent(new Event('online'))
      await until(() => !a.document.status().synced)
      house.isFrozen = false
      await until(() => a.document.status().synced)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('reports a token that cannot be had, and goes on trying', async () => {
    const errors: string[] = []
    const client = makeClient({
      token: () => (errors.length === 0 ? Promise.reject(new Error('expired')) : 'fresh'),
    })
    client.on('connection-error', ({ message }) => errors.push(message))
    const document = client.open({ secret, room: 'r' }, createWords().replica)
    await until(() => document.status().synced)
    expect(errors).toEqual(['expired'])
  })

  test('is done once it is closed', async () => {
    const a = open()
    await until(() => a.document.status().synced)
    a.client.close()
    a.client.close()
    a.client.connect()
    expect(() => a.client.open({ secret, room: 'x' }, createWords().replica)).toThrow(/closed/)
    await until(() => house.open() === 0)
  })
})

describe('storage', () => {
  const keys = async (storage: Storage, document: SyncDocument): Promise<string[]> => [
    ...(await storage.load(document.docId() ?? '')).keys(),
  ]

  test('shows the document offline, with edits that were never sent', async () => {
    const storage = memoryStorage()
    const a = open({ storage })
    a.type('one')
    await saved(a)
    a.client.disconnect()
    a.type('two')
    a.client.close()
    const b = open({ storage, connect: false })
    await until(() => sorted(b) === 'one two')
    expect(b.document.status().pending).toBe(1)
    b.client.connect()
    await until(() => b.document.status().synced)
    const c = open()
    await until(() => sorted(c) === 'one two')
  })

  test('keeps the device key: the same device comes back', async () => {
    const storage = memoryStorage()
    const a = open({ storage })
    a.type('one')
    await saved(a)
    const before = (await storage.load(a.document.docId() ?? '')).get('device')
    a.client.close()
    const b = open({ storage })
    await until(() => b.document.status().synced)
    expect((await storage.load(b.document.docId() ?? '')).get('device')).toEqual(before)
  })

  test('holds no key of an identity that the app brought', async () => {
    const storage = memoryStorage()
    const a = open({ storage, identity: createIdentity() })
    a.type('one')
    await saved(a)
    expect(await keys(storage, a.document)).not.toContain('device')
  })

  test('of another tab: its edits are adopted once that tab is gone, not before', async () => {
    const storage = memoryStorage()
    const a = open({ storage, connect: false })
    a.type('from a')
    await until(() => a.document.docId() !== undefined)
    await until(async () => (await keys(storage, a.document)).length === 2)
    const b = open({ storage })
    await until(() => b.document.status().synced)
    expect(sorted(b)).toBe('')
    a.client.close()
    const c = open({ storage })
    await until(() => sorted(c) === 'from a')
    await saved(c)
    expect((await keys(storage, c.document)).filter((key) => key.startsWith('out/'))).toEqual([])
  })

  test('keeps the edits of a document that was closed before it had begun', async () => {
    const storage = memoryStorage()
    const a = open({ storage })
    a.type('one')
    a.client.close()
    const b = open({ storage })
    await until(() => sorted(b) === 'one')
  })

  test('that cannot be read is reported and left alone', async () => {
    const storage: Storage = {
      ...memoryStorage(),
      load: () => Promise.reject(new Error('private mode')),
      write: () => Promise.reject(new Error('must not be written')),
    }
    const errors: string[] = []
    const a = open({ storage })
    a.document.on('storage-error', ({ message }) => errors.push(message))
    a.type('one')
    await saved(a)
    expect(errors).toEqual(['private mode'])
  })

  test('that fails to write keeps the edit pending until it can', async () => {
    const inner = memoryStorage()
    let isFull = false
    const storage: Storage = {
      ...inner,
      write: (docId, changes) =>
        isFull ? Promise.reject(new Error('disk full')) : inner.write(docId, changes),
    }
    const errors: string[] = []
    const a = open({ storage })
    a.document.on('storage-error', ({ message }) => errors.push(message))
    await until(() => a.document.status().synced)
    isFull = true
    a.type('one')
    const b = open()
    await until(() => sorted(b) === 'one')
    await until(() => errors.length > 0)
    expect(a.document.status().pending).toBe(1)
    isFull = false
    await saved(a)
    const c = open({ storage, connect: false })
    await until(() => sorted(c) === 'one')
  })
})

test('everything that was started is stopped', async () => {
  const listeners = new Set<string>()
  vi.stubGlobal('addEventListener', (name: string) => listeners.add(name))
  vi.stubGlobal('removeEventListener', (name: string) => listeners.delete(name))
  try {
    const endings: ((opened: Opened) => Promise<void>)[] = [
      async () => undefined,
      ({ document }) => until(() => document.docId() !== undefined),
      ({ client }) => until(() => client.status === 'connected'),
      ({ document }) => until(() => document.status().synced),
      async ({ client, document }) => {
        await until(() => document.status().synced)
        house.isUp = false
        house.cut()
        await until(() => client.status === 'disconnected')
        await vi.advanceTimersByTimeAsync(10_000)
        house.isUp = true
      },
    ]
    for (const ending of endings) {
      const opened = open({ storage: memoryStorage() })
      await ending(opened)
      opened.type('one')
      opened.client.close()
      await vi.advanceTimersByTimeAsync(0)
      expect([vi.getTimerCount(), listeners.size, house.open()]).toEqual([0, 0, 0])
    }
    const impatient = open({ connect: false })
    impatient.client.on('status', (status) => {
      if (status === 'connecting') impatient.client.close()
    })
    impatient.client.connect()
    expect(impatient.document.status().connection).toBe('disconnected')
    await vi.advanceTimersByTimeAsync(0)
    expect([vi.getTimerCount(), listeners.size, house.open()]).toEqual([0, 0, 0])
  } finally {
    vi.unstubAllGlobals()
  }
})
