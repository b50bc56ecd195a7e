import { expect, test } from 'vitest'
import type { Chunk } from '../../src/automerge/chunk.ts'
import { createHistory, type History } from '../../src/automerge/history.ts'

const change = (name: string, bytes = 10): Chunk => ({
  type: 'change',
  hash: name,
  deps: [],
  actor: 'aa',
  seq: 1,
  bytes: new Uint8Array(bytes),
})
const document = (name: string): Chunk => ({ type: 'document', heads: [name], bytes: new Uint8Array(10) })

const namesOf = (history: History): readonly (string | undefined)[] | undefined =>
  history.items()?.map(({ chunk }) => (chunk.type === 'change' ? chunk.hash : chunk.type))

test('a document takes the place of what came before it was asked for, and of nothing later', () => {
  const history = createHistory()
  history.add(change('a'), undefined)
  const end = history.end()
  history.add(change('b'), undefined)
  history.renew([document('a')], end)
  expect(namesOf(history)).toEqual(['document', 'b'])
})

test('who brought a change is still known when it stays on top', () => {
  const history = createHistory()
  const received = {
    ...({ kind: 'update', encoding: 3, payload: new Uint8Array(0), claims: [] } as const),
    ...{ envelopeId: new Uint8Array(32), author: new Uint8Array(32), session: new Uint8Array(8) },
  }
  history.add(change('a'), undefined)
  history.add(change('b'), received)
  history.renew([document('a'), change('b')], history.end())
  expect(history.items()?.[1]?.received).toBe(received)
})

test('what the Repo has not taken is not part of it', () => {
  const history = createHistory()
  const taken = change('a')
  const refused = change('b')
  history.add(taken, undefined)
  history.add(refused, undefined)
  history.remove(refused)
  expect(namesOf(history)).toEqual(['a'])
})

test('when there is too much it is unknown, until a document holds all of it', () => {
  const history = createHistory()
  history.add(change('large', 4 * 1024 * 1024 + 1), undefined)
  expect(history.items()).toBeUndefined()
  const before = history.end()
  history.add(change('later'), undefined)
  history.renew([document('large')], before)
  expect(history.items()).toBeUndefined()
  history.renew([document('later')], history.end())
  expect(namesOf(history)).toEqual(['document'])
})
