import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const assets = new URL('../dist/assets/', import.meta.url)

test('the built page holds one copy of Yjs', () => {
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'))
  const all = scripts.map((name) => readFileSync(new URL(name, assets), 'utf8')).join('')
  // What Yjs says when it meets itself; each copy brings its own.
  expect(all.split('Yjs was already imported').length - 1).toBe(1)
})
