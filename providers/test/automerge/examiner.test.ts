import * as A from '@automerge/automerge'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Chunk, readChunks } from '../../src/automerge/chunk.ts'
import { createExaminer } from '../../src/automerge/examiner.ts'
import { typedNote } from './documents.ts'

/** How long Automerge takes for a document, ms. */
let tookMs = 0
vi.mock('../../src/automerge/scratch.ts', async (original) => {
  const real = await original<typeof import('../../src/automerge/scratch.ts')>()
  return {
    ...real,
    canLoad: (chunks: readonly Chunk[]) => {
      vi.setSystemTime(Date.now() + tookMs)
      return real.canLoad(chunks)
    },
  }
})

beforeEach(() => {
  vi.useFakeTimers()
  tookMs = 0
})
afterEach(() => vi.useRealTimers())

const chunksOf = (bytes: Uint8Array): readonly Chunk[] => {
  const chunks = readChunks(bytes)
  if (!chunks.ok) throw new Error(chunks.error)
  return chunks.value
}
const sound = chunksOf(A.save(typedNote(4)))
/** A change without what it stands on, cut off behind its header. */
const unsound: readonly Chunk[] = sound.map((chunk) => ({ ...chunk, bytes: chunk.bytes.subarray(0, 20) }))

test('what can be loaded is told from what cannot', () => {
  const examiner = createExaminer()
  expect(examiner.canLoad(sound)).toBe(true)
  expect(examiner.canLoad(unsound)).toBe(false)
})

test('it rests for 49 times as long as it has looked', () => {
  const examiner = createExaminer()
  expect(examiner.isResting()).toBe(false)
  tookMs = 100
  examiner.canLoad(sound)
  expect(examiner.isResting()).toBe(true)
  vi.advanceTimersByTime(4_899)
  expect(examiner.isResting()).toBe(true)
  vi.advanceTimersByTime(1)
  expect(examiner.isResting()).toBe(false)
})

test('what is to be looked at later is, once it has rested, and only the last of it', () => {
  const examiner = createExaminer()
  const heard: string[] = []
  tookMs = 100
  examiner.canLoad(sound)
  examiner.lookLater(unsound, () => heard.push('replaced'))
  examiner.lookLater(unsound, () => heard.push('last'))
  vi.advanceTimersByTime(4_800)
  expect(heard).toEqual([])
  vi.advanceTimersByTime(200)
  expect(heard).toEqual(['last'])
  examiner.lookLater(sound, () => heard.push('sound'))
  examiner.lookLater(unsound, () => heard.push('closed'))
  examiner.close()
  vi.advanceTimersByTime(60_000)
  expect(heard).toEqual(['last'])
})
