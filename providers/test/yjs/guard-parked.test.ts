import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { envelope, guarded, isWhole, type, updateOf, VICTIM } from './forgeries.ts'

const he = updateOf(type('he'))
const llo = updateOf(type('llo', 2), { before: [he] })
const forged = updateOf(type('XXXX', 2), { before: [he] })

describe('what waits for something', () => {
  test('came first: what comes later for the same place is refused, and it is integrated in its time', () => {
    const { apply, text, refused, doc } = guarded()
    apply(envelope(1, llo))
    apply(envelope(2, forged))
    expect([isWhole(doc), refused]).toEqual([false, [[2, 1]]])
    apply(envelope(3, he))
    expect([text(), isWhole(doc), refused]).toEqual(['hello', true, [[2, 1]]])
  })

  test('so it is when all of that is in one batch, or what was missing was there already', () => {
    const late = guarded()
    late.apply(envelope(1, llo), envelope(2, forged), envelope(3, he))
    const early = guarded()
    early.apply(envelope(3, he), envelope(1, llo), envelope(2, forged))
    expect([late.text(), late.refused]).toEqual(['hello', [[2, 1]]])
    expect([early.text(), early.refused]).toEqual(['hello', [[2, 1]]])
    expect(late.replica.canonical?.()).toEqual(early.replica.canonical?.())
  })

  test('the same content again is no conflict', () => {
    const { apply, text, refused } = guarded()
    const [l, lo] = [updateOf(type('l', 2), { before: [he] }), updateOf(type('llo', 2), { before: [he] })]
    apply(envelope(1, l), envelope(2, lo), envelope(3, llo), envelope(4, l))
    apply(envelope(5, Y.mergeUpdates([he, llo])))
    expect([text(), refused]).toEqual(['hello', []])
  })

  test('each part of it counts, also of a struct of which something else brought the middle', () => {
    const [l, ll] = [updateOf(type('l', 2), { before: [he] }), updateOf(type('ll', 2), { before: [he] })]
    const middle = updateOf(type('l', 3), { before: [he, l] })
    const { apply, text, refused } = guarded()
    apply(envelope(1, middle), envelope(2, llo))
    apply(envelope(3, updateOf(type('X', 2), { before: [he] })))
    apply(envelope(4, updateOf(type('X', 3), { before: [he, l] })))
    apply(envelope(5, updateOf(type('X', 4), { before: [he, ll] })))
    apply(envelope(6, he))
    expect([text(), refused]).toEqual([
      'hello',
      [
        [3, 2],
        [4, 1],
        [5, 2],
      ],
    ])
  })

  test('is refused when the app has written in its place meanwhile', () => {
    const { apply, text, refused, doc } = guarded()
    doc.clientID = VICTIM
    const base = updateOf(type('base'), { clientId: 7 })
    apply(envelope(1, updateOf(type('XXXX', 2), { before: [base] })))
    doc.getText('text').insert(0, 'me')
    const next = updateOf((there) => there.getMap('map').set('key', 1), { clientId: 8 })
    apply(envelope(2, base), envelope(3, next))
    expect(refused).toEqual([[1, undefined]])
    expect(new Set(text().match(/base|me|X+/g))).toEqual(new Set(['base', 'me']))
    expect([doc.getMap('map').get('key'), isWhole(doc)]).toEqual([1, true])
    expect(doc.clientID).not.toBe(VICTIM)
  })

  test('is refused alone: what else waits goes on waiting', () => {
    const { apply, text, refused, doc } = guarded()
    const base = updateOf(type('base'), { clientId: 7 })
    const end = updateOf(type('!', 4), { clientId: 9, before: [base] })
    apply(envelope(1, updateOf(type('XXXX', 2), { before: [base] })), envelope(2, end))
    Y.applyUpdate(doc, updateOf(type('me')))
    apply(
      envelope(
        3,
        updateOf((there) => there.getMap('map').set('key', 1), { clientId: 8 }),
      ),
    )
    expect([text(), isWhole(doc), refused]).toEqual(['me', false, [[1, undefined]]])
    apply(envelope(4, base))
    expect([text().replace('me', ''), isWhole(doc)]).toEqual(['base!', true])
  })

  test('counts as there when another provider brought it', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, llo)
    const { apply, text, refused } = guarded(doc)
    apply(envelope(2, forged))
    apply(envelope(3, he))
    expect([text(), refused]).toEqual(['hello', [[2, undefined]]])
  })

  test('counts as there when another provider brought it while more was waiting', () => {
    const { apply, text, refused, doc } = guarded()
    const base = updateOf(type('base'), { clientId: 7 })
    apply(envelope(1, updateOf(type('!', 4), { clientId: 9, before: [base] })))
    Y.applyUpdate(doc, llo)
    apply(envelope(2, forged))
    apply(envelope(3, Y.mergeUpdates([he, base])))
    expect(refused).toEqual([[2, undefined]])
    expect(text()).toContain('hello')
  })
})
