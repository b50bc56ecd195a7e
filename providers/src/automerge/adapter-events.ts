/** What an adapter tells the app beyond what it tells the Repo. */
import type { ConnectionStatus } from '../client/sync-document.ts'
import type { Alarm, Progress, SyncStatus } from '../sync/effects.ts'

/** Where one document stands. */
export interface AdapterStatus {
  readonly documentId: string
  /** Hex of the 32-byte document id on the relay; `undefined` until the secret has arrived. */
  readonly docId: string | undefined
  readonly connection: ConnectionStatus
  readonly syncStatus: SyncStatus
  /** Why `syncStatus` is `blocked` or `not-found`. */
  readonly reason: string | undefined
  /** All that the relay had is applied, on this connection. */
  readonly synced: boolean
  /** Edits that are not yet both acknowledged by the relay and kept in `storage`, if there is one. */
  readonly unsyncedChanges: number
  /** Nothing was ever stored in this document: it is new, or the secret is wrong. */
  readonly isNew: boolean
  /** Somebody writes with a newer version, in a form that this one cannot read: it is kept, and shows after an upgrade. */
  readonly upgradeNeeded: boolean
}

export interface AdapterEvents {
  /** Something about a document, or with `documentId: undefined` about the connection, is different now. */
  readonly status: AdapterStatus | { readonly documentId: undefined; readonly connection: ConnectionStatus }
  /** An integrity fact about a document. It never stops the document. */
  readonly alarm: Alarm & { readonly documentId: string }
  /** How far a large snapshot of a document has come, up or down, in bytes. */
  readonly progress: Progress & { readonly documentId: string }
  /** `storage` could not be read or written for a document; writing is tried again, reading is not. */
  readonly 'storage-error': { readonly documentId: string; readonly error: Error }
  /** A broadcast was too large to be sent: with names of sender and run it has `bytes`, and may have `limitBytes`. */
  readonly 'broadcast-dropped': {
    readonly documentId: string
    readonly bytes: number
    readonly limitBytes: number
  }
  /** Nothing was ever stored in this document: it is new, or the secret is wrong. */
  readonly new: { readonly documentId: string; readonly docId: string | undefined }
}
