/** One window of the playground as its reader sees it. Every wait is on something that the page shows. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export interface Window {
  readonly page: Page
  /** Puts the caret behind all text. */
  focusEnd(): Promise<void>
  type(text: string): Promise<void>
  /** As from a clipboard: one edit, hence one piece of plaintext. */
  insert(text: string): Promise<void>
  /** The document, a line for each paragraph, without the carets in it. */
  text(): Promise<string>
  /** Waits until the document has this in it. */
  shows(text: string): Promise<void>
  /** Waits until the document is this. What was typed as one may come in pieces. */
  reads(text: string): Promise<void>
  /** Waits until the status pill says exactly this. */
  says(status: string | RegExp): Promise<void>
  /** Waits until these people, and no others, are shown as here. */
  sees(...names: readonly string[]): Promise<void>
  /** Waits until the people who are here have so many colors, this window's own included. */
  seesColors(count: number): Promise<void>
  /** Waits until an edit that was not sent is on disk: what a killed tab had not yet written nobody can bring back. */
  keepsUnsent(): Promise<void>
  plug(): Promise<void>
  rename(name: string): Promise<void>
}

export const PATIENCE = { timeout: 20_000, interval: 50 } as const

export const windowOf = (page: Page): Window => {
  const editor = page.getByTestId('editor')
  const focusEnd = async (): Promise<void> => {
    await editor.click()
    await page.keyboard.press('Control+End')
  }
  const text = (): Promise<string> =>
    editor.evaluate((element) => {
      const copy = element.cloneNode(true)
      if (!(copy instanceof Element)) return ''
      for (const caret of copy.querySelectorAll('.collaboration-carets__caret')) caret.remove()
      // The word joiners that y-tiptap puts around carets are nobody's text.
      return [...copy.children].map((line) => line.textContent?.replaceAll('\u2060', '')).join('\n')
    })
  return {
    page,
    focusEnd,
    type: async (words) => {
      await focusEnd()
      await page.keyboard.type(words)
    },
    insert: async (words) => {
      await focusEnd()
      await page.keyboard.insertText(words)
    },
    text,
    shows: (words) => expect.poll(text, PATIENCE).toContain(words),
    reads: (words) => expect.poll(text, PATIENCE).toBe(words),
    says: (status) =>
      expect
        .poll(() => page.getByTestId('status').textContent(), PATIENCE)
        .toMatch(typeof status === 'string' ? new RegExp(`^${status}$`) : status),
    sees: (...names) =>
      expect
        .poll(
          async () => (await page.getByTestId('avatar').locator('.for-readers').allTextContents()).sort(),
          PATIENCE,
        )
        .toEqual([...names].sort()),
    seesColors: (count) =>
      expect.poll(async () => new Set(await page.evaluate(colorsShown)).size, PATIENCE).toBe(count),
    keepsUnsent: () => expect.poll(() => page.evaluate(countUnsent), PATIENCE).toBeGreaterThan(0),
    plug: () => page.getByTestId('plug').click(),
    rename: (name) => page.getByTestId('name').fill(name),
  }
}

/** Runs in the page. */
const colorsShown = (): readonly string[] =>
  [...document.querySelectorAll<HTMLElement>('.avatar, .me')].map(
    ({ style }) => style.backgroundColor || style.borderColor,
  )

/** Runs in the page. Keys are [document, name of the entry]. */
const countUnsent = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open('sealsync-playground')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const reading = opening.result.transaction('entries').objectStore('entries').getAllKeys()
      reading.onerror = () => reject(reading.error)
      reading.onsuccess = () => {
        opening.result.close()
        resolve(reading.result.filter((key) => String(key).includes(',out/')).length)
      }
    }
  })
