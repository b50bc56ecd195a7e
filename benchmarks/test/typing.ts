/** How an author types a recorded transaction, and how a replica tells what it holds of either author. */
import type * as Y from 'yjs'
import { TEXT } from '../src/room.ts'
import { applyPatch, type Patch, type SharedEdit } from '../src/trace.ts'
import { type Agent, otherOf, type Part } from './ancestors.ts'

/** Fixed, because Yjs orders what was typed at the same place at the same time by client id. */
export const clientOf = (agent: Agent): number => agent + 1

/** Types one transaction; the document's client id says whose. */
export const type = (doc: Y.Doc, edit: SharedEdit, adapt: (patch: Patch) => Patch = same): void => {
  const text = doc.getText(TEXT)
  doc.transact(() => {
    for (const patch of edit.patches) applyPatch(text, adapt(patch))
    // A deletion leaves no trace in the state vector. With a mark of its own each transaction can be counted there.
    if (ticks(edit) === 0) doc.getMap('marks').set(`${doc.clientID}`, null)
  })
}

/** For a text of another length than the author's: the nearest place that exists. */
export const fitTo =
  (doc: Y.Doc) =>
  ([position, deleted, inserted]: Patch): Patch => {
    const { length } = doc.getText(TEXT)
    const from = Math.min(position, length)
    return [from, Math.min(deleted, length - from), inserted]
  }

/** Counts, by its state vector, how many transactions of either author a replica holds. */
export interface Counter {
  /** Throws when it holds part of a transaction: Yjs transactions are never torn. */
  held(doc: Y.Doc, agent: Agent): number
}

export const createCounter = (parts: readonly [Part, Part]): Counter => {
  const countsByClock = parts.map(({ edits }) => {
    const counts = new Map([[0, 0]])
    let clock = 0
    for (const [i, edit] of edits.entries()) {
      clock += Math.max(1, ticks(edit))
      counts.set(clock, i + 1)
    }
    return counts
  })
  return {
    held: (doc, agent) => {
      const structs = doc.store.clients.get(clientOf(agent))
      const last = structs?.at(-1)
      const clock = last === undefined ? 0 : last.id.clock + last.length
      const count = countsByClock[agent]?.get(clock)
      if (count === undefined) throw new Error(`clock ${clock} of author ${agent} is within a transaction`)
      return count
    },
  }
}

/** Transactions of either author that the other had not seen, and whose author had not seen some of the other's. */
export const countConcurrent = (seen: readonly [readonly number[], readonly number[]]): number => {
  const concurrent = (agent: Agent): number => {
    const [own, theirs] = [seen[agent], seen[otherOf(agent)]]
    // The first of theirs that ours had not seen is the one that most likely had not seen ours.
    return own.filter((sawTheirs, i) => (theirs[sawTheirs] ?? Number.POSITIVE_INFINITY) <= i).length
  }
  return concurrent(0) + concurrent(1)
}

/** How many clock ticks inserting takes. */
const ticks = ({ patches }: SharedEdit): number =>
  patches.reduce((sum, [, , inserted]) => sum + inserted.length, 0)

const same = (patch: Patch): Patch => patch
