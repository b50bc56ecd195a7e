import * as A from '@automerge/automerge'
import { expect, test } from 'vitest'
import { createArrivals } from '../../src/automerge/arrivals.ts'
import { type Chunk, readChunks } from '../../src/automerge/chunk.ts'
import { createMemory } from '../../src/automerge/memory.ts'
import type { Received, Rejection } from '../../src/sync/effects.ts'
import { typedNote } from './documents.ts'

const note = typedNote(4)

const received = (kind: Received['kind'], payload: Uint8Array): Received => ({
  ...{ kind, encoding: 3, payload, claims: [] },
  ...{ envelopeId: new Uint8Array(32), author: new Uint8Array(32), session: new Uint8Array(8) },
})

/** Arrivals at a Repo that holds the note, while documents are looked at later. */
const setUp = ({ knowsNote }: { readonly knowsNote: boolean }) => {
  const memory = createMemory()
  const looks: { readonly now: number[]; readonly later: (() => void)[] } = { now: [], later: [] }
  const rejected: Rejection['type'][] = []
  const document = readChunks(A.save(note))
  if (!document.ok) throw new Error(document.error)
  for (const chunk of document.value) if (knowsNote) memory.remember(chunk)
  const arrivals = createArrivals({
    windowMs: 0,
    memory,
    conversation: { deliver: () => undefined, whole: () => undefined },
    examiner: {
      canLoad: (chunks: readonly Chunk[]) => {
        looks.now.push(chunks.length)
        return false
      },
      isResting: () => true,
      lookLater: (_chunks, cannotBeLoaded) => looks.later.push(cannotBeLoaded),
      close: () => undefined,
    },
    holdsContent: () => true,
    onTaken: () => undefined,
    onDelivering: () => undefined,
    onRejected: (_received, reason) => rejected.push(reason.type),
  })
  return { arrivals, looks, rejected }
}

test('a snapshot whose heads are there has time, and is rejected when it turns out that it cannot be loaded', () => {
  const { arrivals, looks, rejected } = setUp({ knowsNote: true })
  const snapshot = received('snapshot', A.save(note))
  expect(arrivals.take(snapshot, true)).toBe(true)
  expect([looks.now.length, looks.later.length, rejected]).toEqual([0, 1, []])
  expect(arrivals.isRefused(snapshot.payload)).toBe(false)
  looks.later[0]?.()
  expect(rejected).toEqual(['unreadable'])
  expect(arrivals.isRefused(snapshot.payload)).toBe(true)
  arrivals.close()
})

test('one with other heads is looked at before the Repo is given it, and so is a document in an update', () => {
  for (const [kind, knowsNote] of [
    ['snapshot', false],
    ['update', true],
  ] as const) {
    const { arrivals, looks } = setUp({ knowsNote })
    const one = received(kind, A.save(note))
    expect(arrivals.take(one, true)).toBe(false)
    expect([looks.now.length, looks.later.length]).toEqual([1, 0])
    expect(arrivals.isRefused(one.payload)).toBe(true)
    arrivals.close()
  }
})
