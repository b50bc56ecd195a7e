import { beforeEach, describe, expect, test } from 'vitest'
import { distinctColor, initialsOf, loadPerson, personFrom, savePerson } from '../src/person.ts'

beforeEach(() => sessionStorage.clear())

test('a tab keeps its person', () => {
  const person = loadPerson()
  expect(person.name).toMatch(/^\w+ \w+$/)
  expect(loadPerson()).toEqual(person)
  savePerson({ ...person, name: 'Ada' })
  expect(loadPerson()).toEqual({ ...person, name: 'Ada' })
})

test('anything that a stranger shows becomes a person', () => {
  const nobody = { name: 'Somebody', color: '#6b7280' }
  for (const value of [undefined, null, 7, [], {}, { name: 7, color: 'url(x)' }, { name: ' ' }]) {
    expect(personFrom(value)).toEqual(nobody)
  }
  expect(personFrom({ name: 'x'.repeat(99), color: '#00FF7f' })).toEqual({
    name: 'x'.repeat(32),
    color: '#00FF7f',
  })
})

describe('of people with one color', () => {
  const windows = (...colors: readonly string[]) =>
    colors.map((color, i) => ({ id: String(i), name: 'Somebody', color }))
  const settle = (present: ReturnType<typeof windows>) =>
    present.map((self) => ({ ...self, color: distinctColor(self, present) }))

  test('the first keeps it, and the others take colors that nobody has', () => {
    const once = settle(windows('#15803d', '#15803d', '#2563eb'))
    expect(once.map(({ color }) => color)).toEqual([
      '#15803d',
      expect.not.stringMatching(/15803d|2563eb/),
      '#2563eb',
    ])
    expect(settle(once)).toEqual(once)
  })

  test('also those who moved to the same one at once end with different ones', () => {
    let present = windows(...Array.from({ length: 8 }, () => '#15803d'))
    for (let turn = 0; turn < 8; turn++) present = settle(present)
    expect(new Set(present.map(({ color }) => color)).size).toBe(8)
  })

  test('who finds none left stays as it is', () => {
    let present = windows(...Array.from({ length: 9 }, () => '#15803d'))
    for (let turn = 0; turn < 8; turn++) present = settle(present)
    expect(new Set(present.map(({ color }) => color)).size).toBe(8)
    expect(settle(present)).toEqual(present)
  })
})

test('initials are whole characters', () => {
  expect(initialsOf(' ada  lovelace king')).toBe('AL')
  expect(initialsOf('🦉 owl')).toBe('🦉O')
  expect(initialsOf('')).toBe('')
})
