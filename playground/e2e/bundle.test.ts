import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const dist = new URL('../dist/', import.meta.url)
const textOf = (path: string): string => readFileSync(new URL(path, dist), 'utf8')
const scripts = readdirSync(new URL('assets/', dist)).filter((name) => name.endsWith('.js'))

/** What Yjs says when it meets itself; each copy brings its own. */
const YJS = 'Yjs was already imported'
const AUTOMERGE = 'automerge_wasm'

/** All scripts that a page loads before it shows anything. */
const scriptsOf = (page: string): string => {
  const names = new Set<string>()
  const visit = (text: string): void => {
    for (const name of scripts) {
      if (names.has(name) || !text.includes(`/${name}"`)) continue
      names.add(name)
      visit(textOf(`assets/${name}`))
    }
  }
  visit(textOf(page))
  return [...names].map((name) => textOf(`assets/${name}`)).join('')
}

test('the built pages share one copy of Yjs', () => {
  const all = scripts.map((name) => textOf(`assets/${name}`)).join('')
  expect(all.split(YJS).length - 1).toBe(1)
})

test('each page loads its own CRDT and not the other', () => {
  const [editor, tasks] = [scriptsOf('index.html'), scriptsOf('tasks.html')]
  expect([editor.includes(YJS), editor.includes(AUTOMERGE)]).toEqual([true, false])
  expect([tasks.includes(YJS), tasks.includes(AUTOMERGE)]).toEqual([false, true])
})

test('an editor is loaded when it is picked, and not before', () => {
  const marks = ['.monaco-editor', 'ql-editor', 'cm-content', 'data-lexical-editor', 'bn-editor']
  const all = scripts.map((name) => textOf(`assets/${name}`)).join('')
  expect(marks.filter((mark) => all.includes(mark))).toEqual(marks)
  for (const page of ['index.html', 'editors.html', 'tasks.html']) {
    // Vite names in the page whatever it loads at once.
    const first = scripts.filter((name) => textOf(page).includes(`/${name}"`))
    const text = first.map((name) => textOf(`assets/${name}`)).join('')
    expect(first.length, page).toBeGreaterThan(1)
    expect(
      marks.filter((mark) => text.includes(mark)),
      page,
    ).toEqual([])
  }
})
