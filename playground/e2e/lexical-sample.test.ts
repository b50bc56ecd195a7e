import type { BrowserContext, Page } from 'playwright-core'
import { generateSecret } from 'sealsync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildLexicalSample } from './lexical-sample.ts'
import { networkOf } from './network.ts'
import { openStage, type Stage } from './stage.ts'
import { PATIENCE } from './window.ts'

describe.skipIf(!process.env.CHROMIUM_PATH)('the sample for Lexical in docs/editors.md', () => {
  let stage: Stage
  let sample: Awaited<ReturnType<typeof buildLexicalSample>>

  beforeAll(async () => {
    sample = await buildLexicalSample()
    stage = await openStage(sample.dist)
  })

  afterAll(async () => {
    await stage?.close()
    sample?.remove()
  })

  const fragment = (): string =>
    `#${new URLSearchParams({ relay: stage.relayUrl, secret: generateSecret() })}`

  const open = (profile: BrowserContext, address: string): Promise<Page> =>
    stage.newPage(profile, `${stage.url}${address}`)

  const shows = (page: Page, text: string): Promise<void> =>
    expect.poll(() => page.getByTestId('editor').textContent(), PATIENCE).toBe(text)

  const type = async (page: Page, words: string): Promise<void> => {
    await page.getByTestId('editor').click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(words)
  }

  test.each(['', 'plain&'])('with ?%s two people write, and who comes late sees all of it', async (plain) => {
    const hash = fragment()
    const profiles = [await stage.newProfile(), await stage.newProfile()] as const
    const ada = await open(profiles[0], `?${plain}new${hash}`)
    // Bootstrapped: there is a paragraph to write in.
    await ada.locator('[data-testid="editor"] > p').waitFor()
    await type(ada, 'Ada writes. ')
    const ben = await open(profiles[1], `?${plain}${hash}`)
    await shows(ben, 'Ada writes. ')
    await type(ben, 'Ben writes.')
    await shows(ada, 'Ada writes. Ben writes.')
    await ada.close()
    const late = await open(await stage.newProfile(), `?${plain}${hash}`)
    await shows(late, 'Ada writes. Ben writes.')
    await Promise.all([ben.close(), late.close()])
  })

  test('what the browser has kept is shown also when the relay cannot be reached', async () => {
    const hash = fragment()
    const profile = await stage.newProfile()
    const network = await networkOf(profile)
    const ada = await open(profile, `?new${hash}`)
    await ada.locator('[data-testid="editor"] > p').waitFor()
    await type(ada, 'Ada writes.')
    const ben = await open(await stage.newProfile(), `?${hash}`)
    await shows(ben, 'Ada writes.')
    await network.cut()
    await ada.reload()
    await shows(ada, 'Ada writes.')
    await type(ada, ' Offline.')
    await network.mend()
    await shows(ben, 'Ada writes. Offline.')
    await Promise.all([ada.close(), ben.close()])
  })

  test('no page complained', () => expect(stage.complaints).toEqual([]))
})
