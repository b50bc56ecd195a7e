import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wrongChangesets } from '../changesets.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealsync-changesets-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const problemsOf = (note: string): readonly string[] => {
  writeFileSync(join(folder, 'note.md'), note)
  return wrongChangesets(folder, ['one', 'two'])
}

test('a note that names packages, says how much and says something is right', () => {
  expect(problemsOf('---\n"one": minor\n"two": patch\n---\n\nWhat is new.\n')).toEqual([])
  expect(problemsOf('---\r\none: minor\r\n---\r\nWhat is new.\r\n')).toEqual([])
})

test.each([
  ['no package at all', '---\n---\n\nWhat is new.\n', 'note.md: names no package'],
  [
    'a package that there is not',
    '---\n"one": minor\n"oen": minor\n---\n\nNew.\n',
    'note.md: oen is no package that is published',
  ],
  ['nothing to say', '---\n"one": minor\n---\n', 'note.md: says nothing'],
  [
    'a size that there is not',
    '---\n"one": small\n---\n\nNew.\n',
    /^note\.md: could not parse changeset - invalid version type "small"/,
  ],
  [
    'a head without an end',
    '---\n"one": minor\n\nNew.\n',
    /^note\.md: could not parse changeset - missing or invalid frontmatter/,
  ],
  ['an empty file', '', /^note\.md: could not parse changeset - file is empty/],
])('a note with %s is found', (_, note, problem) => {
  expect(problemsOf(note)).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)])
})

test('only notes are read', () => {
  writeFileSync(join(folder, 'README.md'), 'How to write notes.')
  writeFileSync(join(folder, 'config.json'), '{}')
  expect(wrongChangesets(folder, ['one'])).toEqual([])
})
