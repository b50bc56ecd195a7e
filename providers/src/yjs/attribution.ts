/** Whose content stands in a document, and whose change a transaction is: what a provider answers about its Y.Doc. */
import * as Y from 'yjs'
import type { SessionName } from '../protocol/item.ts'
import { type Authorship, createAuthors } from './authors.ts'
import type { Listeners } from './listeners.ts'
import type { ProviderEvents } from './provider-events.ts'
import { createRemoteChanges, type RemoteChange } from './remote-changes.ts'
import type { ReplicaEvents } from './replica.ts'

/** What a provider can name the author of: all of a client id, or one place in the document. */
export type Attributable = number | Y.ID | Y.RelativePosition

export interface Attribution extends Required<Pick<ReplicaEvents, 'onClaims' | 'onPieces'>> {
  /** The document writes under this client id from here on. */
  claimedByUs(clientId: number): void
  authorOf(what: Attributable): Authorship | undefined
  authorsOf(transaction: Y.Transaction): readonly RemoteChange[]
  close(): void
}

/** `self`: the name under which the document is written here, once it is known. */
export const createAttribution = (deps: {
  readonly doc: Y.Doc
  readonly listeners: Pick<Listeners<ProviderEvents>, 'has' | 'emit'>
  readonly self: () => SessionName | undefined
}): Attribution => {
  const { doc, listeners } = deps
  const authors = createAuthors(deps.self)
  const changes = createRemoteChanges()

  const onTransaction = (transaction: Y.Transaction): void => {
    // A load is thousands of pieces, which nobody needs described when nobody listens.
    if (!listeners.has('remote-change')) return
    const found = changes.of(transaction)
    if (found.length > 0) listeners.emit('remote-change', [found, transaction])
  }
  doc.on('afterTransactionCleanup', onTransaction)

  return {
    onClaims: authors.claimed,
    onPieces: (transaction, pieces) => {
      for (const { received, told } of pieces) authors.signed(received, told)
      changes.note(transaction, pieces)
    },
    claimedByUs: authors.claimedByUs,
    authorOf: (what) => {
      if (typeof what === 'number') return authors.ofClient(what)
      const id = what instanceof Y.ID ? what : what.item
      // At the end of a type a position has no item.
      if (id === null || id.clock >= Y.getState(doc.store, id.client)) return undefined
      return authors.ofClock(id.client, id.clock)
    },
    authorsOf: changes.of,
    close: () => doc.off('afterTransactionCleanup', onTransaction),
  }
}
