/** A document of some CRDT, as the simulation sees it: what an app does to it, and what is compared in the end. */
import type { Replica } from '../../../providers/src/client/replica.ts'
import type { DocumentStatus } from '../../../providers/src/client/sync-document.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import type { Received, Rejection } from '../../../providers/src/sync/effects.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Random } from '../../../providers/src/testing/random.ts'

export interface SimDocument {
  readonly replica: Replica
  /** The app makes the edit with this id, which must come out through `onEdited`, at once or later. */
  edit(id: string): void
  /** The ids of all edits that it holds, whoever made them. */
  edits(): ReadonlySet<string>
  /** All that equal documents agree on, by name. */
  facts(): ReadonlyMap<string, string>
  /** Those of its own edits that an answer to `missing` hands over, if not all went through `onEdited`. */
  idsIn?(contents: readonly Content[]): readonly string[]
  /** All that the relay had when asked is applied. */
  caughtUp?(): void
  /** What an app would be shown has changed. */
  statusChanged?(status: DocumentStatus): void
  /** Something in it waits for what has not come. */
  isIncomplete(): boolean
  /** The provider is gone: it is not called any more. */
  close(): void
  /** After `close`: the same document, with all that it holds, for a new provider. */
  readonly reopen: CreateSimDocument
}

export type CreateSimDocument = (provider: SimProvider) => SimDocument

export interface SimProvider {
  readonly random: Random
  readonly clock: Clock
  /**
   * An edit, with the ids of all that are whole in it, or were in an earlier one. Only from then on an edit may be
   * called saved, so an id too early hides a loss, and one that never comes is an error.
   */
  readonly onEdited: (content: Content, ids: readonly string[]) => void
  /** The CRDT has a word of its own for it, and says that these edits are saved. */
  readonly onSaved: (ids: readonly string[]) => void
  readonly onClaimed: (claim: Uint8Array) => void
  /** What `apply` took was not applied after all, or not all of it; without a reason it was unreadable. */
  readonly onRejected: (received: Received, reason?: Rejection) => void
}

/** Equal for equal documents. */
export const fingerprint = (document: SimDocument): string => JSON.stringify([...document.facts()].sort())

/** Where two documents part, for a failing seed's reader. */
export const difference = (here: SimDocument, there: SimDocument): string => {
  const [mine, theirs] = [here.facts(), there.facts()]
  return [...new Set([...mine.keys(), ...theirs.keys()])]
    .filter((name) => mine.get(name) !== theirs.get(name))
    .map((name) => `${name}: ${excerpt(mine.get(name))} / ${excerpt(theirs.get(name))}`)
    .join(', ')
}

const excerpt = (fact: string | undefined): string =>
  fact === undefined ? 'none' : fact.length > 40 ? `${fact.slice(0, 40)}… (${fact.length})` : fact
