import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Chunk } from '../../src/automerge/chunk.ts'
import type { HistoryItem } from '../../src/automerge/history.ts'
import { createSpoiler } from '../../src/automerge/spoiler.ts'
import type { Received } from '../../src/sync/effects.ts'

/** From how many chunks on a document cannot be saved. */
let spoiltFrom = 1
vi.mock('../../src/automerge/scratch.ts', () => ({
  canSave: (chunks: readonly Chunk[]) => chunks.length < spoiltFrom,
}))
beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const itemFrom = (position: number, kind: Received['kind'] = 'update'): HistoryItem => ({
  chunk: { type: 'other', bytes: new Uint8Array(0) },
  received: {
    ...{ kind, encoding: 3, payload: new Uint8Array(0), claims: [] },
    ...{ envelopeId: Uint8Array.of(position), author: new Uint8Array(32), session: new Uint8Array(8) },
  },
})

const foundAmong = (items: readonly HistoryItem[]): readonly (number | undefined)[] => {
  const found: (number | undefined)[] = []
  const spoiler = createSpoiler()
  spoiler.seek(items, ({ envelopeId }) => found.push(envelopeId[0]))
  vi.runAllTimers()
  // What was found once is not sought again.
  spoiler.seek(items, ({ envelopeId }) => found.push(envelopeId[0]))
  vi.runAllTimers()
  return found
}

test('it is the first with which a document cannot be saved, wherever that is', () => {
  for (let count = 1; count <= 17; count++) {
    const items = Array.from({ length: count }, (_, position) => itemFrom(position))
    for (spoiltFrom = 1; spoiltFrom <= count; spoiltFrom++) {
      expect(foundAmong(items), `${spoiltFrom} of ${count}`).toEqual([spoiltFrom - 1])
    }
  }
})

test('whoever has passed it on with a snapshot is not to blame', () => {
  spoiltFrom = 2
  expect(foundAmong([itemFrom(0), itemFrom(1, 'snapshot'), itemFrom(2)])).toEqual([])
})

test('once closed it looks no further', () => {
  spoiltFrom = 2
  const found: unknown[] = []
  const spoiler = createSpoiler()
  spoiler.seek([itemFrom(0), itemFrom(1), itemFrom(2)], (received) => found.push(received))
  spoiler.close()
  vi.runAllTimers()
  expect(found).toEqual([])
})
