// The arrows of ARCHITECTURE.md are lint rules. Here every arrow is crossed on purpose, in a copy of the house
// without rooms: whoever weakens or loses a rule in biome.json finds the crossing named below.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const house = mkdtempSync(join(tmpdir(), 'arrows-'))
afterAll(() => rmSync(house, { recursive: true, force: true }))

const crdts = ['yjs', 'y-protocols/awareness', '@automerge/automerge-repo']
const io = [
  'Date.now()',
  'setTimeout(f, 1)',
  'setInterval(f, 1)',
  'new WebSocket(u)',
  'crypto.subtle',
  'fetch(u)',
]
const dice = 'Math.random()'

interface Room {
  readonly file: string
  /** Specifiers; the ones with a space or a bracket are expressions. */
  readonly forbidden: readonly string[]
  readonly allowed: readonly string[]
}

const rooms: readonly Room[] = [
  { file: 'providers/src/bytes.ts', forbidden: ['./result.ts', 'idb', 'node:fs'], allowed: [] },
  { file: 'providers/src/result.ts', forbidden: ['./bytes.ts', 'libsodium-wrappers'], allowed: [] },
  {
    file: 'providers/src/crypto.ts',
    forbidden: ['./protocol/index.ts', './keys/vault.ts', 'idb', 'node:crypto', 'libsodium-wrappers-sumo'],
    allowed: ['./bytes.ts', './result.ts', 'libsodium-wrappers'],
  },
  {
    file: 'providers/src/index.ts',
    forbidden: ['./yjs/index.ts', './automerge/index.ts', './testing/index.ts', 'libsodium-wrappers', 'yjs'],
    allowed: ['./bytes.ts', './keys/identity.ts', './client/client.ts', './protocol/index.ts'],
  },
  {
    file: 'providers/src/protocol/frame.ts',
    forbidden: [
      ...[
        '../keys/vault.ts',
        '../sync/session.ts',
        '../client/client.ts',
        '../yjs/guard.ts',
        './../keys/vault.ts',
      ],
      ...['../index.ts', '../testing/index.ts', 'node:crypto', 'partysocket', 'libsodium-wrappers'],
      ...crdts,
      ...io,
      'console.log(f)',
      dice,
    ],
    allowed: ['./envelope.ts', '../bytes.ts', '../result.ts', '../crypto.ts', 'Math.max(1, 2)'],
  },
  {
    file: 'providers/src/keys/vault.ts',
    forbidden: [
      ...[
        '../sync/session.ts',
        '../client/client.ts',
        '../yjs/guard.ts',
        '../testing/index.ts',
        '../index.ts',
      ],
      ...['libsodium-wrappers', 'node:crypto', ...crdts],
    ],
    allowed: ['./keyring.ts', '../bytes.ts', '../result.ts', '../crypto.ts', '../protocol/envelope.ts'],
  },
  {
    file: 'providers/src/sync/session.ts',
    forbidden: [
      ...[
        '../keys/vault.ts',
        '../crypto.ts',
        '../client/client.ts',
        '../yjs/guard.ts',
        '../testing/index.ts',
      ],
      ...['libsodium-wrappers', 'partysocket', 'node:timers', ...crdts],
      ...io,
      'console.log(f)',
      dice,
    ],
    allowed: ['./outbox.ts', '../bytes.ts', '../result.ts', '../protocol/frame.ts', 'Math.min(1, 2)'],
  },
  {
    file: 'providers/src/client/document.ts',
    forbidden: [
      ...[
        '../yjs/provider.ts',
        '../yjs/index.ts',
        '../automerge/adapter.ts',
        '../compat/y-websocket.ts',
        '../testing/index.ts',
        '../index.ts',
      ],
      ...['libsodium-wrappers', 'sealsync', 'sealsync/yjs', 'console.log(f)', ...crdts],
    ],
    allowed: [
      './socket.ts',
      '../sync/session.ts',
      '../keys/vault.ts',
      '../crypto.ts',
      'partysocket',
      'idb',
      'Date.now()',
    ],
  },
  {
    file: 'providers/src/yjs/provider.ts',
    forbidden: [
      '../automerge/adapter.ts',
      '../compat/y-websocket.ts',
      '@automerge/automerge-repo',
      '../testing/index.ts',
      'libsodium-wrappers',
    ],
    allowed: ['./guard.ts', '../client/document.ts', 'yjs', 'y-protocols/awareness'],
  },
  {
    file: 'providers/src/automerge/adapter.ts',
    forbidden: [
      '../yjs/provider.ts',
      '../compat/hocuspocus.ts',
      'yjs',
      'y-protocols/awareness',
      '../testing/index.ts',
      'libsodium-wrappers',
    ],
    allowed: ['./guard.ts', '../client/document.ts', '@automerge/automerge-repo/slim'],
  },
  {
    file: 'providers/src/compat/y-websocket.ts',
    forbidden: [
      ...['../testing/index.ts', '../index.ts', '../keys/vault.ts', '../sync/session.ts', '../crypto.ts'],
      ...['../automerge/adapter.ts', '@automerge/automerge-repo', 'y-websocket', '@hocuspocus/provider'],
      ...['libsodium-wrappers', 'partysocket', 'sealsync', 'sealsync-relay'],
      '../../../relay-node/src/index.ts',
    ],
    allowed: [
      './address.ts',
      '../yjs/index.ts',
      '../client/client.ts',
      '../bytes.ts',
      '../protocol/close.ts',
      'yjs',
    ],
  },
  {
    file: 'providers/src/testing/network.ts',
    forbidden: ['libsodium-wrappers', 'sealsync', 'sealsync-relay'],
    allowed: ['./clock.ts', '../sync/session.ts', '../client/client.ts', '../keys/vault.ts', 'fast-check'],
  },
  {
    file: 'providers/test/crypto.test.ts',
    forbidden: ['libsodium-wrappers'],
    allowed: ['../src/crypto.ts', 'yjs'],
  },
  {
    file: 'relay-node/src/relay.ts',
    forbidden: [
      ...[
        'sealsync',
        'sealsync/yjs',
        'sealsync/testing',
        'sealsync/automerge',
        'sealsync-react',
        './testing/index.ts',
      ],
      ...[
        '../../providers/src/protocol/index.ts',
        '../../providers/src/index.ts',
        './../../providers/src/keys/vault.ts',
      ],
      ...['libsodium-wrappers', ...crdts],
    ],
    allowed: ['sealsync/protocol', './store/store.ts', 'ws', 'node:sqlite', 'pino'],
  },
  {
    file: 'relay-node/src/store/sqlite.ts',
    forbidden: ['sealsync', '../../../providers/src/index.ts', '../testing/index.ts', 'yjs'],
    allowed: ['sealsync/protocol', './store.ts', '../relay.ts', 'node:sqlite'],
  },
  {
    file: 'relay-node/src/testing/store-suite.ts',
    forbidden: [
      'sealsync',
      'sealsync/testing',
      '../../../providers/src/index.ts',
      'libsodium-wrappers',
      ...crdts,
    ],
    allowed: ['sealsync/protocol', './clock.ts', '../store/store.ts'],
  },
  {
    file: 'relay-node/test/house.test.ts',
    forbidden: ['libsodium-wrappers'],
    allowed: ['sealsync', 'sealsync/testing', 'yjs'],
  },
  {
    file: 'react-hooks/src/use-status.ts',
    forbidden: [
      ...['sealsync/protocol', 'sealsync/testing', 'sealsync-relay', 'react-dom', 'libsodium-wrappers'],
      '../../providers/src/index.ts',
    ],
    allowed: ['./store.ts', 'react', 'sealsync', 'sealsync/yjs'],
  },
]

/** The same crossing in every shape that TypeScript offers. */
function shapes(crossing: string): string[] {
  if (/[ (]/.test(crossing) || crossing === 'crypto.subtle') return [`export const v = ${crossing}`]
  return [
    `import { a } from '${crossing}'`,
    `import type { a } from '${crossing}'`,
    `export { a } from '${crossing}'`,
    `export * from '${crossing}'`,
    `export const v = import('${crossing}')`,
  ]
}

/** One file per crossing and shape would be slow; one line per crossing and shape is not. Result: lines complained about. */
function complaints(file: string, lines: readonly string[]): Set<string> {
  const path = join(house, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${lines.join('\n')}\n`)
  const found = new Set<string>()
  for (const [, category, line] of lint(file).matchAll(/^::\w+ title=([^,]+),.*?line=(\d+)/gm)) {
    if (category === 'plugin' || /noRestricted(Imports|Globals)|noConsole$/.test(category ?? '')) {
      found.add(lines[Number(line) - 1] ?? '')
    }
  }
  rmSync(path)
  return found
}

function lint(file: string): string {
  const args = ['lint', '--reporter=github', '--max-diagnostics=none', file]
  try {
    return execFileSync(join(root, 'node_modules/.bin/biome'), args, {
      cwd: house,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  } catch (error) {
    // biome exits with 1 when it complains, which is what we came for
    return String((error as { stdout?: unknown }).stdout)
  }
}

for (const path of ['biome.json', '.gitignore', 'package.json', 'scripts/lint']) {
  cpSync(join(root, path), join(house, path), { recursive: true })
}

describe.each(rooms)('$file', ({ file, forbidden, allowed }) => {
  test('may not use what is above it', () => {
    const lines = forbidden.flatMap(shapes)
    const found = complaints(file, lines)
    expect(lines.filter((line) => !found.has(line))).toEqual([])
  })

  test('may use what is below it', () => {
    expect([...complaints(file, allowed.flatMap(shapes))]).toEqual([])
  })
})

test('an arrow that is crossed fails the build', () => {
  writeFileSync(join(house, 'relay-node/src/relay.ts'), "export { a } from 'sealsync'\n")
  const run = () =>
    execFileSync(join(root, 'node_modules/.bin/biome'), ['ci', '.'], { cwd: house, stdio: 'pipe' })
  expect(run).toThrow()
})
