/** The document that all measurements with Automerge are about: one text. */
import * as A from '@automerge/automerge'
import type { Patch } from '../trace.ts'

// A type and not an interface: Automerge takes only what has an index signature.
export type Note = { text: string }

/** Types one patch, within a change. */
export const splicePatch = (note: Note, [position, deleted, inserted]: Patch): void => {
  A.splice(note, ['text'], position, deleted, inserted)
}
