/** The room in which this tab was last on each page, so that going to and fro does not make a new one each time. */
import type { Page } from './pages.ts'

const keyOf = (page: Page): string => `sealsync-playground/last-link/${page}`

/** What follows the page's path; empty if this tab was not there yet. */
export const lastLink = (page: Page): string => sessionStorage.getItem(keyOf(page)) ?? ''

export const keepLink = (page: Page): void =>
  sessionStorage.setItem(keyOf(page), `${location.search}${location.hash}`)
