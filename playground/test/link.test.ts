import { expect, test } from 'vitest'
import { readFragment, toFragment } from '../src/link.ts'

test('a link survives being written and read', () => {
  const link = { room: 'a&b=c #d', secret: 'ss1_-_Az09' }
  expect(readFragment(toFragment(link))).toEqual({ type: 'link', ...link })
})

test('no fragment is no link, and half of one is incomplete', () => {
  expect(readFragment('')).toEqual({ type: 'none' })
  expect(readFragment('#')).toEqual({ type: 'none' })
  expect(readFragment('#room=a')).toEqual({ type: 'incomplete' })
  expect(readFragment('#room=&secret=ss1_')).toEqual({ type: 'incomplete' })
})
