/** Apps that were written for the plain providers compile when their import is changed, and nothing else. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const apps = fileURLToPath(new URL('apps', import.meta.url))
const DOORS: readonly (readonly [string, string])[] = [
  ["from 'y-websocket'", "from 'sealsync/compat/y-websocket'"],
  ["from '@hocuspocus/provider'", "from 'sealsync/compat/hocuspocus'"],
]

const WRONG = `import { WebsocketProvider } from 'sealsync/compat/y-websocket'
export const provider = new WebsocketProvider('wss://sync.example', 'room')
`

test('one changed import, and an app compiles against the sealed look-alikes', { timeout: 60_000 }, () => {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const house = mkdtempSync(join(cache, 'compat-'))
  try {
    for (const name of readdirSync(apps)) {
      const app = readFileSync(join(apps, name), 'utf8')
      const changed = DOORS.reduce((text, [plain, sealed]) => text.replace(plain, sealed), app)
      expect(changed).not.toBe(app)
      writeFileSync(join(house, name), changed)
    }
    writeFileSync(join(house, 'wrong.ts'), WRONG)
    const compilerOptions = { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: ['node'] }
    const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['.'] }
    writeFileSync(join(house, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/.bin/tsc')
    const { stdout } = spawnSync(tsc, ['-p', house, '--pretty', 'false'], { cwd: house, encoding: 'utf8' })
    // The library itself is compiled elsewhere.
    const complaints = stdout.split('\n').filter((line) => /^\w/.test(line))
    expect(complaints).toEqual([expect.stringMatching(/^wrong\.ts\(2,25\): error TS2554/)])
  } finally {
    rmSync(house, { recursive: true, force: true })
  }
})
