import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { canonicalForm } from '../../src/yjs/canonical.ts'
import { createDice, docFrom } from './documents.ts'
import { envelope, guarded, type, updateOf, VICTIM } from './forgeries.ts'
import { meet, shuffled, tell } from './honest.ts'

const docWith = (updates: readonly Uint8Array[], gc = true): Y.Doc => {
  const doc = new Y.Doc({ gc })
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}

const formOf = (...updates: readonly Uint8Array[]): string | undefined => {
  const form = canonicalForm(docWith(updates))
  return form && Buffer.from(form).toString('hex')
}

test('replicas that hold the same have the same form, whatever way it came to them', {
  timeout: 60_000,
}, () => {
  const worlds = fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    edits: fc.integer({ min: 1, max: 50 }),
  })
  fc.assert(
    fc.property(worlds, ({ seed, edits }) => {
      const dice = createDice(seed + 3)
      const { told, docs } = tell(seed, edits)
      const replicas = [true, false, true].map((gc) => {
        const replica = guarded(new Y.Doc({ gc }))
        const rest = [...shuffled(told, dice)]
        while (rest.length > 0) {
          const batch = rest.splice(0, 1 + dice(9))
          replica.apply(...batch.map(({ payload, ...more }, i) => envelope(i, payload, more)))
        }
        return replica.doc
      })
      const all = [...docs, ...replicas]
      meet(all)
      const [first] = docs
      if (first === undefined) throw new Error('nobody wrote')
      const loaded = new Y.Doc({ gc: dice(2) === 0 })
      Y.applyUpdateV2(loaded, Y.encodeStateAsUpdateV2(first))
      all.push(loaded, docFrom([Y.encodeStateAsUpdate(first)]))
      const forms = new Set(all.map((doc) => Buffer.from(canonicalForm(doc) ?? []).toString('hex')))
      expect(forms.size).toBe(1)
      expect([...forms][0]?.length).toBeGreaterThan(2)
    }),
    { numRuns: 60 },
  )
})

test('whoever lacks one edit has another form', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 2, max: 30 }), (seed, edits) => {
      const dice = createDice(seed)
      const { docs } = tell(seed, edits)
      const [one] = docs
      if (one === undefined) throw new Error('nobody wrote')
      const before = Buffer.from(canonicalForm(one) ?? [])
      const text = one.getText('text')
      const map = one.getMap('map')
      const choice = dice(4)
      if (choice === 0) text.insert(dice(text.length + 1), 'x')
      else if (choice === 1 && text.length > 0) text.delete(dice(text.length), 1)
      else if (choice === 2 && text.length > 1) text.format(0, 1, { colour: dice(2) })
      else map.set(`key${dice(2)}`, dice(100))
      expect(Buffer.compare(before, Buffer.from(canonicalForm(one) ?? []))).not.toBe(0)
    }),
    { numRuns: 100 },
  )
})

describe('the form differs when', () => {
  const base = updateOf(type('base'), { clientId: 1 })
  const under = (write: (doc: Y.Doc) => void): string | undefined =>
    formOf(base, updateOf(write, { clientId: VICTIM, before: [base] }))
  const map = (value: unknown) => under((doc) => doc.getMap('map').set('key', value))
  const list = (...values: unknown[]) => under((doc) => doc.getArray('list').insert(0, values))

  test.for<readonly [string, string | undefined, string | undefined]>([
    ['one character is another one', under(type('a')), under(type('b'))],
    ['it stands elsewhere', under(type('a', 1)), under(type('a', 2))],
    ['it is of another client', formOf(updateOf(type('a'))), formOf(updateOf(type('a'), { clientId: 7 }))],
    ['it is under another root', under(type('a')), under((doc) => doc.getText('other').insert(0, 'a'))],
    ['it is under another key', map(1), under((doc) => doc.getMap('map').set('word', 1))],
    [
      'it is in another type',
      under((doc) => {
        doc.getArray('list').insert(0, [new Y.Array(), new Y.Array()])
        const inner = doc.getArray('list').get(0)
        if (inner instanceof Y.Array) inner.insert(0, [1])
      }),
      under((doc) => {
        doc.getArray('list').insert(0, [new Y.Array(), new Y.Array()])
        const inner = doc.getArray('list').get(1)
        if (inner instanceof Y.Array) inner.insert(0, [1])
      }),
    ],
    ['a value is another one', map({ a: 1 }), map({ a: 2 })],
    ['a value has another kind', map('1'), map(1)],
    ['a truth is another one', map(true), map(false)],
    ['bytes are others', map(new Uint8Array([1])), map(new Uint8Array([2]))],
    ['a large integer is another one', map(1n), map(2n)],
    ['values are joined otherwise', list('a', 'b'), list('ab')],
    ['values are nested otherwise', list([1], 2), list([1, 2])],
    ['a document below is another one', map(new Y.Doc({ guid: 'a' })), map(new Y.Doc({ guid: 'b' }))],
    [
      'an embed is another one',
      under((doc) => doc.getText('text').insertEmbed(0, { a: 1 })),
      under((doc) => doc.getText('text').insertEmbed(0, { a: 2 })),
    ],
    [
      'a format is another one',
      under((doc) => doc.getText('text').format(0, 1, { a: 1 })),
      under((doc) => doc.getText('text').format(0, 1, { a: 2 })),
    ],
    [
      'something else is deleted',
      under((doc) => doc.getText('text').delete(0, 1)),
      under((doc) => doc.getText('text').delete(1, 1)),
    ],
    ['a type is another one', map(new Y.Map()), map(new Y.Array())],
    [
      'an element has another name',
      under((doc) => doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('p')])),
      under((doc) => doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('q')])),
    ],
  ])('%s', ([, one, other]) => {
    expect(one).toBeDefined()
    expect(one).not.toBe(other)
  })
})

describe('the form differs when the same stands', () => {
  const base = updateOf(type('base'), { clientId: 1 })
  const start = updateOf(type('ba'), { clientId: 1 })

  test('before something else', () => {
    const x = updateOf(type('x', 2), { clientId: 2, before: [start] })
    const [one, other] = [[base], [start, x]].map((before) => updateOf(type('a', 2), { before }))
    if (one === undefined || other === undefined) throw new Error('nothing written')
    expect(formOf(base, x, one)).not.toBe(formOf(base, x, other))
  })

  test('before something else from its second half on', () => {
    const a = updateOf(type('a', 2), { before: [base] })
    const z = updateOf(type('z', 3), { clientId: 2, before: [base, a] })
    const [one, other] = [
      [base, a],
      [base, a, z],
    ].map((before) => updateOf(type('b', 3), { before }))
    if (one === undefined || other === undefined) throw new Error('nothing written')
    expect(formOf(base, a, z, one)).not.toBe(formOf(base, a, z, other))
  })

  test('in two roots', () => {
    const apart = (doc: Y.Doc): void => {
      type('a')(doc)
      doc.getText('other').insert(0, 'b')
    }
    expect(formOf(updateOf(apart))).not.toBe(formOf(updateOf(type('ab'))))
  })
})

describe('the form is the same when', () => {
  test('keys of a value have another order, or a way writes nothing for what is nothing', () => {
    const form = (value: unknown) => formOf(updateOf((doc) => doc.getMap('map').set('key', value)))
    expect(form({ b: 1, a: [-0] })).toBe(form({ a: [0], b: 1, c: undefined }))
  })

  test('the document is still at its author or came in either encoding', () => {
    const doc = new Y.Doc()
    doc.getText('text').insert(0, 'a😀b')
    doc.getText('text').insertEmbed(1, { at: 1, bytes: new Uint8Array([1]), none: undefined })
    doc.getText('text').format(0, 2, { comment: { by: 'a', none: undefined } })
    doc.getMap('map').set('date', new Date(0))
    const [v1, v2] = [new Y.Doc(), new Y.Doc()]
    Y.applyUpdate(v1, Y.encodeStateAsUpdate(doc))
    Y.applyUpdateV2(v2, Y.encodeStateAsUpdateV2(doc))
    const [form, ...others] = [doc, v1, v2].map(canonicalForm)
    expect(others).toEqual([form, form])
  })

  test('roots were asked for, as whatever type, or not', () => {
    const update = updateOf(type('hello'))
    const asked = docWith([update])
    asked.getText('text')
    asked.getMap('nothing')
    expect(canonicalForm(asked)).toEqual(canonicalForm(docWith([update])))
  })
})

test('there is no form while something waits for what has not come', () => {
  const start = updateOf(type('he'))
  const end = updateOf(type('llo', 2), { before: [start] })
  const deletion = updateOf((doc) => doc.getText('text').delete(0, 1), { before: [start] })
  expect(formOf(end)).toBeUndefined()
  expect(formOf(deletion)).toBeUndefined()
  expect(formOf(end, deletion, start)).toBe(formOf(start, end, deletion))
  expect(formOf()).toBe('0000')
})
