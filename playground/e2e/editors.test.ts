import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildForDevelopment } from './development.ts'
import { EDITOR_IDS, type EditorId, type EditorWindow, editorWindowOf } from './editors-window.ts'
import { openStage, type Stage } from './stage.ts'

const CANARY = 'Zugunruhe'
const REACT: readonly EditorId[] = ['tiptap', 'blocknote', 'lexical']

// Long enough not to turn up in random bytes by chance.
const NAMES = ['Adelaide', 'Benedict', 'Evangeline'] as const

const profilesOf = (stage: Stage): Promise<readonly BrowserContext[]> =>
  Promise.all([stage.newProfile(), stage.newProfile(), stage.newProfile()])

interface Scene {
  readonly id: EditorId
  readonly stage: Stage
  /** Browsers that have never met. */
  readonly profiles: readonly BrowserContext[]
}

const enter = async ({ id, stage, profiles }: Scene, seat: number, url: string): Promise<EditorWindow> => {
  const profile = profiles[seat]
  if (profile === undefined) throw new Error(`no profile ${seat}`)
  const window = editorWindowOf(await stage.newPage(profile, url), id)
  await window.says('saved')
  await window.rename(NAMES[seat] ?? '')
  return window
}

const agree = async (windows: readonly EditorWindow[], ...pieces: readonly string[]): Promise<void> => {
  for (const window of windows) {
    for (const piece of pieces) await window.shows(piece)
    await window.says('saved')
  }
  const texts = await Promise.all(windows.map(({ text }) => text()))
  expect(new Set(texts).size, texts.join(' | ')).toBe(1)
  // Each piece once, and nothing besides.
  expect(texts[0]).toHaveLength(pieces.join('').length)
}

const leave = (...windows: readonly EditorWindow[]) => Promise.all(windows.map(({ page }) => page.close()))

const TOGETHER = `${CANARY} of Ada;words of Ben;`
const APART = ['on the train;', 'at the desk;'] as const

/** Two people write, and see each other's carets. */
const writeTogether = async (scene: Scene): Promise<readonly [EditorWindow, EditorWindow]> => {
  const ada = await enter(scene, 0, `${scene.stage.url}editors.html?editor=${scene.id}`)
  await ada.type(`${CANARY} of Ada;`)
  const ben = await enter(scene, 1, ada.page.url())
  await ben.shows(`${CANARY} of Ada;`)
  await ben.type('words of Ben;')
  await agree([ada, ben], TOGETHER)
  await ada.sees('Benedict')
  await ben.sees('Adelaide')
  await ada.seesCaretOf('Benedict')
  await ben.seesCaretOf('Adelaide')
  return [ada, ben]
}

/** One of them goes offline for a while, and both go on. */
const writeApart = async (ada: EditorWindow, ben: EditorWindow): Promise<void> => {
  await ben.plug()
  await ben.says('offline, 0 pending')
  await ben.insert(APART[0])
  await ben.says(/^offline, [1-9]\d* pending$/)
  await ada.insert(APART[1])
  await ada.says('saved')
  expect(await ada.text()).not.toContain('train')
  expect(await ben.text()).not.toContain('desk')
  await ben.plug()
  await agree([ada, ben], TOGETHER, ...APART)
  await ben.seesCaretOf('Adelaide')
}

describe.skipIf(!process.env.CHROMIUM_PATH)('editors in a browser', () => {
  let stage: Stage
  let profiles: readonly BrowserContext[]

  beforeAll(async () => {
    stage = await openStage()
    profiles = await profilesOf(stage)
  })

  afterAll(() => stage?.close())

  test.each(EDITOR_IDS)(
    '%s: two people write, also offline; who comes late and who comes back see all of it',
    async (id) => {
      const scene = { id, stage, profiles }
      const [ada, ben] = await writeTogether(scene)
      await writeApart(ada, ben)
      const eve = await enter(scene, 2, ada.page.url())
      await ada.page.reload()
      await agree([ada, ben, eve], TOGETHER, ...APART)
      await leave(ada, ben, eve)
    },
  )

  test('in all of this no frame held a typed word, and no page complained', () => {
    expect(stage.wire.length).toBeGreaterThan(100 * EDITOR_IDS.length)
    const utf16 = Buffer.from(CANARY, 'utf16le').toString('latin1')
    const found = (words: string) => stage.wire.filter((frame) => frame.includes(words))
    expect([CANARY, utf16, ...APART, ...NAMES, 'ss1_'].flatMap(found)).toEqual([])
    expect(stage.complaints).toEqual([])
  })
})

describe.skipIf(!process.env.CHROMIUM_PATH)(
  'editors whose effects all run twice, as StrictMode has it',
  () => {
    let stage: Stage
    let profiles: readonly BrowserContext[]
    let dist: string

    beforeAll(async () => {
      dist = mkdtempSync(join(tmpdir(), 'sealsync-strict-'))
      await buildForDevelopment(dist)
      stage = await openStage(dist)
      profiles = await profilesOf(stage)
    })

    afterAll(async () => {
      await stage?.close()
      rmSync(dist, { recursive: true, force: true })
    })

    test('the React of this build runs effects twice', () => {
      const scripts = readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js'))
      const all = scripts.map((name) => readFileSync(join(dist, 'assets', name), 'utf8')).join('')
      expect(all).toContain('doubleInvokeEffectsOnFiber')
    })

    test.each(REACT)('%s: two people write, also offline', async (id) => {
      const [ada, ben] = await writeTogether({ id, stage, profiles })
      await writeApart(ada, ben)
      await leave(ada, ben)
    })

    test('no page complained', () => expect(stage.complaints).toEqual([]))
  },
)
