import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from './stage.ts'
import { type Window, windowOf } from './window.ts'

const CANARY = 'Zugunruhe'

describe.skipIf(!process.env.CHROMIUM_PATH)('the playground in a browser', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage()
  })

  afterAll(() => stage?.close())

  const openRoom = async (): Promise<Window> => {
    const window = windowOf(await stage.newPage(await stage.newProfile(), stage.url))
    await window.says('saved')
    return window
  }

  /** The same room in a browser that has never seen it. */
  const join = async (other: Window): Promise<Window> => {
    const window = windowOf(await stage.newPage(await stage.newProfile(), other.page.url()))
    await window.says('saved')
    return window
  }

  const close = (...windows: readonly Window[]) =>
    Promise.all(windows.map(({ page }) => page.context().close()))

  const agree = async (text: string, ...windows: readonly Window[]): Promise<void> => {
    for (const window of windows) {
      await window.reads(text)
      await window.says('saved')
    }
  }

  test('a page without a link makes a room whose link is all behind the #', async () => {
    const ada = await openRoom()
    expect(new URL(ada.page.url()).hash).toMatch(/^#room=[\w-]{36}&secret=ss1_[\w-]{48}$/)
    expect(new URL(ada.page.url()).search).toBe('')
    await ada.page.reload()
    await ada.says('saved')
    await close(ada)
  })

  test('two people type, and each sees the words, name and caret of the other', async () => {
    const ada = await openRoom()
    await ada.rename('Ada')
    const ben = await join(ada)
    await ben.rename('Ben')
    await ada.sees('Ben')
    await ben.sees('Ada')

    await ada.type(`${CANARY} in the morning. `)
    await ben.shows(`${CANARY} in the morning. `)
    await ben.page.locator('.collaboration-carets__label', { hasText: 'Ada' }).waitFor()
    await ben.type('And in the evening.')
    await ada.shows('And in the evening.')
    await ada.page.locator('.collaboration-carets__label', { hasText: 'Ben' }).waitFor()
    await agree(`${CANARY} in the morning. And in the evening.`, ada, ben)

    await ben.rename('Benedict')
    await ada.sees('Benedict')
    await ben.page.close()
    await ada.sees()
    await close(ada, ben)
  })

  test('after the plug was pulled and both have typed, both end with the same words', async () => {
    const ada = await openRoom()
    const ben = await join(ada)
    await ada.type('Shared.')
    await ben.shows('Shared.')
    await ben.plug()
    await ben.says('offline, 0 pending')
    await ben.insert(` ${CANARY} offline.`)
    await ben.says(/^offline, [1-9]\d* pending$/)
    await ada.insert(' Online.')
    await ada.says('saved')
    expect(await ada.text()).not.toContain('offline')
    expect(await ben.text()).not.toContain('Online')

    await ben.plug()
    await ada.shows(`${CANARY} offline.`)
    await ben.shows('Online.')
    await agree(await ada.text(), ada, ben)
    await close(ada, ben)
  })

  test('a tab closed with pending edits gets them back, and so do the others', async () => {
    const ada = await openRoom()
    const ben = await join(ada)
    await ben.plug()
    await ben.insert(`${CANARY} on the train.`)
    await ben.says(/^offline, [1-9]\d* pending$/)
    await ben.keepsUnsent()
    const profile = ben.page.context()
    const link = ben.page.url()
    await ben.page.close()
    expect(await ada.text()).toBe('')

    // Without a relay: what is shown comes from this browser alone, and is still pending.
    const unplugged = await profile.newPage()
    await unplugged.routeWebSocket(/./, (socket) => socket.close())
    await unplugged.goto(link)
    await windowOf(unplugged).shows(`${CANARY} on the train.`)
    await windowOf(unplugged).says(/^offline, [1-9]\d* pending$/)
    await unplugged.close()

    const again = windowOf(await stage.newPage(profile, link))
    await again.shows(`${CANARY} on the train.`)
    await ada.shows(`${CANARY} on the train.`)
    await agree(`${CANARY} on the train.`, again, ada)
    await close(ada, again)
  })

  test('somebody who comes when all others have left gets everything', async () => {
    const ada = await openRoom()
    await ada.page.getByRole('button', { name: 'Heading' }).click()
    await ada.type('Minutes')
    await ada.page.keyboard.press('Enter')
    await ada.type(`${CANARY}, item one`)
    await agree(`Minutes\n${CANARY}, item one`, ada)
    await ada.page.close()
    const late = await join(ada)
    await agree(`Minutes\n${CANARY}, item one`, late)
    await late.page.getByRole('heading', { name: 'Minutes' }).waitFor()
    await close(ada, late)
  })

  test('the second window shares the room and is somebody else', async () => {
    const ada = await openRoom()
    await ada.rename('Ada')
    const opened = ada.page.context().waitForEvent('page')
    await ada.page.getByTestId('second-window').click()
    const second = windowOf(await opened)
    await second.rename('Second')
    await ada.sees('Second')
    await second.sees('Ada')
    await second.type('From the second window.')
    await ada.shows('From the second window.')
    await agree('From the second window.', ada, second)
    await close(ada)
  })

  test('the link can be copied', async () => {
    const ada = await openRoom()
    await ada.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await ada.page.getByTestId('copy-link').click()
    await ada.page.getByRole('button', { name: 'Link copied' }).waitFor()
    expect(await ada.page.evaluate(() => navigator.clipboard.readText())).toBe(ada.page.url())
    await close(ada)
  })

  test('a link that the relay does not know is not found, and says what to do', async () => {
    const ada = await openRoom()
    const page = await stage.newPage(await stage.newProfile(), ada.page.url().replace('room=', 'room=other-'))
    const problem = page.getByTestId('problem')
    await windowOf(page).says('not found')
    expect(await page.getByTestId('editor').count()).toBe(0)
    expect(await problem.textContent()).toContain(`The relay at ${stage.relayUrl} has no document`)
    await problem.getByRole('link', { name: 'Start a new room' }).click()
    await windowOf(page).says('saved')
    await page.context().close()
    await close(ada)
  })

  test('a mistyped secret and a cut link are told apart, and nothing is sent', async () => {
    const ada = await openRoom()
    const link = ada.page.url()
    await close(ada)
    const profile = await stage.newProfile()
    const frames = stage.wire.length
    const mistyped = await stage.newPage(profile, `${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`)
    expect(await mistyped.getByTestId('problem').textContent()).toContain('its checksum does not fit')
    const cut = await stage.newPage(profile, link.slice(0, link.indexOf('&')))
    expect(await cut.getByTestId('problem').textContent()).toContain('This link is incomplete')
    expect(stage.wire.length).toBe(frames)
    await profile.close()
  })

  test('the panel shows frames, and the words that were typed are not in them', async () => {
    const ada = await openRoom()
    await ada.insert(`${CANARY} under seal`)
    await ada.says('saved')
    const { page } = ada
    await page.getByTestId('frame').filter({ hasText: 'push' }).first().waitFor()
    await page.getByTestId('find').click()
    const result = await page.getByTestId('find-result').textContent()
    expect(result).toMatch(/^“Zugunruhe under seal” not found in [\d,]+ bytes of \d+ frames\./)
    expect(result).toContain('does find it in the document')
    await close(ada)
  })

  test('in all of this no frame held a typed word, and no page complained', () => {
    expect(stage.wire.length).toBeGreaterThan(100)
    const utf16 = Buffer.from(CANARY, 'utf16le').toString('latin1')
    expect(stage.wire.filter((frame) => frame.includes(CANARY) || frame.includes(utf16))).toEqual([])
    expect(stage.wire.filter((frame) => frame.includes('Benedict') || frame.includes('ss1_'))).toEqual([])
    expect(stage.complaints).toEqual([])
  })
})
