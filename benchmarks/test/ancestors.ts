/** Who must have seen what, in a session of two authors. */
import type { SharedEdit, SharedTrace } from '../src/trace.ts'

export type Agent = 0 | 1

/** One author's part of a session. Counts are numbers of transactions. */
export interface Part {
  readonly agent: Agent
  /** This author's own transactions, in order. */
  readonly edits: readonly SharedEdit[]
  /** By own transaction: how many of the other author's it builds on. At the end: how many there are. */
  readonly needs: readonly number[]
  /** What the other author needs of ours, ascending: here, and nowhere else, the session can be cut. */
  readonly cuts: readonly number[]
}

export const otherOf = (agent: Agent): Agent => (agent === 0 ? 1 : 0)

/**
 * The first `count` transactions, by author. Throws unless the ancestors of each are a prefix of either author's
 * sequence: only then does a count say what a replica must hold.
 */
export const partsOf = (trace: SharedTrace, count: number): readonly [Part, Part] => {
  const edits = trace.edits.slice(0, count)
  /** After each transaction: how many of either author's are among its ancestors and itself. */
  const seen: (readonly [number, number])[] = []
  const own: [SharedEdit[], SharedEdit[]] = [[], []]
  const needs: [number[], number[]] = [[], []]
  for (const edit of edits) {
    const agent = agentOf(edit)
    let first = 0
    let second = 0
    for (const parent of edit.parents) {
      const [a, b] = seen[parent] ?? [0, 0]
      first = Math.max(first, a)
      second = Math.max(second, b)
    }
    const before = agent === 0 ? first : second
    // With it the closure holds exactly the author's earlier ones, and what those built on.
    if (before !== own[agent].length)
      throw new Error('an author has not seen an earlier transaction of theirs')
    needs[agent].push(agent === 0 ? second : first)
    own[agent].push(edit)
    seen.push(agent === 0 ? [first + 1, second] : [first, second + 1])
  }
  const totals = [own[0].length, own[1].length] as const
  const part = (agent: Agent): Part => {
    const other = otherOf(agent)
    const cuts = new Set([...needs[other], totals[agent]])
    cuts.delete(0)
    return {
      agent,
      edits: own[agent],
      needs: [...needs[agent], totals[other]],
      cuts: [...cuts].sort((a, b) => a - b),
    }
  }
  return [part(0), part(1)]
}

const agentOf = ({ agent }: SharedEdit): Agent => {
  if (agent === 0 || agent === 1) return agent
  throw new Error(`a session of two has no agent ${agent}`)
}
