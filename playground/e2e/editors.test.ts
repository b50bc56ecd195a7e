import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildForDevelopment } from './development.ts'
import { EDITOR_IDS, type EditorId, type EditorWindow, editorWindowOf } from './editors-window.ts'
import { networkOf } from './network.ts'
import { openStage, type Stage } from './stage.ts'
import { countUndone, undoneIn } from './undone.ts'

const CANARY = 'Zugunruhe'

const REACT = ['tiptap', 'blocknote', 'lexical'] as const
/** Those that let go of their keys only when an effect is undone; Tiptap makes itself anew at other times as well. */
const KEEPING: readonly EditorId[] = ['blocknote', 'lexical']
/** With the network itself: Lexical connects and disconnects the provider at will, so the plug is one of two hands. */
const WITHOUT_PLUG: EditorId = 'lexical'

// Long enough not to turn up in random bytes by chance.
const NAMES = ['Adelaide', 'Benedict', 'Evangeline'] as const

const newProfile = async (stage: Stage): Promise<BrowserContext> => {
  const profile = await stage.newProfile()
  await countUndone(profile)
  return profile
}

const profilesOf = (stage: Stage): Promise<readonly BrowserContext[]> =>
  Promise.all([newProfile(stage), newProfile(stage), newProfile(stage)])

/** How somebody goes offline, and comes back. */
interface Line {
  cut(): Promise<void>
  mend(): Promise<void>
}

interface Scene {
  readonly id: EditorId
  readonly stage: Stage
  /** Browsers that have never met. */
  readonly profiles: readonly BrowserContext[]
  /** Of the second of them; the plug of the page unless it is given. */
  readonly line?: Line
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

const ADA_WRITES = `${CANARY} of Ada;`
const BEN_WRITES = 'words of Ben;'
const TOGETHER = `${ADA_WRITES}${BEN_WRITES}`
const APART = ['on the train;', 'at the desk;'] as const

/** Two people write, and see each other's carets where they write. */
const writeTogether = async (scene: Scene): Promise<readonly [EditorWindow, EditorWindow]> => {
  const ada = await enter(scene, 0, `${scene.stage.url}editors.html?editor=${scene.id}`)
  await ada.type(ADA_WRITES)
  const ben = await enter(scene, 1, ada.page.url())
  await ben.shows(ADA_WRITES)
  await ben.seesCaretAfter('Adelaide', ADA_WRITES)
  await ben.type(BEN_WRITES)
  await agree([ada, ben], TOGETHER)
  await ada.sees('Benedict')
  await ben.sees('Adelaide')
  await ada.seesCaretsOf('Benedict')
  await ada.seesCaretAfter('Benedict', BEN_WRITES)
  await ben.seesCaretsOf('Adelaide')
  return [ada, ben]
}

/** One of them goes offline for a while, and both go on. */
const writeApart = async (ada: EditorWindow, ben: EditorWindow, line: Line): Promise<void> => {
  await line.cut()
  await ben.says('offline, 0 pending')
  await ada.seesCaretsOf()
  await ben.seesCaretsOf()
  await ben.insert(APART[0])
  await ben.says(/^offline, [1-9]\d* pending$/)
  await ada.insert(APART[1])
  await ada.says('saved')
  expect(await ada.text()).not.toContain('train')
  expect(await ben.text()).not.toContain('desk')
  await line.mend()
  await agree([ada, ben], TOGETHER, ...APART)
  await ada.seesCaretsOf('Benedict')
  await ben.seesCaretsOf('Adelaide')
}

/** Somebody comes late, and somebody comes back to what the own browser has kept. */
const comeLate = async (scene: Scene, ada: EditorWindow, ben: EditorWindow): Promise<EditorWindow> => {
  const [eve] = await Promise.all([enter(scene, 2, ada.page.url()), ada.page.reload()])
  await agree([ada, ben, eve], TOGETHER, ...APART)
  // Whether an editor that nobody has touched has a caret is its own choice: Monaco's has one if its text came after it.
  await ada.focusEnd()
  await eve.focusEnd()
  await ada.seesCaretsOf('Benedict', 'Evangeline')
  await ben.seesCaretsOf('Adelaide', 'Evangeline')
  await eve.seesCaretsOf('Adelaide', 'Benedict')
  for (const { seesColors } of [ada, ben, eve]) await seesColors(3)
  return eve
}

/** The result is how often the editor of the one who came back let go of its keys. */
const play = async (scene: Scene): Promise<number> => {
  const [ada, ben] = await writeTogether(scene)
  await writeApart(ada, ben, scene.line ?? { cut: ben.plug, mend: ben.plug })
  const eve = await comeLate(scene, ada, ben)
  const undone = await undoneIn(ada.page)
  await leave(ada, ben, eve)
  return undone
}

/** The same, but the network of the second browser breaks, and no plug is pulled. */
const withNetwork = async (scene: Scene): Promise<Scene> => {
  const ben = await newProfile(scene.stage)
  const line = await networkOf(ben)
  return { ...scene, profiles: scene.profiles.map((profile, seat) => (seat === 1 ? ben : profile)), line }
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
      const undone = await play(id === WITHOUT_PLUG ? await withNetwork(scene) : scene)
      if (KEEPING.includes(id)) expect(undone).toBe(0)
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

    test.each(REACT)('%s: the same, with all that React undoes', async (id) => {
      const undone = await play({ id, stage, profiles })
      if (KEEPING.includes(id)) expect(undone).toBeGreaterThan(0)
    })

    test('no page complained', () => expect(stage.complaints).toEqual([]))
  },
)
