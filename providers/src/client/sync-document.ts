/** What the app, or a CRDT binding, holds of one open document. */
import type { SessionName } from '../protocol/item.ts'
import type { Content } from '../sync/content.ts'
import type { Alarm, PauseDirections, Progress, Received, Rejection, SessionStatus } from '../sync/effects.ts'
import type { Receipt } from '../sync/receipts.ts'

/** Of the socket that this document shares: `connecting` while an attempt is under way. */
export type ConnectionStatus = 'connecting' | 'connected' | 'disconnected'

export interface DocumentStatus extends SessionStatus {
  readonly connection: ConnectionStatus
}

export interface DocumentEvents {
  /** Whatever `status()` shows has changed. */
  readonly status: DocumentStatus
  /** What another session shows; `payload` is `undefined` when it is gone. */
  readonly presence: { readonly from: SessionName; readonly payload: Uint8Array | undefined }
  /** What another session has broadcast, each once and in its order. */
  readonly broadcast: { readonly from: SessionName; readonly payload: Uint8Array }
  /** Who has got how much of what this session has written, whenever that changes; see the option `receipts`. */
  readonly receipt: readonly Receipt[]
  /** An integrity fact to show or log. */
  readonly alarm: Alarm
  /** Nothing was ever stored in this document on this relay: it is new, or secret or room are wrong. */
  readonly new: undefined
  /** All that the relay had when asked is applied. */
  readonly 'caught-up': undefined
  /** How far a large snapshot has come, up or down, in bytes. */
  readonly progress: Progress
  /** The relay closed this document or the whole connection; codes 4400–4499 are for good. */
  readonly closed: { readonly code: number; readonly reason: string }
  /** Storage could not be read or written; writing is tried again, reading is not. */
  readonly 'storage-error': Error
  /** Bytes on the wire that concern this document, for developer tools. Not to be changed. */
  readonly frame: { readonly direction: 'sent' | 'received'; readonly bytes: Uint8Array }
}

/** One open document. All methods may be called at once, before anything is loaded; after `close` they do nothing. */
export interface SyncDocument {
  /** An edit that the CRDT has already applied. Counted in `status().pending` when this returns. */
  push(content: Content): void
  /** From now on the app edits under this CRDT author id as well. */
  claim(claim: Uint8Array): void
  /**
   * The CRDT did not apply this after all, or not all of it. Without a reason it could not read it; raises
   * `quarantined`, or `clientid-conflict` for a conflict.
   */
  reject(received: Received, reason?: Rejection): void
  /** What others should see of this session; `undefined` withdraws it. */
  presence(payload: Uint8Array | undefined): void
  /**
   * An event for the sessions that are connected now: each gets it at most once, and those of one sender in order. It is
   * never stored and never sent again; without a connection it is dropped. Throws a `RangeError` above 62,947 bytes.
   */
  broadcast(payload: Uint8Array): void
  /** Makes a snapshot as soon as one can be made; false when it turned out not to be needed. */
  snapshot(): Promise<boolean>
  /** Seals and sends what has gathered, now. */
  flush(): void
  /** Resolves once every edit is both acknowledged by the relay and kept in storage, if there is one. */
  saved(): Promise<void>
  pause(directions: PauseDirections): void
  resume(directions?: PauseDirections): void
  /**
   * Takes this document off the connection, which the client's other documents keep: it goes on offline. What has
   * gathered is sent first.
   */
  detach(): void
  /** Puts it back. */
  attach(): void
  /**
   * What the other connected sessions have of what this one has written, as they told; empty without the option
   * `receipts`. The same array until something changes.
   */
  receipts(): readonly Receipt[]
  /** The same object until something changes. */
  status(): DocumentStatus
  /**
   * The device key (32 bytes) and the session (8 bytes) under which this document is written now; `undefined` until
   * storage is read. A relay can end a session: another one of the same device follows.
   */
  self(): SessionName | undefined
  readonly connection: ConnectionStatus
  /** Returns how to stop listening. */
  on<Name extends keyof DocumentEvents>(
    name: Name,
    listener: (event: DocumentEvents[Name]) => void,
  ): () => void
  /** Sends what has gathered, leaves the relay, and finishes writing to storage. Idempotent. */
  close(): void
  /** Hex of the document id; `undefined` until the secret has arrived. */
  docId(): string | undefined
}
