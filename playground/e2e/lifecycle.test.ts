/** The life of a page as a real browser lives it: left, cached, crashed, and found again by other tabs. */
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from './stage.ts'
import { PATIENCE, type Window, windowOf } from './window.ts'

/** What docs/options.md promises: other tabs look every 5 s. */
const ADOPTED_MS = 5_000
/** What a small machine may take for it besides. */
const SLACK_MS = 3_000

describe.skipIf(!process.env.CHROMIUM_PATH)('a page in a browser', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage()
  })

  afterAll(() => stage?.close())

  const open = async (url: string = stage.url, profile?: BrowserContext): Promise<Window> => {
    const window = windowOf(await stage.newPage(profile ?? (await stage.newProfile()), url))
    await window.says('saved')
    return window
  }

  const close = (...windows: readonly Window[]) =>
    Promise.all(windows.map(({ page }) => page.context().close()))

  /** Another page of the same origin that has nothing to do with documents. */
  const leave = (page: Page) => page.goto(new URL('seal.svg', stage.url).href)

  const mark = (page: Page): Promise<unknown> =>
    page.evaluate(() => Object.assign(globalThis, { mark: 'this very page' }).mark)
  const comeBack = async (page: Page): Promise<void> => {
    await page.goBack({ waitUntil: 'commit' })
    // Of a page that was loaded anew there would be no mark.
    expect(await page.evaluate(() => 'mark' in globalThis)).toBe(true)
  }

  const crash = async (page: Page): Promise<void> => {
    const session = await page.context().newCDPSession(page)
    session.send('Page.crash').catch(() => undefined)
    await page.waitForEvent('crash')
  }

  /** Kills the process of the page that hangs, as the system does when memory is short. */
  const killBusiest = async (page: Page): Promise<void> => {
    const session = await page.context().browser()?.newBrowserCDPSession()
    const spent = async (): Promise<ReadonlyMap<number, number>> => {
      const { processInfo = [] } = (await session?.send('SystemInfo.getProcessInfo')) ?? {}
      const renderers = processInfo.filter(({ type }) => type === 'renderer')
      return new Map(renderers.map(({ id, cpuTime }) => [id, cpuTime]))
    }
    const before = await spent()
    await page.waitForTimeout(700)
    const busy = [...(await spent())].map(([id, time]) => ({ id, spent: time - (before.get(id) ?? time) }))
    const busiest = busy.sort((a, b) => b.spent - a.spent)[0]
    if (busiest === undefined) throw new Error('the browser has no pages')
    const crashed = page.waitForEvent('crash')
    process.kill(busiest.id, 'SIGKILL')
    await crashed
  }

  /** How many outboxes in this profile have entries. */
  const outboxes = (page: Page): Promise<number> => page.evaluate(countOutboxes)

  test('that is left is gone for others at once, and back from the cache it goes on as before', async () => {
    const ada = await open()
    await ada.rename('Ada')
    const ben = await open(ada.page.url())
    await ben.rename('Ben')
    await ada.type('Before. ')
    await ben.sees('Ada')
    await ben.page.locator('.collaboration-carets__label', { hasText: 'Ada' }).waitFor()
    await mark(ada.page)
    await ada.insert('The last word. ')
    const left = performance.now()
    await leave(ada.page)
    await ben.sees()
    expect(performance.now() - left).toBeLessThan(3_000)
    await ben.reads('Before. The last word. ')
    await ben.type('Meanwhile. ')

    await comeBack(ada.page)
    await ada.reads('Before. The last word. Meanwhile. ')
    await ada.says('saved')
    // Name and caret, although nobody has touched the editor since.
    await ben.sees('Ada')
    await ben.page.locator('.collaboration-carets__label', { hasText: 'Ada' }).waitFor()
    await ada.type('After. ')
    for (const window of [ada, ben]) {
      await window.reads('Before. The last word. Meanwhile. After. ')
      await window.says('saved')
    }
    await close(ada, ben)
  })

  test('keeps its unsent edits for as long as it lives; cached or crashed, it leaves them to one other tab', async () => {
    const ada = await open()
    const link = ada.page.url()
    const profile = ada.page.context()
    const second = await open(link, profile)
    for (const window of [ada, second]) await window.plug()
    await ada.insert('Ada, offline. ')
    await second.insert('Second, offline. ')
    for (const window of [ada, second]) await window.says(/^offline, [1-9]\d* pending$/)
    // Who has just been opened looks four times within this.
    const third = await open(link, profile)
    await third.page.waitForTimeout(1_500)
    const others = [second, third]
    const texts = (): Promise<string[]> => Promise.all(others.map((other) => other.text()))
    const isAdopted = async (words: string): Promise<void> => {
      const since = performance.now()
      await expect.poll(async () => (await texts()).join(), PATIENCE).toContain(words)
      expect(performance.now() - since).toBeLessThan(ADOPTED_MS + SLACK_MS)
    }
    expect(await texts()).toEqual(['Second, offline. ', ''])
    expect(await outboxes(ada.page)).toBe(2)
    await third.plug()

    await mark(ada.page)
    await leave(ada.page)
    await isAdopted('Ada, offline.')
    // Of these that look as often as each other, one was first, and it took all.
    expect((await texts()).filter((text) => text.includes('Ada, offline.')).length).toBe(1)
    // No lock of its own has thrown it out of the cache.
    await comeBack(ada.page)
    await ada.insert('Ada, back. ')
    await ada.says(/^offline, [1-9]\d* pending$/)
    // Either may have taken it: the other one gets it once both are connected.
    for (const other of others) await other.plug()
    for (const other of others) await other.shows('Ada, offline.')

    await crash(ada.page)
    await isAdopted('Ada, back.')
    const ben = await open(link)
    for (const window of [...others, ben]) {
      await window.shows('Ada, back.')
      await window.says('saved')
    }
    const pieces = ['Ada, offline.', 'Second, offline.', 'Ada, back.']
    for (const words of pieces) await ben.shows(words)
    const text = await ben.text()
    for (const words of pieces) expect(text.split(words).length, words).toBe(2)
    for (const other of others) await other.reads(text)
    await expect.poll(() => outboxes(second.page), PATIENCE).toBe(0)
    await Promise.all([profile.close(), close(ben)])
  })

  test('that dies in the very moment of an edit has written it, and nobody was asked whether to stay', async () => {
    const ada = await open()
    const link = ada.page.url()
    const profile = ada.page.context()
    await ada.plug()
    await ada.type('The first word, ')
    await ada.keepsUnsent()
    // After the edit no task of the page runs any more, hence nothing that waits for an answer of the storage.
    const dying = ada.page.evaluate(writeAndHang).catch(() => undefined)
    await killBusiest(ada.page)
    await dying
    const again = await open(link, profile)
    await again.shows('The first word, and the last.')
    await again.plug()
    await again.insert('Unsent.')
    let asked = 0
    again.page.on('dialog', (dialog) => {
      asked += 1
      void dialog.accept()
    })
    await again.page.close({ runBeforeUnload: true })
    await expect.poll(() => again.page.isClosed(), PATIENCE).toBe(true)
    expect(asked).toBe(0)
    await profile.close()
  })
})

/** Runs in the page: one edit, what follows from it at once, and then nothing any more. */
const writeAndHang = async (): Promise<void> => {
  const editor = document.querySelector(
    '[data-testid=editor] [contenteditable], [data-testid=editor][contenteditable]',
  )
  if (editor instanceof HTMLElement) editor.focus()
  getSelection()?.modify('move', 'forward', 'documentboundary')
  document.execCommand('insertText', false, 'and the last.')
  for (let i = 0; i < 200; i++) await undefined
  const end = performance.now() + 10_000
  while (performance.now() < end);
}

/** Runs in the page. Keys are [document, name of the entry]. */
const countOutboxes = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open('sealsync-playground')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const reading = opening.result.transaction('entries').objectStore('entries').getAllKeys()
      reading.onerror = () => reject(reading.error)
      reading.onsuccess = () => {
        opening.result.close()
        const keys = reading.result.map(String).filter((key) => key.includes(',out/'))
        resolve(new Set(keys.map((key) => key.split('/')[1])).size)
      }
    }
  })
