/**
 * What a Repo's document holds beyond a snapshot and what lies on top of it. A document that can be loaded holds all that
 * leads to its heads, or it would have others: so in most cases the Repo's own heads tell, without a question to it.
 */
import type { Content } from '../sync/content.ts'
import { type Change, type Chunk, isChange } from './chunk.ts'
import { chunksOf, piecesOf } from './chunk-content.ts'
import type { Conversation } from './conversation.ts'
import { createGraph, type Graph } from './graph.ts'
import { createKnown } from './known.ts'
import { changesOf } from './scratch.ts'

export interface Auditor {
  /** Pushed, applied, or waiting to be pushed: from now on nobody has dropped it. */
  saw(chunks: readonly Chunk[]): void
  /** `inHand`: changes that are pushed, or wait for it, and that the contents may lack. */
  beyond(
    contents: readonly Content[],
    inHand: ReadonlyMap<string, readonly string[]>,
    tell: (missing: readonly Content[]) => void,
  ): void
}

export const createAuditor = (options: {
  readonly conversation: Pick<Conversation, 'heads' | 'ask'>
  /** Whether this change was told or delivered as one of its own. */
  readonly isInHand: (hash: string) => boolean
  /** Edits that only came to light by a question. */
  readonly onNews: (chunks: readonly Chunk[]) => void
}): Auditor => {
  const { conversation, isInHand, onNews } = options
  /** What is known to each question that waits for its answer. */
  const graphs = new Set<Graph>()

  return {
    saw: (chunks) => {
      for (const graph of graphs) graph.add(chunks)
    },
    beyond: (contents, inHand, tell) => {
      const graph = createGraph()
      const known = createKnown()
      for (const content of contents) {
        const chunks = chunksOf(content) ?? []
        graph.add(chunks)
        known.add(chunks)
      }
      for (const [hash, deps] of inHand) graph.addChange(hash, deps)
      graphs.add(graph)
      const finish = (missing: readonly Content[]): void => {
        graphs.delete(graph)
        tell(missing)
      }
      conversation.heads((heads) => {
        if (graph.spans(heads)) {
          finish([])
          return
        }
        const since = known.heads()
        // A document would hide which of its changes are old.
        conversation.ask(known.heads, since.length === 0, (chunks) => {
          const [first] = chunks
          if (since.length === 0 && first?.type === 'document') {
            finish(piecesOf([first]))
            return
          }
          const told = chunks
            .flatMap((chunk) => (chunk.type === 'document' ? changesOf(chunk) : [chunk]))
            .filter(isChange)
          const { dropped, news } = part(told, { heads, since, graph, isInHand })
          finish(piecesOf(dropped))
          if (news.length > 0) onNews(news)
        })
      })
    },
  }
}

/** Of what was told: what led to these heads and is unknown, and what was made after them. */
const part = (
  told: readonly Change[],
  {
    heads,
    since,
    graph,
    isInHand,
  }: {
    readonly heads: readonly string[]
    readonly since: readonly string[]
    readonly graph: Graph
    readonly isInHand: (hash: string) => boolean
  },
): { readonly dropped: readonly Change[]; readonly news: readonly Change[] } => {
  const document = createGraph()
  document.add(told)
  const covered = document.below(since)
  const old = document.below(heads)
  // What a document has brought after the question was not dropped, unless it had been there before as a change.
  const brought = document.below(graph.documents())
  const isBrought = (hash: string): boolean => graph.has(hash) || (brought.has(hash) && !isInHand(hash))
  const unknown = told.filter(({ hash }) => !covered.has(hash) && !isBrought(hash))
  return {
    dropped: unknown.filter(({ hash }) => old.has(hash)),
    news: unknown.filter(({ hash }) => !old.has(hash)),
  }
}
