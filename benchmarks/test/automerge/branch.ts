/**
 * What one author had seen when typing: a replica beside the Repo's, which may hold more. Actors and times are fixed,
 * so a change has the same hash wherever the same is typed onto the same.
 */
import * as A from '@automerge/automerge'
import { type Note, splicePatch } from '../../src/automerge/note.ts'
import type { SharedEdit } from '../../src/trace.ts'
import { type Agent, otherOf } from '../ancestors.ts'

export interface Branch {
  /** Types one transaction; returns its change. */
  type(edit: SharedEdit): A.Change
  /** The other author's next changes. */
  take(changes: readonly A.Change[]): void
  text(): string
  heads(): readonly string[]
}

const actorOf = (agent: Agent): string => (agent === 0 ? '01' : '02').repeat(16)

/** The empty text that all begins with, saved. */
export const beginning = (): Uint8Array =>
  A.save(
    A.change(A.init<Note>('00'.repeat(16)), { time: 0 }, (note) => {
      note.text = ''
    }),
  )

export const createBranch = (base: Uint8Array, agent: Agent): Branch => {
  let note = A.load<Note>(base, { actor: actorOf(agent) })
  return {
    type: ({ patches }) => {
      const before = A.getHeads(note).join()
      note = A.change(note, { time: 0 }, (draft) => {
        for (const patch of patches) splicePatch(draft, patch)
      })
      const change = A.getLastLocalChange(note)
      // Who counts changes counts transactions.
      if (change === undefined || A.getHeads(note).join() === before)
        throw new Error('a transaction that changes nothing')
      return change
    },
    take: (changes) => {
      ;[note] = A.applyChanges(note, [...changes])
    },
    text: () => note.text,
    heads: () => A.getHeads(note),
  }
}

/** The changes of the other author, in their order, as they turn up in a replica. */
export const createHarvest = (agent: Agent) => {
  const theirs: A.Change[] = []
  let heads: A.Heads | undefined
  return {
    /** Looks at what is new in it. */
    look: (note: A.Doc<Note>): void => {
      const fresh = heads === undefined ? A.getAllChanges(note) : A.getChangesSince(note, heads)
      heads = A.getHeads(note)
      for (const change of fresh) {
        const { actor, seq } = A.decodeChange(change)
        if (actor === actorOf(otherOf(agent))) theirs[seq - 1] = change
      }
    },
    changes: (from: number, to: number): readonly A.Change[] => theirs.slice(from, to),
    count: (): number => theirs.length,
  }
}
