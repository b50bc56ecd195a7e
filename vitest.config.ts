import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { findChromium } from './scripts/chromium.mjs'
import { findWycheproof } from './scripts/wycheproof.mjs'

// Tests run on sources, so that no build stands between a change and its test.
const conditions = ['sealsync-source']
const isLong = process.env.SEALSYNC_LONG === '1'
const minuteMs = 60_000

/** Groups run one after the other: nothing that looks at the clock runs beside what takes all cores. */
const GROUPS = { cores: 0, clock: 1, browser: 2 } as const

const project = (name: string, root: string, environment = 'node', hasProperties = false) => ({
  extends: true as const,
  root,
  test: {
    name,
    environment,
    setupFiles: hasProperties ? [resolve(import.meta.dirname, root, 'test/fixed-seed.ts')] : [],
    include: ['test/**/*.test.{ts,tsx}'],
    maxWorkers: 2,
    sequence: { groupOrder: GROUPS.cores },
    testTimeout: isLong ? 60 * minuteMs : minuteMs / 2,
    hookTimeout: minuteMs / 2,
  },
})

export default defineConfig({
  resolve: { conditions: [...conditions, 'module', 'browser', 'development|production', 'default'] },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production', 'default'] } },
  test: {
    env: { CHROMIUM_PATH: findChromium() ?? '', WYCHEPROOF_PATH: findWycheproof() ?? '' },
    projects: [
      project('sealsync', 'providers', 'node', true),
      project('sealsync-react', 'react-hooks', 'happy-dom'),
      project('sealsync-relay', 'relay-node', 'node', true),
      {
        ...project('oldest-automerge', 'relay-node'),
        // The other end of the range of Automerge: the Repo is loaded with it, and everything that tests one.
        resolve: {
          alias: [
            { find: /^@automerge\/automerge\/slim$/, replacement: 'automerge-oldest/slim' },
            { find: /^@automerge\/automerge$/, replacement: 'automerge-oldest' },
          ],
        },
        test: {
          ...project('oldest-automerge', 'relay-node').test,
          include: ['test/automerge/{acceptance,bad-input,contract}.test.ts'],
          server: { deps: { inline: [/automerge-repo/] } },
        },
      },
      project('playground', 'playground', 'happy-dom'),
      {
        ...project('benchmarks', 'benchmarks'),
        test: {
          ...project('benchmarks', 'benchmarks').test,
          maxWorkers: 1,
          sequence: { groupOrder: GROUPS.clock },
        },
      },
      project('scripts', 'scripts'),
      {
        extends: true as const,
        root: 'playground',
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          // Mostly they wait: two at a time.
          maxWorkers: 2,
          sequence: { groupOrder: GROUPS.browser },
          testTimeout: 2 * minuteMs,
          hookTimeout: minuteMs,
        },
      },
    ],
  },
})
