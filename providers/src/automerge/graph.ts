/** The graph of changes, as far as it is in hand: which change stands on which. */
import { type Chunk, isChange } from './chunk.ts'

export interface Graph {
  add(chunks: readonly Chunk[]): void
  /** A change of which no more is known. */
  addChange(hash: string, deps: readonly string[]): void
  has(hash: string): boolean
  /** Heads of the documents in it. */
  documents(): readonly string[]
  /** Whether all that these heads stand on is in the graph: a document holds all that leads to its heads. */
  spans(heads: readonly string[]): boolean
  /** These heads and all that they stand on, down to where the graph ends. */
  below(heads: readonly string[]): ReadonlySet<string>
}

export const createGraph = (): Graph => {
  const changes = new Map<string, readonly string[]>()
  /** Heads of documents. */
  const whole = new Set<string>()

  const below = (heads: readonly string[]): ReadonlySet<string> => {
    const met = new Set<string>(heads)
    // A set may grow while it is walked through.
    for (const hash of met) {
      if (!whole.has(hash)) for (const dep of changes.get(hash) ?? []) met.add(dep)
    }
    return met
  }

  return {
    add: (chunks) => {
      for (const chunk of chunks) {
        if (isChange(chunk)) changes.set(chunk.hash, chunk.deps)
        if (chunk.type === 'document') for (const head of chunk.heads) whole.add(head)
      }
    },
    addChange: (hash, deps) => {
      changes.set(hash, deps)
    },
    has: (hash) => changes.has(hash) || whole.has(hash),
    documents: () => [...whole],
    below,
    spans: (heads) => [...below(heads)].every((hash) => whole.has(hash) || changes.has(hash)),
  }
}
