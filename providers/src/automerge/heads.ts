/** Heads of a change graph, kept without the graph. All lists are sorted: equal heads are equal lists. */
import type { Chunk } from './chunk.ts'

/**
 * The heads after adding chunks to `heads`. They are minimal if every change is new to the graph and no change outside
 * of the chunks depends on it; a document only adds its heads, since it does not show what came before them. Bundles
 * and unknown chunks say nothing here.
 */
export const advanceHeads = (heads: readonly string[], chunks: readonly Chunk[]): readonly string[] => {
  const advanced = new Set(heads)
  for (const chunk of chunks) {
    if (chunk.type === 'change') advanced.add(chunk.hash)
    if (chunk.type === 'document') for (const head of chunk.heads) advanced.add(head)
  }
  for (const chunk of chunks) {
    if (chunk.type === 'change') for (const dep of chunk.deps) advanced.delete(dep)
  }
  return [...advanced].sort()
}

/** The heads of chunks alone: changes and document heads on which no change among them depends. */
export const frontier = (chunks: readonly Chunk[]): readonly string[] => advanceHeads([], chunks)
