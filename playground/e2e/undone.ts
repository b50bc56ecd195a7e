/** Whether React has run effects twice: it can be seen only in what they undo. */
import type { BrowserContext, Page } from 'playwright-core'

/** Counts, in every page of this profile from now on, how often an editor let go of its keys. */
export const countUndone = (profile: BrowserContext): Promise<unknown> => profile.addInitScript(count)

export const undoneIn = (page: Page): Promise<number> =>
  page.evaluate(() => Number(document.documentElement.dataset.undone ?? 0))

/** Runs in the page before all else. */
const count = (): void => {
  const { removeEventListener } = EventTarget.prototype
  EventTarget.prototype.removeEventListener = function (this: EventTarget, ...args) {
    if (args[0] === 'keydown' && this instanceof Element && this.matches('[data-testid="editor"]')) {
      const { dataset } = document.documentElement
      dataset.undone = `${Number(dataset.undone ?? 0) + 1}`
    }
    return removeEventListener.apply(this, args)
  }
}
