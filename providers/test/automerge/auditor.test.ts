/** What counts as dropped by a snapshot, when the Repo hands over a document between the question and its answer. */
import * as A from '@automerge/automerge'
import { expect, test } from 'vitest'
import { createAuditor } from '../../src/automerge/auditor.ts'
import { type Chunk, isChange, readChunks } from '../../src/automerge/chunk.ts'
import { chunksOf, contentOf } from '../../src/automerge/chunk-content.ts'

type Note = Record<string, string>

const read = (bytes: Uint8Array): readonly Chunk[] => {
  const chunks = readChunks(bytes)
  if (!chunks.ok) throw new Error(chunks.error)
  return chunks.value
}

const edit = (doc: A.Doc<Note>, text: string): A.Doc<Note> =>
  A.change(doc, { time: 1 }, (note) => {
    note[text] = text
  })

/** The change that was made last. */
const lastOf = (doc: A.Doc<Note>): Chunk[] => {
  const bytes = A.getLastLocalChange(doc)
  return bytes === undefined ? [] : [...read(bytes)]
}

const first = edit(A.init<Note>('aa'.repeat(16)), 'first')
const base = edit(A.clone(first, 'bb'.repeat(16)), 'second')
/** On top of the snapshot, and beside its head: only the snapshot's document shows what it stands on. */
const other = edit(A.clone(first, 'cc'.repeat(16)), 'other')
const one = edit(A.clone(base, 'dd'.repeat(16)), 'one')
const two = edit(one, 'two')
const whole = A.merge(A.clone(two), other)

const [oneHash = ''] = A.getHeads(one)

/** Hashes of what is said to be dropped, when the edits come in one document after the question. */
const dropped = (isInHand: (hash: string) => boolean): readonly string[] | undefined => {
  let answer: readonly string[] | undefined
  const asked: (() => void)[] = []
  const auditor = createAuditor({
    conversation: {
      heads: (tell) => asked.push(() => tell(A.getHeads(whole))),
      ask: (_since, _asksWhole, tell) => tell(read(A.save(whole))),
    },
    isInHand,
    onNews: () => expect.unreachable('all of it was told before'),
  })
  const known = [contentOf(read(A.save(base))), contentOf(lastOf(other))]
  auditor.beyond(known, new Map(), (missing) => {
    answer = missing.flatMap((content) => (chunksOf(content) ?? []).filter(isChange).map(({ hash }) => hash))
  })
  auditor.saw(read(A.save(two)))
  for (const tell of asked) tell()
  return answer
}

test('what a document has brought after the question was not dropped by anybody', () => {
  expect(dropped(() => false)).toEqual([])
})

test('what was there before as a change was dropped, though a document has brought it once more', () => {
  expect(dropped((hash) => hash === oneHash)).toEqual([oneHash])
})
