import {
  generateAutomergeUrl,
  isValidDocumentId,
  parseAutomergeUrl,
  stringifyAutomergeUrl,
} from '@automerge/automerge-repo/slim'
import { generateSecret } from 'sealsync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from './stage.ts'
import { type TaskWindow, taskWindowOf } from './task-window.ts'

const CANARY = 'Zugunruhe'

describe.skipIf(!process.env.CHROMIUM_PATH)('the task list in a browser', () => {
  let stage: Stage
  /** What must be readable nowhere, as text of one byte a character. */
  const secrets = new Set([CANARY, Buffer.from(CANARY, 'utf16le').toString('latin1'), 'Benedict', 'ss1_'])

  /** What browsers had kept when they were closed. */
  const kept: string[] = []

  beforeAll(async () => {
    stage = await openStage()
  })

  afterAll(() => stage?.close())

  const openList = async (): Promise<TaskWindow> => {
    const window = taskWindowOf(await stage.newPage(await stage.newProfile(), `${stage.url}tasks.html`))
    await window.says('saved')
    const fields = new URLSearchParams(new URL(window.page.url()).hash.slice(1))
    const documentId = fields.get('room') ?? ''
    if (!isValidDocumentId(documentId)) throw new Error(`no document id: ${documentId}`)
    const { binaryDocumentId } = parseAutomergeUrl(stringifyAutomergeUrl(documentId))
    secrets.add(documentId).add(Buffer.from(binaryDocumentId).toString('latin1'))
    return window
  }

  /** The same list in a browser that has never seen it. */
  const join = async (other: TaskWindow): Promise<TaskWindow> => {
    const window = taskWindowOf(await stage.newPage(await stage.newProfile(), other.page.url()))
    await window.says('saved')
    return window
  }

  const close = async (...windows: readonly TaskWindow[]): Promise<void> => {
    for (const { page, stored } of windows) {
      if (!page.isClosed()) kept.push(await stored())
      await page.context().close()
    }
  }

  const agree = async (tasks: readonly string[], ...windows: readonly TaskWindow[]): Promise<void> => {
    for (const window of windows) {
      await window.shows(...tasks)
      await window.says('saved')
    }
  }

  const foundIn = (text: string): readonly string[] => [...secrets].filter((secret) => text.includes(secret))

  test('two people add, tick, rename and delete tasks, and see that the other is here', async () => {
    const ada = await openList()
    expect(new URL(ada.page.url()).search).toBe('')
    await ada.rename('Ada')
    await ada.add(`${CANARY} for beginners`)
    await ada.add('Water the plants')
    const ben = await join(ada)
    // Nobody has said anything new since then: whoever joins is answered.
    await ben.sees('Ada')
    await ben.rename('Ben')
    await ada.sees('Ben')
    for (const { seesColors } of [ada, ben]) await seesColors(2)
    await ben.shows(`${CANARY} for beginners`, 'Water the plants')

    await ben.add('Call Zoë')
    await ben.tick('Water the plants')
    await ada.shows(`${CANARY} for beginners`, '✓ Water the plants', 'Call Zoë')
    await ada.retitle('Call Zoë', 'Write to Zoë')
    await ada.remove('Water the plants')
    await agree([`${CANARY} for beginners`, 'Write to Zoë'], ada, ben)
    expect(await ben.page.getByTestId('count').textContent()).toBe('0 of 2 done')

    await ben.rename('Benedict')
    await ada.sees('Benedict')
    await ben.page.close()
    await ada.sees()
    await close(ada, ben)
  })

  test('after the plug was pulled and both have gone on, both end with the same tasks', async () => {
    const ada = await openList()
    await ada.add('Shared')
    const ben = await join(ada)
    await ben.shows('Shared')
    await ben.plug()
    await ben.says('offline, 0 pending')
    await ben.add(`${CANARY} offline`)
    await ben.retitle('Shared', 'Shared by two')
    await ben.says(/^offline, [1-9]\d* pending$/)
    await ada.tick('Shared')
    await ada.shows('✓ Shared')
    await ada.says('saved')
    expect(await ada.tasks()).toEqual(['✓ Shared'])

    await ben.plug()
    await agree(['✓ Shared by two', `${CANARY} offline`], ada, ben)
    await close(ada, ben)
  })

  test('a tab closed with pending tasks shows them without a relay, and sends them later', async () => {
    const ada = await openList()
    await ada.add('Before the journey')
    const ben = await join(ada)
    await ben.shows('Before the journey')
    await ben.plug()
    await ben.add(`${CANARY} on the train`)
    await ben.says(/^offline, [1-9]\d* pending$/)
    await ben.keepsUnsent()
    const profile = ben.page.context()
    const link = ben.page.url()
    await ben.page.close()

    const page = await profile.newPage()
    await page.routeWebSocket(/./, (socket) => socket.close())
    await page.goto(link)
    const unplugged = taskWindowOf(page)
    await unplugged.shows('Before the journey', `${CANARY} on the train`)
    await unplugged.says(/^offline, [1-9]\d* pending$/)
    kept.push(await unplugged.stored())
    await page.close()

    const again = taskWindowOf(await stage.newPage(profile, link))
    await agree(['Before the journey', `${CANARY} on the train`], again, ada)
    await close(ada, again)
  })

  test('somebody who comes when all others have left gets everything', async () => {
    const ada = await openList()
    const ben = await join(ada)
    await ada.add(`${CANARY}, item one`)
    await ben.shows(`${CANARY}, item one`)
    await ben.add('Item two')
    await agree([`${CANARY}, item one`, 'Item two'], ada, ben)
    await close(ben)
    await ada.page.close()
    const late = await join(ada)
    await agree([`${CANARY}, item one`, 'Item two'], late)
    await close(ada, late)
  })

  test('the tabs lead to the editor, and back to the same list', async () => {
    const ada = await openList()
    await ada.add('Come back')
    await ada.says('saved')
    const link = ada.page.url()
    await ada.page.getByRole('link', { name: 'Editor', exact: true }).click()
    await ada.page.getByTestId('editor').waitFor()
    await ada.says('saved')
    await ada.page.getByRole('link', { name: 'Tasks' }).click()
    await agree(['Come back'], ada)
    expect(ada.page.url()).toBe(link)
    await close(ada)
  })

  test('a link that the relay does not know, a mistyped secret and a link to a text say what to do', async () => {
    const { documentId } = parseAutomergeUrl(generateAutomergeUrl())
    const link = `${stage.url}tasks.html#room=${documentId}&secret=${generateSecret()}`
    const profile = await stage.newProfile()
    const problemOf = async (url: string): Promise<string | null> =>
      (await stage.newPage(profile, url)).getByTestId('problem').textContent()
    expect(await problemOf(link)).toContain(`The relay at ${stage.relayUrl} has no task list`)
    expect(await problemOf(`${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`)).toContain('its checksum')
    expect(await problemOf(link.replace('room=', 'room=other-'))).toContain('leads to no task list')
    await profile.close()
  })

  test('the panel shows frames, and the words that were typed are not in them', async () => {
    const ada = await openList()
    await ada.add(`${CANARY} under seal`)
    await ada.says('saved')
    const { page } = ada
    await page.getByTestId('frame').filter({ hasText: 'push' }).first().waitFor()
    await page.getByTestId('find').click()
    const result = await page.getByTestId('find-result').textContent()
    expect(result).toMatch(/^“Zugunruhe under seal” not found in [\d,]+ bytes of \d+ frames\./)
    expect(result).toContain('does find it in the document as Automerge would send it')
    await close(ada)
  })

  test('in all of this no frame held a typed word, name, document id or secret', () => {
    expect(stage.wire.length).toBeGreaterThan(100)
    expect(stage.wire.flatMap(foundIn)).toEqual([])
  })

  test('and no browser kept one of them in the clear', () => {
    expect(kept.flatMap(foundIn)).toEqual([])
    expect(kept.length).toBeGreaterThan(5)
    for (const text of kept) {
      expect(text).toContain('sealsync-playground-tasks')
      expect(text.length).toBeGreaterThan(500)
    }
  })

  test('and no page complained', () => {
    expect(stage.complaints).toEqual([])
  })
})
