/** What browsers do to a page, event by event; playground/e2e/lifecycle.test.ts has the real ones. */
import { createClient, generateSecret, memoryStorage, type Storage } from 'sealsync'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createWords, type Words } from './edits.ts'
import { createHouse, type House } from './house.ts'

let house: House
let opened: Tab[] = []
const secret = generateSecret()

beforeEach(async () => {
  vi.useFakeTimers()
  house = await createHouse()
})
afterEach(() => {
  for (const tab of opened) tab.client.close()
  opened = []
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

type Page = EventTarget & { visibilityState: string }

interface Tab {
  readonly client: ReturnType<typeof createClient>
  readonly document: ReturnType<ReturnType<typeof createClient>['open']>
  readonly words: Words
  type(...words: string[]): void
  text(): string
  /** The events of the page go to this tab alone. */
  readonly events: { readonly window: EventTarget; readonly page: Page }
}

/** A tab with a window of its own. */
const open = (options: { storage?: Storage; connect?: boolean } = {}): Tab => {
  const windows = new EventTarget()
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('addEventListener', windows.addEventListener.bind(windows))
  vi.stubGlobal('removeEventListener', windows.removeEventListener.bind(windows))
  vi.stubGlobal('document', page)
  const { WebSocketPolyfill } = house
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill, ...options })
  const words = createWords()
  const document = client.open({ secret, room: 'r', flushMs: 10_000 }, words.replica)
  const tab: Tab = {
    client,
    document,
    words,
    type: (...added) => document.push(words.add(...added)),
    text: () => [...words.words].sort().join(' '),
    events: { window: windows, page },
  }
  opened.push(tab)
  return tab
}

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let step = 0; step < 2000; step++) {
    if (await condition()) return
    await vi.advanceTimersByTimeAsync(10)
  }
  throw new Error(`still not: ${condition}`)
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

const leave = ({ events }: Tab, persisted: boolean) =>
  events.window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted }))
const comeBack = ({ events }: Tab, persisted: boolean) =>
  events.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }))
const look = ({ events }: Tab, visibilityState: string) => {
  events.page.visibilityState = visibilityState
  events.page.dispatchEvent(new Event('visibilitychange'))
}
const synced = (...tabs: readonly Tab[]) => until(() => tabs.every((tab) => tab.document.status().synced))
/** How many entries the outboxes in this storage have. */
const unsent = async (storage: Storage, tab: Tab): Promise<number> =>
  (await storage.load(tab.document.docId() ?? '', 'out/')).size

/** Without `isShared`, each caller of `lock` is alone: as pages without Web Locks are. */
const tabsOfOneProfile = (isShared: boolean) => {
  const storage = memoryStorage()
  return (): Storage => (isShared ? storage : { ...storage, lock: memoryStorage().lock })
}

describe('what gathers is sealed and sent at once', () => {
  const signs: Record<string, (tab: Tab) => void> = {
    'a page is left': (tab) => leave(tab, false),
    'a page is left and may be cached': (tab) => leave(tab, true),
    'a page is hidden': (tab) => look(tab, 'hidden'),
    'a page is frozen': ({ events }) => events.page.dispatchEvent(new Event('freeze')),
  }
  for (const [name, happens] of Object.entries(signs)) {
    test(`when ${name}`, async () => {
      const [a, b] = [open(), open()]
      await synced(a, b)
      let sent = 0
      a.document.on('frame', ({ direction }) => {
        if (direction === 'sent') sent += 1
      })
      house.isFrozen = true
      a.type('first')
      // Behind the first, which nobody acknowledges, the second gathers for ten seconds.
      a.type('second')
      expect(sent).toBe(1)
      happens(a)
      expect(sent).toBe(2)
      house.isFrozen = false
      a.events.window.dispatchEvent(new Event('pageshow'))
      await until(() => b.text() === 'first second')
    })
  }
})

describe('a page in the back/forward cache', () => {
  test('has no socket, is gone for others at once, and comes back with what happened meanwhile', async () => {
    const [a, b] = [open(), open()]
    await synced(a, b)
    const shown: (string | undefined)[] = []
    b.document.on('presence', ({ payload }) => shown.push(payload && new TextDecoder().decode(payload)))
    a.document.presence(new TextEncoder().encode('cursor'))
    await until(() => shown.includes('cursor'))
    leave(a, true)
    await pass(0)
    expect(house.open()).toBe(1)
    expect(shown).toEqual(['cursor', undefined])
    expect(a.document.status()).toMatchObject({ connection: 'disconnected', sync: 'offline' })
    // Nothing brings the socket back but the page.
    a.client.connect()
    await pass(60_000)
    expect(house.open()).toBe(1)
    b.type('meanwhile')
    await pass(100)

    comeBack(a, true)
    await synced(a)
    expect(a.text()).toBe('meanwhile')
    await until(() => shown.length === 3)
    expect(shown.at(-1)).toBe('cursor')
    expect(house.open()).toBe(2)
  })

  test('that was disconnected stays so when it comes back', async () => {
    const a = open()
    await synced(a)
    a.client.disconnect()
    leave(a, true)
    comeBack(a, true)
    await pass(1000)
    expect(house.open()).toBe(0)
    a.client.connect()
    await synced(a)
  })

  test('leaves its unsent edits to another tab, and both go on when it is back: nothing is lost, and nothing twice', async () => {
    const profile = tabsOfOneProfile(true)
    const storage = profile()
    const [a, b] = [open({ storage, connect: false }), open({ storage, connect: false })]
    await until(() => a.document.docId() !== undefined && b.document.docId() !== undefined)
    a.type('one')
    await pass(6000)
    expect(b.text()).toBe('')
    leave(a, true)
    await pass(5500)
    expect(b.text()).toBe('one')
    comeBack(a, true)
    await pass(500)
    // Its outbox has an owner again: what it writes now is left alone for as long as it lives.
    a.type('two')
    await pass(6000)
    expect(b.text()).toBe('one')
    // And adopted once more when it dies.
    a.client.close()
    await pass(5500)
    expect(b.text()).toBe('one two')
    b.client.connect()
    await until(() => b.document.status().pending === 0 && b.document.status().synced)
    expect(await unsent(storage, b)).toBe(0)
    const c = open()
    await synced(c)
    expect(c.text()).toBe('one two')
  })

  test('whose edits another tab sent comes back, sends the same, and all agree', async () => {
    const storage = memoryStorage()
    const [a, b] = [open({ storage, connect: false }), open({ storage })]
    await synced(b)
    a.type('one')
    await pass(100)
    leave(a, true)
    await until(() => b.text() === 'one' && b.document.status().pending === 0)
    comeBack(a, true)
    a.type('two')
    a.client.connect()
    await until(() => a.document.status().pending === 0 && a.document.status().synced)
    await pass(6000)
    expect([a.text(), b.text()]).toEqual(['one two', 'one two'])
    expect(await unsent(storage, a)).toBe(0)
  })
})

describe('a page that comes back', () => {
  const signs: Record<string, (tab: Tab) => void> = {
    'from a freeze': ({ events }) => events.page.dispatchEvent(new Event('resume')),
    'to the front': (tab) => look(tab, 'visible'),
    'to a network': ({ events }) => events.window.dispatchEvent(new Event('online')),
  }
  for (const [name, happens] of Object.entries(signs)) {
    test(`${name} asks whether the relay is there, and knows within 3 s that it is not`, async () => {
      const a = open()
      await synced(a)
      house.isFrozen = true
      await pass(100)
      happens(a)
      await pass(2_900)
      expect(a.client.status).toBe('connected')
      await pass(200)
      expect(a.client.status).not.toBe('connected')
      house.isFrozen = false
      await synced(a)
    })
    test(`${name} tries at once, whatever pause is under way`, async () => {
      const a = open()
      await synced(a)
      house.isUp = false
      house.cut()
      await pass(120_000)
      house.isUp = true
      const before = house.urls.length
      happens(a)
      await pass(0)
      expect(house.urls.length).toBe(before + 1)
      await synced(a)
    })
  }

  test('from a sleep that nobody told of asks at once, and connects anew', async () => {
    const a = open()
    await synced(a)
    house.isFrozen = true
    // Timers stand still while the machine sleeps; then the clock has jumped and they are all late.
    vi.setSystemTime(Date.now() + 8 * 3_600_000)
    await pass(25_000)
    house.isFrozen = false
    await synced(a)
    expect(house.urls.length).toBeGreaterThan(1)
  })
})

describe('a network that is said to be gone', () => {
  test('cuts no connection that works: the relay may be in another one', async () => {
    const a = open()
    await synced(a)
    a.events.window.dispatchEvent(new Event('offline'))
    await pass(10_000)
    expect(a.client.status).toBe('connected')
    expect(house.urls.length).toBe(1)
  })

  test('is believed after 3 s without an answer, instead of 20', async () => {
    const a = open()
    await synced(a)
    house.isFrozen = true
    a.events.window.dispatchEvent(new Event('offline'))
    await pass(3_100)
    expect(a.client.status).not.toBe('connected')
    house.isFrozen = false
    await synced(a)
  })
})

describe('two tabs without Web Locks', () => {
  test('take over what the other has not sent, once, and never the same to and fro', async () => {
    const profile = tabsOfOneProfile(false)
    const [mine, yours] = [profile(), profile()]
    const [a, b] = [open({ storage: mine, connect: false }), open({ storage: yours, connect: false })]
    await until(() => a.document.docId() !== undefined && b.document.docId() !== undefined)
    a.type('one')
    b.type('two')
    await pass(60_000)
    a.type('three')
    b.type('four')
    await pass(60_000)
    expect(await unsent(mine, a)).toBeLessThanOrEqual(8)
    const before = await unsent(mine, a)
    await pass(60_000)
    expect(await unsent(mine, a)).toBe(before)
    a.client.close()
    // What it left is not lost: whoever opens the app next has it.
    const c = open({ storage: profile() })
    await until(() => c.text() === 'four one three two' && c.document.status().pending === 0)
    b.client.connect()
    await until(() => b.text() === 'four one three two' && b.document.status().pending === 0)
    await pass(10_000)
    expect(await unsent(mine, c)).toBe(0)
  })
})

test('a client without documents and without a wish to connect watches no page', async () => {
  const listening = new Set<string>()
  vi.stubGlobal('addEventListener', (name: string) => listening.add(name))
  vi.stubGlobal('removeEventListener', (name: string) => listening.delete(name))
  const { WebSocketPolyfill } = house
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill, connect: false })
  expect(listening.size).toBe(0)
  const document = client.open({ secret, room: 'r' }, createWords().replica)
  expect(listening.size).toBeGreaterThan(0)
  document.close()
  expect(listening.size).toBe(0)
  client.connect()
  expect(listening.size).toBeGreaterThan(0)
  client.disconnect()
  expect(listening.size).toBe(0)
  client.close()
})

test('nothing here asks the user whether to stay: that is the app’s to do', async () => {
  const names = new Set<string>()
  vi.stubGlobal('addEventListener', (name: string) => names.add(name))
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill: house.WebSocketPolyfill })
  client.open({ secret, room: 'r' }, createWords().replica).push(createWords().add('unsaved'))
  await pass(100)
  expect(names).not.toContain('beforeunload')
  expect(names).not.toContain('unload')
  client.close()
})
