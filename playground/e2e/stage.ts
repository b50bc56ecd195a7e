/** A relay, the built playground served beside it, and a browser: what every scene below is played on. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { startRelay } from 'sealsync-relay'
import { preview } from 'vite'
import { PERSON_KEY } from '../src/person.ts'

const ROOT = new URL('..', import.meta.url).pathname
export const BROWSER_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Stage {
  readonly url: string
  readonly relayUrl: string
  /** A browser profile of its own: storage, tabs and windows are shared within it and with nobody else. */
  newProfile(): Promise<BrowserContext>
  /** A page that is watched: what it complains of and what goes over its sockets is kept. */
  newPage(profile: BrowserContext, url: string): Promise<Page>
  /** Errors of all pages so far. */
  readonly complaints: readonly string[]
  /** Payloads of all frames of all sockets of all pages so far, as text of one byte a character. */
  readonly wire: readonly string[]
  close(): Promise<void>
}

/** `dist` is where the playground was built to. */
export const openStage = async (dist: string = join(ROOT, 'dist')): Promise<Stage> => {
  if (!existsSync(join(dist, 'index.html'))) {
    throw new Error('the playground is not built: run npm run build first')
  }
  const dir = mkdtempSync(join(tmpdir(), 'sealsync-e2e-'))
  const relay = await startRelay({ port: 0, store: `sqlite:${join(dir, 'relay.db')}` })
  // Read by vite.config.ts at each request of the page.
  process.env.SEALSYNC_RELAY_PORT = `${relay.port}`
  const server = await preview({
    root: ROOT,
    logLevel: 'error',
    build: { outDir: dist },
    preview: { port: 0, host: 'localhost' },
  })
  const browser: Browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '',
    args: BROWSER_ARGS,
    // On, as users have it.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
  const complaints: string[] = []
  const wire: string[] = []

  const watch = (page: Page): void => {
    page.on('pageerror', (error) => complaints.push(`page error: ${error.stack ?? error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
    })
    page.on('websocket', (socket) => {
      const keep = ({ payload }: { readonly payload: string | Buffer }): void => {
        wire.push(Buffer.from(payload).toString('latin1'))
      }
      socket.on('framesent', keep)
      socket.on('framereceived', keep)
    })
  }

  return {
    url: server.resolvedUrls?.local[0] ?? '',
    relayUrl: `ws://localhost:${relay.port}`,
    newProfile: async () => {
      const profile = await browser.newContext()
      await profile.addInitScript(takeSameColor, PERSON_KEY)
      // Windows that the page itself opens are watched as well.
      profile.on('page', watch)
      return profile
    },
    newPage: async (profile, url) => {
      const page = await profile.newPage()
      await page.goto(url)
      return page
    },
    complaints,
    wire,
    close: async () => {
      await browser.close()
      await server.close()
      await relay.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Runs in each page before all else. Chance may give several people one color: here all of them begin with it. */
const takeSameColor = (key: string): void => {
  // A page that is still empty has no storage.
  if (location.protocol !== 'http:') return
  sessionStorage.setItem(key, sessionStorage.getItem(key) ?? '{"name":"Somebody","color":"#15803d"}')
}
