/** What a provider shows and tells. Names and payloads are those that apps and editors already listen to. */
import type { Awareness } from 'y-protocols/awareness'
import type { Doc, Transaction } from 'yjs'
import type { ConnectionStatus, DocumentEvents } from '../client/sync-document.ts'
import type { Alarm, Progress, SyncStatus } from '../sync/effects.ts'
import type { Receipt } from '../sync/receipts.ts'
import type { SealsyncProvider } from './provider.ts'
import type { RemoteChange } from './remote-changes.ts'

/** Whatever an app puts into a state; y-protocols leaves that open. */
type State = ReturnType<typeof JSON.parse>

/** The Awareness of y-protocols, fit also for editors that declare which fields their states have, such as Lexical. */
export type EditorAwareness = Awareness & {
  getLocalState(): State
  getStates(): Map<number, State>
}

/** Everything that changes, in one immutable object that stays the same one until something does. */
export interface ProviderSnapshot {
  readonly connection: ConnectionStatus
  /** Of the document. */
  readonly syncStatus: SyncStatus
  /** All that the relay had is applied, on this connection. */
  readonly synced: boolean
  /** Edits that are not yet both acknowledged by the relay and kept in storage. Never too low. */
  readonly unsyncedChanges: number
  /** Nothing was ever stored in this document: it is new, or secret or room are wrong. */
  readonly isNew: boolean
  /** Somebody writes with a newer version, in a form that this one cannot read: it is kept, and shows after an upgrade. */
  readonly upgradeNeeded: boolean
  /** Why `syncStatus` is `blocked`, `needs-key` or `not-found`. */
  readonly reason: string | undefined
}

/** Why a connection or document was closed; codes 4400–4499 are for good. */
export interface CloseEvent {
  readonly code: number
  readonly reason: string
}

/** The arguments of each event's listeners. */
export interface ProviderEvents {
  /** Once per change of the connection. */
  readonly status: readonly [event: { readonly status: ConnectionStatus }]
  /** On both edges. */
  readonly sync: readonly [isSynced: boolean]
  /** Only when it becomes true. */
  readonly synced: readonly [event: { readonly state: true }]
  readonly unsyncedChanges: readonly [event: { readonly number: number }]
  /** Whether there are unsynced changes, on both edges. */
  readonly 'local-changes': readonly [hasLocalChanges: boolean]
  /** `getSnapshot()` returns something else now. */
  readonly change: readonly []
  /** Who has got how much of what was written here, whenever that changes; with the option `receipts`. */
  readonly receipt: readonly [receipts: readonly Receipt[]]
  /**
   * How far a large snapshot has come, up or down, in bytes. A document that has one shows nothing of it before all of
   * it is here.
   */
  readonly progress: readonly [progress: Progress]
  /** An integrity fact to show or log. */
  readonly alarm: readonly [alarm: Alarm]
  /**
   * A transaction has applied what others wrote, or this device wrote earlier: one entry for each piece that changed
   * something, with its author by signature. After the transaction's observers.
   */
  readonly 'remote-change': readonly [changes: readonly RemoteChange[], transaction: Transaction]
  /** Nothing was ever stored in this document: it is new, or secret or room are wrong. */
  readonly new: readonly []
  /** The relay closed the document or the connection for good; `connect()` tries again. */
  readonly closed: readonly [event: CloseEvent, provider: SealsyncProvider]
  /** A connection ended, for good or not; `isLocal`: this side ended it, not the relay or the network. */
  readonly 'connection-close': readonly [
    event: CloseEvent & { readonly isLocal: boolean },
    provider: SealsyncProvider,
  ]
  /** An attempt to connect failed; it tries again. */
  readonly 'connection-error': readonly [error: Error, provider: SealsyncProvider]
  /** Storage could not be read or written. */
  readonly 'storage-error': readonly [error: Error]
  /** Bytes on the wire that concern this document, for developer tools. Not to be changed. */
  readonly frame: readonly [frame: DocumentEvents['frame']]
  readonly destroy: readonly []
  /** Never fires; Lexical listens to it. */
  readonly update: readonly [update: unknown]
  /** Never fires; Lexical listens to it. */
  readonly reload: readonly [doc: Doc]
}
