/** An admitted opening: reads the document into memory and decides from the cursor what its opener lacks. */
import { CLOSE, EMPTY_DIGEST, equalBytes } from 'sealsync/protocol'
import type { Opening } from './admission.ts'
import { chooseBacklog, loadOf } from './catch-up.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'
import type { Store } from './store/store.ts'
import type { Subscriber } from './subscriber.ts'

export type Opened =
  | { readonly type: 'refused'; readonly code: number; readonly reason: string }
  /** The document is held for the opener, who has to release it. */
  | { readonly type: 'ready'; readonly document: Document; readonly start: Start }

/** Where deliveries begin. */
export interface Start extends Pick<Subscriber, 'at' | 'digest' | 'backlog'> {
  /** The cursor was not of this log, or there was none. */
  readonly complete: boolean
}

/** Rejects when the store cannot be read; then nothing is held. */
export const openDocument = async (
  opening: Opening,
  docId: Uint8Array,
  { documents, store }: { readonly documents: Documents; readonly store: Store },
): Promise<Opened> => {
  const document = await documents.hold({ docId, genesis: opening.genesis, create: opening.create })
  if (document === undefined) {
    return { type: 'refused', code: CLOSE.notFound, reason: 'nothing is stored under this document id' }
  }
  try {
    for (;;) {
      const { logId } = document.log
      const start = await startOf(document, opening, store)
      // Unless the log was found to be another one meanwhile, which a failed commit may bring to light.
      if (equalBytes(logId, document.log.logId)) return { type: 'ready', document, start }
    }
  } catch (error) {
    documents.release(document)
    throw error
  }
}

const startOf = async ({ docId, log }: Document, { cursor }: Opening, store: Store): Promise<Start> => {
  const complete: Start = { complete: true, at: 0, digest: EMPTY_DIGEST, backlog: loadOf(log, 0) }
  if (cursor === undefined || !equalBytes(cursor.logId, log.logId) || cursor.version > log.version)
    return complete
  const { version: at, digest } = cursor
  if (at === log.version) {
    return equalBytes(digest, log.digest)
      ? { complete: false, at, digest: log.digest, backlog: { type: 'undecided' } }
      : complete
  }
  const survey = await store.survey(docId, { after: at, through: log.version })
  // A log that was set back and has grown again may have the version, but by another way.
  if (survey.digest === undefined || !equalBytes(survey.digest, digest)) return complete
  return { complete: false, at, digest: survey.digest, backlog: chooseBacklog(log, at, survey) }
}
