/** The CRDT side of one document. A binding implements it; the core never learns which CRDT it is. */
import type { Content } from '../sync/content.ts'
import type { Codec, Received } from '../sync/effects.ts'

export interface Replica extends Codec {
  /** True while the document has no content and no history at all. */
  isEmpty(): boolean
  /**
   * Applies a batch in one transaction. Returns the positions that could not be read; applies the others; never
   * throws. `known`: the relay holds this content, see `track`.
   */
  apply(batch: readonly Received[], known: boolean): readonly number[]
  /** From here on remember all that is applied as known, forgetting what was remembered before. */
  track(): void
  /**
   * What the document holds beyond everything known since `track()` and beyond `pending`, in pieces that fit into an
   * update each; none when that is nothing. Deletions count. Stops remembering.
   */
  missing(pending: readonly Content[]): readonly Content[]
  /**
   * The whole state, or `undefined` when something it depends on has not arrived yet; with `evenIncomplete` the state
   * then includes what waits.
   */
  capture(evenIncomplete: boolean): Content | undefined
}
