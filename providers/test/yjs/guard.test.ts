import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createGuard } from '../../src/yjs/guard.ts'
import { envelope, guarded, isWhole, type, updateOf, VICTIM } from './forgeries.ts'

const hello = updateOf(type('hello'))
const other = updateOf(type('other'))

describe('two contents for one place', () => {
  test('the second is refused, and is reported with the envelope that brought the first', () => {
    const { apply, text, refused, doc } = guarded()
    apply(envelope(1, hello))
    expect(apply(envelope(2, other))).toEqual([])
    expect([text(), refused, isWhole(doc)]).toEqual(['hello', [[2, 1]], true])
  })

  test('so it is within one batch, and in a snapshot in the other encoding', () => {
    const { apply, text, refused } = guarded()
    const snapshot = Y.convertUpdateFormatV1ToV2(other)
    apply(envelope(1, hello), envelope(2, snapshot, { kind: 'snapshot', encoding: 2 }))
    expect([text(), refused]).toEqual(['hello', [[2, 1]]])
  })

  test('what a snapshot brought counts as what an update brought', () => {
    const { apply, text, refused } = guarded()
    apply(envelope(1, Y.convertUpdateFormatV1ToV2(hello), { kind: 'snapshot', encoding: 2 }))
    apply(envelope(2, other))
    expect([text(), refused]).toEqual(['hello', [[2, 1]]])
  })

  test('what the document held before is first, and no envelope is named', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, hello)
    const { apply, text, refused } = guarded(doc)
    apply(envelope(2, other))
    expect([text(), refused]).toEqual(['hello', [[2, undefined]]])
  })

  test('nothing gets in of a struct whose first half differs and whose second half is new', () => {
    const { apply, text, refused, doc } = guarded()
    apply(envelope(1, hello))
    apply(envelope(2, updateOf(type('hellish people'))))
    expect([text(), refused, isWhole(doc)]).toEqual(['hello', [[2, 1]], true])
    expect(Y.getState(doc.store, VICTIM)).toBe(5)
  })

  test('of its client nothing that follows in the same payload gets in, nor is a deletion of it awaited', () => {
    const { apply, text, refused, doc } = guarded()
    apply(envelope(1, hello))
    const forged = updateOf((there) => {
      type('other')(there)
      there.getMap('map').set('key', 'value')
      there.getText('text').delete(1, 1)
      there.getMap('map').delete('key')
    })
    apply(envelope(2, forged))
    expect(refused).toEqual([[2, 1]])
    expect(doc.getMap('map').size).toBe(0)
    expect([text(), isWhole(doc)]).toEqual(['hllo', true])
  })

  test('what is refused is neither told nor in conflict once more', () => {
    const { apply, doc } = guarded()
    apply(envelope(1, hello))
    const forged = updateOf((there) => {
      type('other')(there)
      there.getText('text').delete(1, 1)
      there.getMap('map').set('key', 'value')
    })
    expect(createGuard(doc).inspect(Y.decodeUpdate(forged))).toEqual({
      conflicts: [{ client: VICTIM, from: 0, at: 0 }],
      told: [],
      fresh: [],
    })
  })

  test('what came before it in the payload, and what others wrote, gets in', () => {
    const { apply, text, refused, doc } = guarded()
    const start = updateOf(type('he'))
    apply(envelope(1, start))
    apply(envelope(2, updateOf(type('llo', 2), { before: [start] })))
    const forged = updateOf(type('XXX', 2), { before: [start] })
    const honest = updateOf((there) => there.getMap('map').set('key', 'value'), { clientId: 7 })
    apply(envelope(3, Y.mergeUpdates([start, forged, honest])))
    expect([text(), doc.getMap('map').get('key'), refused]).toEqual(['hello', 'value', [[3, 2]]])
  })

  test('one client of a payload after the other is looked at', () => {
    const { apply, text, refused } = guarded()
    const second = updateOf(type('!', 5), { clientId: 7, before: [hello] })
    const forged = updateOf(type('?', 5), { clientId: 7, before: [hello] })
    apply(envelope(1, hello), envelope(2, second))
    apply(envelope(3, Y.mergeUpdates([hello, forged])), envelope(4, Y.mergeUpdates([other, second])))
    expect([text(), refused]).toEqual([
      'hello!',
      [
        [3, 2],
        [4, 1],
      ],
    ])
  })

  test('the same content in other pieces is no conflict, and what is new of it gets in', () => {
    const { apply, text, refused } = guarded()
    apply(envelope(1, updateOf(type('hel'))))
    apply(envelope(2, updateOf(type('hello world'))))
    apply(envelope(3, hello))
    expect([text(), refused]).toEqual(['hello world', []])
  })

  test('a document whose own client id is used otherwise takes another one', () => {
    const { apply, text, refused, doc } = guarded()
    doc.clientID = VICTIM
    doc.getText('text').insert(0, 'hello')
    apply(envelope(2, other))
    expect([text(), refused]).toEqual(['hello', [[2, undefined]]])
    expect(doc.clientID).not.toBe(VICTIM)
  })

  test('a payload that names a client twice is unreadable: Yjs would take the second for all', () => {
    const { apply, text } = guarded()
    const row = hello.slice(1, -1)
    const twice = Uint8Array.from([2, ...row, ...other.slice(1, -1), 0])
    expect(Y.decodeUpdate(twice).structs).toHaveLength(2)
    expect([apply(envelope(1, twice)), text()]).toEqual([[0], ''])
  })
})

describe('what makes a difference', () => {
  const subdoc = (guid: string) => (doc: Y.Doc) => doc.getMap('map').set('key', new Y.Doc({ guid }))
  const embed = (value: object) => (doc: Y.Doc) => doc.getText('text').insertEmbed(0, value)
  const map = (key: string, value: unknown) => (doc: Y.Doc) => doc.getMap('map').set(key, value)
  const xml = (make: () => Y.XmlElement | Y.XmlText) => (doc: Y.Doc) =>
    doc.getXmlFragment('xml').insert(0, [make()])
  const before = [updateOf(type('base'), { clientId: 1 })]
  const pairs: readonly [string, (doc: Y.Doc) => void, (doc: Y.Doc) => void][] = [
    ['text', type('a'), type('b')],
    ['one half of a pair of surrogates', type('😀'), type('😁')],
    ['the kind of content', type('a'), (doc) => doc.getArray('text').insert(0, ['a'])],
    ['the root', type('a'), (doc) => doc.getText('elsewhere').insert(0, 'a')],
    ['what it stands behind', type('a'), type('a', 2)],
    ['the key', map('key', 1), map('word', 1)],
    ['the value', map('key', 1), map('key', 2)],
    ['the kind of value', map('key', { a: 1 }), map('key', 'a')],
    ['a list or an object', map('key', { a: 1 }), map('key', ['a'])],
    [
      'the name of a format',
      (doc) => doc.getText('text').format(0, 2, { bold: true }),
      (doc) => doc.getText('text').format(0, 2, { loud: true }),
    ],
    [
      'the value of a format',
      (doc) => doc.getText('text').format(0, 2, { bold: true }),
      (doc) => doc.getText('text').format(0, 2, { bold: 'very' }),
    ],
    ['the type', map('key', new Y.Map()), map('key', new Y.Array())],
    ['the name of an element', xml(() => new Y.XmlElement('p')), xml(() => new Y.XmlElement('h1'))],
    ['the document below', subdoc('one'), subdoc('two')],
    ['an embed that is a list', embed({ image: 1 }), embed([1])],
  ]

  test.for(pairs)('%s', ([, mine, theirs]) => {
    const { apply, refused, replica } = guarded()
    apply(envelope(1, updateOf(mine, { before })), envelope(9, before[0] ?? new Uint8Array()))
    const canonical = replica.canonical?.()
    expect(canonical).toBeDefined()
    const forged = updateOf(theirs, { before })
    apply(envelope(2, forged))
    expect(refused).toEqual([[2, 1]])
    apply(envelope(3, Y.convertUpdateFormatV1ToV2(forged), { encoding: 2 }))
    expect(refused).toEqual([
      [2, 1],
      [3, 1],
    ])
  })

  test('what it stands behind, before the same', () => {
    const end = updateOf(type('x', 4), { clientId: 2, before })
    const { apply, refused } = guarded()
    apply(envelope(8, before[0] ?? end), envelope(9, end))
    apply(envelope(1, updateOf(type('a', 4), { before })))
    apply(envelope(2, updateOf(type('a', 5), { before: [...before, end] })))
    expect(refused).toEqual([[2, 1]])
  })

  test('what it stands before', () => {
    const start = updateOf(type('ba'), { clientId: 1 })
    const { apply, refused } = guarded()
    apply(envelope(9, before[0] ?? start), envelope(1, updateOf(type('a', 2), { before })))
    apply(envelope(2, updateOf(type('a', 2), { before: [start] })))
    expect(refused).toEqual([[2, 1]])
  })

  test('where it stands in a type below', () => {
    const nested = updateOf(
      (doc) => {
        doc.getArray('list').insert(0, [new Y.Array(), new Y.Array()])
      },
      { clientId: 1 },
    )
    const into = (index: number) => (doc: Y.Doc) => {
      const list = doc.getArray('list').get(index)
      if (list instanceof Y.Array) list.insert(0, ['a'])
    }
    const { apply, refused } = guarded()
    apply(envelope(9, nested), envelope(1, updateOf(into(0), { before: [nested] })))
    apply(envelope(2, updateOf(into(1), { before: [nested] })))
    expect(refused).toEqual([[2, 1]])
  })
})

describe('what makes none', () => {
  test('deleted content, on either side', () => {
    const deleted = updateOf((doc) => {
      type('hello')(doc)
      doc.getText('text').delete(1, 3)
    })
    for (const gc of [true, false]) {
      const { apply, refused, text } = guarded(new Y.Doc({ gc }))
      apply(envelope(1, hello), envelope(2, deleted), envelope(3, hello))
      const collected = new Y.Doc()
      Y.applyUpdate(collected, deleted)
      apply(envelope(4, Y.encodeStateAsUpdate(collected)))
      expect([text(), refused]).toEqual(['ho', []])
    }
  })

  test('an object that the app has changed in place', () => {
    const { apply, refused, doc } = guarded()
    doc.clientID = VICTIM
    const value = { a: 1, list: [1] }
    doc.getMap('map').set('key', value)
    const told = Y.encodeStateAsUpdate(doc)
    value.a = 2
    value.list.push(2)
    apply(envelope(1, told))
    expect(refused).toEqual([])
  })

  test('a pair of surrogates that was divided here, there, or by who wrote it', () => {
    const pair = updateOf(type('a😀b'))
    const divided = updateOf(type('-', 2), { clientId: 7, before: [pair] })
    const { apply, refused, text } = guarded()
    apply(envelope(1, pair), envelope(2, divided), envelope(3, pair))
    expect(text()).toBe('a\ufffd-\ufffdb')
    const there = guarded()
    there.apply(envelope(1, pair), envelope(2, Y.encodeStateAsUpdate(guardedDoc([pair, divided]))))
    const half = guarded()
    half.doc.clientID = VICTIM
    half.doc.getText('text').insert(0, '\ud83d')
    half.apply(envelope(1, updateOf(type('\ufffd'))))
    expect([refused, there.refused, half.refused]).toEqual([[], [], []])
  })

  test('a date and other values that a way changes', () => {
    const values = [new Date(0), Number.NaN, undefined, -0, 12345678901234567890n, new Uint8Array([1])]
    const { apply, refused, doc } = guarded()
    doc.clientID = VICTIM
    const map = doc.getMap('map')
    for (const [i, value] of values.entries()) map.set(`key${i}`, value)
    doc.getText('text').insertEmbed(0, { date: new Date(0), none: undefined })
    doc.getText('text').format(0, 1, { comment: { at: new Date(0) } })
    doc.getText('text').insertEmbed(1, { toJSON: () => 'short' })
    apply(envelope(1, Y.encodeStateAsUpdate(doc)))
    apply(envelope(2, Y.encodeStateAsUpdateV2(doc), { encoding: 2 }))
    const copy = new Y.Doc()
    Y.applyUpdateV2(copy, Y.encodeStateAsUpdateV2(doc))
    apply(envelope(3, Y.encodeStateAsUpdate(copy)))
    expect(refused).toEqual([])
  })
})

const guardedDoc = (updates: readonly Uint8Array[]): Y.Doc => {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}
