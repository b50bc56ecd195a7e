/** The connection as its documents see it, and a document as the connection sees it. */
import type { ToRelay } from '../protocol/frame.ts'
import type { Input } from '../sync/effects.ts'
import type { ConnectionStatus, DocumentEvents } from './sync-document.ts'

export interface Member {
  feed(input: Input): void
  trace(frame: DocumentEvents['frame']): void
}

export interface Carrier {
  /** False, and the member is told that it is closed, when another open document has the same id. */
  attach(docId: Uint8Array, member: Member): boolean
  /** Only by who has attached, but for the carrier that a document sees: there it does nothing then. */
  detach(docId: Uint8Array): void
  transmit(docId: Uint8Array, frame: ToRelay): void
  connection(): ConnectionStatus
  /** Why the relay ended the connection for good, if it did. */
  ending(): DocumentEvents['closed'] | undefined
}
