/** Automerge documents with a history that is the same in every run: fixed actors, fixed times. */
import * as A from '@automerge/automerge'
import fc from 'fast-check'

// A type and not an interface: Automerge takes only what has an index signature.
type Note = { text: string; flags: Record<string, number | string> }

interface Edit {
  /** Which of three authors edits, and with whom they merge afterwards. */
  readonly author: number
  readonly mergesWith: number
  readonly kind: 'insert' | 'flag' | 'unflag' | 'empty'
  readonly text: string
  readonly at: number
}

export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    author: fc.nat(2),
    mergesWith: fc.nat(8),
    kind: fc.constantFrom('insert', 'insert', 'flag', 'unflag', 'empty'),
    text: fc.string({ maxLength: 300, unit: 'grapheme' }),
    at: fc.nat(1000),
  }),
  { maxLength: 25 },
)

/** One document that has heard of all edits. */
export const documentFrom = (made: readonly Edit[]): A.Doc<Note> => {
  const first = A.change(A.init<Note>('aa'), { time: 1 }, (note) => {
    note.text = ''
    note.flags = {}
  })
  const authors = [first, A.clone(first, 'bb00'), A.clone(first, 'cc'.repeat(16))]
  made.forEach((edit, index) => {
    const mine = authors[edit.author] ?? first
    const edited = editNote(mine, edit, 1_700_000_000 + index)
    const theirs = authors[edit.mergesWith]
    authors[edit.author] = theirs === undefined || theirs === mine ? edited : A.merge(edited, theirs)
  })
  return authors.reduce((merged, doc) => A.merge(merged, doc), A.clone(first, 'dd'))
}

const editNote = (note: A.Doc<Note>, { kind, text, at }: Edit, time: number): A.Doc<Note> => {
  if (kind === 'empty') return A.emptyChange(note, { time, message: text })
  return A.change(note, { time, ...(text === '' ? {} : { message: text.slice(0, 5) }) }, (draft) => {
    if (kind === 'insert') A.splice(draft, ['text'], Math.min(at, draft.text.length), 0, `${text}!`)
    if (kind === 'flag') draft.flags[`${at % 5}`] = at
    if (kind === 'unflag') delete draft.flags[`${at % 5}`]
  })
}

/** A note of `count` changes: one that makes it, then one letter each. */
export const typedNote = (count: number): A.Doc<Note> => {
  let note = documentFrom([])
  for (let index = 1; index < count; index++) {
    note = A.change(note, { time: index }, (draft) => A.splice(draft, ['text'], index - 1, 0, 'x'))
  }
  return note
}
