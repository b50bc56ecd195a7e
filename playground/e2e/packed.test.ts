/** The packages as npm would publish them, in projects that know nothing of this repository. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright-core'
import { generateSecret } from 'sealsync'
import { preview } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packInto } from '../../scripts/packages.mjs'
import { type Consumer, installConsumer } from './packed/consumer.ts'
import { BROWSER_ARGS } from './stage.ts'
import { PATIENCE } from './window.ts'

// A machine whose cache of npm is cold has to fetch some fifty megabytes first.
const INSTALL_MS = 240_000

/** An editor on Yjs, without automerge-repo, and a Repo of automerge-repo, without Yjs. */
let editor: Consumer
let repo: Consumer
const tarballs = mkdtempSync(join(tmpdir(), 'sealsync-packages-'))

beforeAll(async () => {
  const packages = packInto(tarballs)
  editor = await installConsumer('editor', packages, [
    '@tiptap/core',
    '@tiptap/extension-collaboration',
    '@tiptap/extension-collaboration-caret',
    '@tiptap/pm',
    '@tiptap/starter-kit',
    '@tiptap/y-tiptap',
    'react',
    'vite',
    'y-protocols',
    'yjs',
  ])
  const withoutReact = packages.filter(({ manifest }) => manifest.name !== 'sealsync-react')
  const automerge = ['@automerge/automerge', '@automerge/automerge-repo', '@types/node']
  repo = await installConsumer('repo', withoutReact, automerge)
}, INSTALL_MS)

afterAll(() => {
  editor?.remove()
  repo?.remove()
  rmSync(tarballs, { recursive: true, force: true })
})

/** What Node says of a package that is not installed, with the name of the one that asked for it. */
const misses = (name: string) =>
  expect.stringMatching(`^ERR_MODULE_NOT_FOUND: Cannot find package '${name}' imported from .*sealsync/dist/`)

test('every door opens in Node, and one whose peer is not installed names that peer', async () => {
  const doors = Object.entries(await editor.importDoors())
  expect(doors.length).toBeGreaterThanOrEqual(9)
  for (const [door, outcome] of doors) {
    expect([door, outcome]).toEqual([
      door,
      /automerge/.test(door) ? misses('@automerge/automerge-repo') : 'ok',
    ])
  }
  for (const [door, outcome] of Object.entries(await repo.importDoors())) {
    expect([door, outcome]).toEqual([door, /yjs|compat/.test(door) ? misses('(yjs|y-protocols)') : 'ok'])
  }
})

test('npm finds one copy of Yjs, of libsodium and of sealsync, and every peer in its range', async () => {
  for (const name of ['yjs', 'libsodium', 'sealsync']) {
    const found = await editor.run('npm', 'ls', name, '--all', '--parseable')
    const copies = new Set(found.split('\n').filter((path) => path.endsWith(`/node_modules/${name}`)))
    expect([...copies]).toEqual([join(editor.directory, 'node_modules', name)])
  }
})

test('a strict app compiles against the declarations, and they compile themselves', async () => {
  const lib = ['ES2022', 'DOM', 'DOM.Iterable']
  const bundled = { lib, types: [], module: 'ESNext', moduleResolution: 'Bundler' }
  expect(await editor.typecheck({ ...bundled, skipLibCheck: false }, 'src/types.ts')).toBe('')
  // Tiptap's own declarations are at odds with each other; what the app takes of them is not.
  expect(await editor.typecheck({ ...bundled, skipLibCheck: true }, 'src/main.ts')).toBe('')
  const inNode = { lib: ['ESNext', 'DOM', 'DOM.Iterable'], types: ['node'], module: 'NodeNext' }
  expect(await repo.typecheck({ ...inNode, skipLibCheck: false }, 'types.ts')).toBe('')
})

test('npx finds the command of the relay', async () => {
  expect(await editor.run('npx', '--no-install', 'sealsync-relay', '--help')).toMatch(
    /^Usage: sealsync-relay /,
  )
})

describe('the built app', () => {
  let bundle = ''

  beforeAll(async () => {
    await editor.run('npm', 'run', 'build')
    const assets = join(editor.directory, 'dist/assets')
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'))
    bundle = scripts.map((name) => readFileSync(join(assets, name), 'utf8')).join('')
  })

  const timesInBundle = (part: string): number => bundle.split(part).length - 1

  test('has one copy of Yjs', () => {
    expect(timesInBundle('Yjs was already imported')).toBe(1)
  })

  test('has one copy of libsodium, unharmed', () => {
    const source = join(editor.directory, 'node_modules/libsodium/dist/modules-esm/libsodium.mjs')
    // WebAssembly in base64: `\0asm` and its version.
    const [wasm = ''] = /AGFzbQEAAA[\w+/=]+/.exec(readFileSync(source, 'utf8')) ?? []
    expect(wasm.length).toBeGreaterThan(100_000)
    expect(timesInBundle(wasm)).toBe(1)
    expect(timesInBundle(wasm.slice(0, 16))).toBe(1)
  })

  test('has neither the other CRDT nor the sources nor the tools for tests', () => {
    for (const stranger of ['automerge', 'sealsync-source', 'storageSuite'])
      expect(bundle).not.toContain(stranger)
  })

  test.skipIf(!process.env.CHROMIUM_PATH)(
    'lets two people type to each other over the packed relay',
    async () => {
      const relay = await startPackedRelay(editor.directory)
      const server = await preview({
        root: editor.directory,
        configFile: false,
        logLevel: 'error',
        preview: { port: 0, host: 'localhost' },
      })
      let browser: Browser | undefined
      try {
        browser = await chromium.launch({
          executablePath: process.env.CHROMIUM_PATH ?? '',
          args: BROWSER_ARGS,
        })
        const complaints: string[] = []
        const secret = generateSecret()
        const open = async (name: string): Promise<Page> => {
          const page = await (await browser?.newContext())?.newPage()
          if (page === undefined) throw new Error('no browser')
          page.on('pageerror', (error) => complaints.push(`${error}`))
          page.on('console', (message) => {
            if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
          })
          const link = new URLSearchParams({ relay: relay.url, secret, name })
          await page.goto(`${server.resolvedUrls?.local[0]}#${link}`)
          return page
        }
        const textOf = (page: Page) => page.locator('.ProseMirror').textContent()

        const ada = await open('Ada')
        await ada.locator('.ProseMirror').click()
        await ada.keyboard.type('Good morning. ')
        const ben = await open('Ben')
        await expect.poll(() => textOf(ben), PATIENCE).toContain('Good morning.')
        await ben.locator('.collaboration-carets__label', { hasText: 'Ada' }).waitFor()
        await ben.locator('.ProseMirror').click()
        await ben.keyboard.press('Control+Home')
        await ben.keyboard.type('And good night. ')
        await expect.poll(() => textOf(ada), PATIENCE).toContain('And good night. ')
        expect(complaints).toEqual([])
      } finally {
        await browser?.close()
        await server.close()
        await relay.stop()
      }
    },
  )
})

/** The relay's command as npm has linked it, under the Node that runs us, on a free port. */
const startPackedRelay = async (cwd: string) => {
  const args = [join(cwd, 'node_modules/.bin/sealsync-relay'), '--port', '0', '--store', 'sqlite:./relay.db']
  const child: ChildProcess = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  if (child.stdout === null) throw new Error('the relay has no output')
  for await (const line of createInterface(child.stdout)) {
    const url = /"url":"(ws:[^"]+)"/.exec(line)?.[1]
    if (url === undefined) continue
    const stop = async (): Promise<void> => {
      process.off('exit', kill)
      child.kill('SIGTERM')
      await once(child, 'close')
    }
    return { url, stop }
  }
  throw new Error('the relay did not start')
}
