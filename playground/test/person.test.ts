import { beforeEach, expect, test } from 'vitest'
import { initialsOf, loadPerson, personFrom, savePerson } from '../src/person.ts'

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

test('initials are whole characters', () => {
  expect(initialsOf(' ada  lovelace king')).toBe('AL')
  expect(initialsOf('🦉 owl')).toBe('🦉O')
  expect(initialsOf('')).toBe('')
})
