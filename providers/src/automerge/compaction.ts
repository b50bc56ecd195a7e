/**
 * Snapshots: the whole document as the Repo saves it, but never one that nobody could load. In its place goes what the
 * relay holds as it came, on top of the last state that could be loaded.
 */
import type { Content } from '../sync/content.ts'
import type { Received } from '../sync/effects.ts'
import type { Chunk } from './chunk.ts'
import { contentOf } from './chunk-content.ts'
import type { Conversation } from './conversation.ts'
import type { Examiner } from './examiner.ts'
import type { History } from './history.ts'
import { createSpoiler } from './spoiler.ts'

export interface Compaction {
  /** All that was delivered or told so far, and maybe more; `undefined`: not now. */
  capture(evenIncomplete: boolean, tell: (content: Content | undefined) => void): void
  /** A snapshot could not be made and would not be if tried again at once, or the last one has taken too long. */
  isResting(): boolean
  close(): void
}

const REST_MS = 60_000

export const createCompaction = (options: {
  readonly conversation: Pick<Conversation, 'whole'>
  readonly history: History
  readonly examiner: Examiner
  /** Since this the document cannot be saved as a whole. */
  readonly onSpoiling: (received: Received) => void
}): Compaction => {
  const { conversation, history, examiner, onSpoiling } = options
  const spoiler = createSpoiler()
  let restsUntil = 0

  const insteadOfDocument = (): Content | undefined => {
    const items = history.items()
    const chunks = items?.map(({ chunk }) => chunk)
    if (items === undefined || chunks === undefined || !examiner.canLoad(chunks)) {
      restsUntil = Date.now() + REST_MS
      return undefined
    }
    spoiler.seek(items, onSpoiling)
    return contentOf(chunks)
  }

  const isWhole = (
    chunks: readonly Chunk[] | undefined,
    evenIncomplete: boolean,
  ): chunks is readonly Chunk[] => chunks !== undefined && (chunks.length === 1 || evenIncomplete)

  return {
    capture: (evenIncomplete, tell) => {
      const end = history.end()
      conversation.whole((chunks) => {
        if (!isWhole(chunks, evenIncomplete)) {
          tell(undefined)
          return
        }
        if (!examiner.canLoad(chunks)) {
          tell(insteadOfDocument())
          return
        }
        history.renew(chunks, end)
        tell(contentOf(chunks))
      })
    },
    isResting: () => examiner.isResting() || Date.now() < restsUntil,
    close: spoiler.close,
  }
}
