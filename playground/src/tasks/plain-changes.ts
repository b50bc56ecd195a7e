import { type Doc, getAllChanges } from '@automerge/automerge'

/** All changes one behind the other: what Automerge alone would have sent. */
export const plainChanges = (doc: Doc<unknown>): Uint8Array =>
  Uint8Array.from(getAllChanges(doc).flatMap((change) => [...change]))
