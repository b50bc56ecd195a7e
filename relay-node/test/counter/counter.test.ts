import fc from 'fast-check'
import type { Content, Received } from 'sealsync'
import { describe, expect, test } from 'vitest'
import { createCounter } from './counter.ts'

const receivedFrom = (content: Content): Received => ({
  ...content,
  kind: 'update',
  envelopeId: new Uint8Array(32),
  author: new Uint8Array(32),
  session: new Uint8Array(8),
  claims: [],
})

const counterWith = (contents: readonly Content[], known = false) => {
  const counter = createCounter()
  counter.replica.track()
  expect(counter.replica.apply(contents.map(receivedFrom), known)).toEqual([])
  return counter
}

const amounts = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 20 })
const editsOf = (made: readonly number[]): readonly Content[] => {
  const author = createCounter()
  return made.map((amount) => author.add(amount))
}
const sum = (made: readonly number[]): number => made.reduce((total, amount) => total + amount, 0)
const lacks = (contents: readonly Content[] | object): readonly Content[] => {
  if (!Array.isArray(contents)) throw new Error('the counter answers at once')
  return contents
}

describe('a counter', () => {
  test('comes to the same in any order, however often it is told', () => {
    fc.assert(
      fc.property(amounts, fc.infiniteStream(fc.nat()), (made, dice) => {
        const edits = editsOf(made)
        const told = [...edits, ...edits].sort(() => ((dice.next().value ?? 0) % 3) - 1)
        expect(counterWith(told).value()).toBe(sum(made))
      }),
    )
  })

  test('means the same by edits that were merged, in whatever groups', () => {
    fc.assert(
      fc.property(amounts, fc.nat(), (made, cut) => {
        const edits = editsOf(made)
        const { merge } = createCounter().replica
        const [first, second] = [edits.slice(0, cut % made.length), edits.slice(cut % made.length)]
        const grouped = merge([merge(first), merge(second)])
        expect(grouped).toEqual(merge(edits))
        expect(counterWith([grouped]).increments).toEqual(counterWith(edits).increments)
      }),
    )
  })

  test('tells what is missing, and nothing that is known or on its way', () => {
    fc.assert(
      fc.property(amounts, amounts, amounts, (known, pending, other) => {
        const [there, onTheWay, elsewhere] = [editsOf(known), editsOf(pending), editsOf(other)]
        const counter = counterWith(there, true)
        counter.replica.apply([...onTheWay, ...elsewhere].map(receivedFrom), false)
        const missing = lacks(counter.replica.missing(onTheWay))
        expect(counterWith(missing).increments).toEqual(counterWith(elsewhere).increments)
      }),
    )
  })

  test('that has nothing to tell says so', () => {
    const counter = counterWith(editsOf([1, 2]), true)
    expect(counter.replica.missing([])).toEqual([])
    expect(lacks(counter.replica.missing([]))).toHaveLength(1)
  })

  test('tells a long history in pieces that fit into an update each', () => {
    const counter = counterWith(editsOf(Array.from({ length: 25_000 }, () => 999_999_999)))
    const pieces = lacks(counter.replica.missing([]))
    expect(pieces).toHaveLength(3)
    for (const { payload } of pieces) expect(payload.length).toBeLessThan(1_000_000)
    expect(counterWith(pieces).increments).toEqual(counter.increments)
  })

  test('reports what it cannot read, takes nothing of it, and takes the rest', () => {
    const text = (encoding: number, written: string): Content => ({
      encoding,
      payload: new TextEncoder().encode(written),
    })
    const counter = createCounter()
    const batch = [text(64, '1 a'), text(65, '1 b'), text(64, '1 c\nmuch d'), text(64, '2 e')]
    expect(counter.replica.apply(batch.map(receivedFrom), true)).toEqual([1, 2])
    expect([...counter.increments]).toEqual(['1 a', '2 e'])
    fc.assert(
      fc.property(fc.uint8Array(), (payload) => {
        const unread = counter.replica.apply([receivedFrom({ encoding: 64, payload })], false)
        expect(unread.length).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('is empty until something was counted, and its whole state is all that was', () => {
    const counter = createCounter()
    expect(counter.replica.isEmpty()).toBe(true)
    counter.add(4)
    expect(counter.replica.isEmpty()).toBe(false)
    const state = counter.replica.capture(false)
    if (state === undefined || state instanceof Function) throw new Error('the counter answers at once')
    expect(counterWith([state]).value()).toBe(4)
  })
})
