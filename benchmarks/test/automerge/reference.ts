/** The same session in plain Automerge, without a network: what must come out. */
import type { Change } from '@automerge/automerge'
import type { SharedTrace } from '../../src/trace.ts'
import { otherOf, type Part } from '../ancestors.ts'
import { beginning, createBranch } from './branch.ts'

export interface Merged {
  readonly text: string
  /** Two documents with the same heads have the same history, change by change. */
  readonly heads: readonly string[]
}

/** What both replicas end with after the first `count` transactions. */
export const mergedNote = (trace: SharedTrace, parts: readonly [Part, Part], count: number): Merged => {
  const base = beginning()
  const replicas = ([0, 1] as const).map((agent) => {
    const changes: Change[] = []
    return { branch: createBranch(base, agent), changes, held: 0 }
  })
  const [first, second] = replicas
  if (first === undefined || second === undefined) throw new Error('a session of two')
  const catchUp = (replica: typeof first, from: typeof first, to: number): void => {
    if (to > replica.held) replica.branch.take(from.changes.slice(replica.held, to))
    replica.held = Math.max(replica.held, to)
  }
  for (const edit of trace.edits.slice(0, count)) {
    const agent = edit.agent === 0 ? 0 : 1
    const [mine, theirs] = agent === 0 ? [first, second] : [second, first]
    catchUp(mine, theirs, parts[agent].needs[mine.changes.length] ?? 0)
    mine.changes.push(mine.branch.type(edit))
  }
  for (const agent of [0, 1] as const) {
    const [mine, theirs] = agent === 0 ? [first, second] : [second, first]
    catchUp(mine, theirs, parts[otherOf(agent)].edits.length)
  }
  const text = first.branch.text()
  const heads = first.branch.heads()
  if (second.branch.text() !== text || second.branch.heads().join() !== heads.join())
    throw new Error('plain Automerge did not converge')
  return { text, heads }
}
