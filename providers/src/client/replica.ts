/** The CRDT side of one document. A binding implements it; the core never learns which CRDT it is. */
import type { Content } from '../sync/content.ts'
import type { Codec, Received } from '../sync/effects.ts'

/** An answer that the CRDT can give only later: called with whom to tell, once. */
export type Later<Answer> = (tell: (answer: Answer) => void) => void

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
   * update each; none when that is nothing. Deletions count. Stops remembering. An answer that comes later must be
   * told in the turn in which the document was read, before any edit that it leaves out is pushed.
   */
  missing(pending: readonly Content[]): readonly Content[] | Later<readonly Content[]>
  /**
   * The whole state, or `undefined` when something it depends on has not arrived yet; with `evenIncomplete` the state
   * then includes what waits. It includes all that was applied before this call, and may include more.
   */
  capture(evenIncomplete: boolean): Content | undefined | Later<Content | undefined>
  /**
   * What the document holds beyond these contents, in pieces that fit into an update each; changes nothing. An answer
   * that comes later leaves out what was pushed or applied after the question: nobody has dropped that. Without it a
   * snapshot that lacks what it says it covers goes unnoticed.
   */
  beyond?(contents: readonly Content[]): readonly Content[] | Later<readonly Content[]>
  /**
   * The whole document in a form that depends on nothing but its content: equal in all replicas that hold the same,
   * however it came to them. Without it, or when it is `undefined`, replicas that differ go unnoticed.
   */
  canonical?(): Uint8Array | undefined
  /** The relay holds this content now: one that was pushed, or several that were merged. */
  acknowledged?(content: Content): void
}
