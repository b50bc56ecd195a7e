/**
 * The seam between the session, which decides, and its driver, which acts. `session.step(input, now)` returns the
 * effects in the order in which they are to be performed. Nothing here waits, reads a clock or throws dice.
 */
import type { SessionName, ToClient, ToRelay } from '../protocol/index.ts'
import type { Claim, Content } from './content.ts'
import type { Receipt } from './receipts.ts'

export type SyncStatus =
  | 'loading'
  | 'saving'
  | 'saved'
  | 'offline'
  | 'paused'
  | 'readonly'
  | 'needs-key'
  | 'not-found'
  | 'blocked'

export type AlarmKind =
  | 'rollback'
  | 'fork'
  | 'withheld'
  | 'equivocation'
  | 'forged'
  | 'snapshot-dropped'
  | 'diverged'
  | 'quarantined'
  | 'clientid-conflict'
  | 'past-cutoff'
  | 'excluded'
  | 'rate-limited'
  | 'revoked'

/** An integrity fact that the app should show or log. It never stops the document. */
export interface Alarm {
  readonly kind: AlarmKind
  /** Hex of the 32-byte document id. */
  readonly docId: string
  /** Hex of the device key that is concerned. */
  readonly author?: string
  /** Hex of the envelope id that is concerned. */
  readonly envelopeId?: string
  readonly message: string
}

/** One verified, opened piece of the document, for the CRDT. */
export interface Received extends Content, SessionName {
  readonly kind: 'update' | 'snapshot'
  readonly envelopeId: Uint8Array
  readonly claims: readonly Claim[]
}

/** How much of a large snapshot has gone up or come down; `done` reaches `total` unless it is given up. */
export interface Progress {
  readonly direction: 'up' | 'down'
  /** Bytes. */
  readonly done: number
  readonly total: number
}

export interface StorageChange {
  readonly key: string
  readonly value: Uint8Array | undefined
}

export interface PauseDirections {
  readonly send?: boolean
  readonly receive?: boolean
}

/** Why the CRDT did not apply something. */
export type Rejection =
  /** It cannot make sense of it. */
  | { readonly type: 'unreadable' }
  /**
   * It gives other content to a place that has content already; what is there stays. `other`: the envelope that brought
   * that, 32 bytes, if it is still known.
   */
  | { readonly type: 'conflict'; readonly other: Uint8Array | undefined }
  /** It is part of the document, which since then could not be loaded again if it were saved as a whole. */
  | { readonly type: 'spoiling' }

export type Input =
  /**
   * What storage holds under this document; given once, before everything else (an empty map without storage).
   * `holdsContent`: the CRDT document was not empty before.
   */
  | {
      readonly type: 'restored'
      readonly entries: ReadonlyMap<string, Uint8Array>
      readonly holdsContent: boolean
    }
  /** Answer to `reread`: what storage holds now. */
  | { readonly type: 'reread'; readonly entries: ReadonlyMap<string, Uint8Array> }
  /** The socket is up and greeted. */
  | { readonly type: 'connected'; readonly relayKey: Uint8Array; readonly nonce: Uint8Array }
  | { readonly type: 'disconnected' }
  /** A frame about this document; the link routes by channel. */
  | { readonly type: 'received'; readonly frame: Exclude<ToClient, { type: 'hello' | 'pong' }> }
  /** The app changed the document. */
  | { readonly type: 'edited'; readonly content: Content }
  /** From now on the app edits under this CRDT author id as well. */
  | { readonly type: 'claimed'; readonly claim: Uint8Array }
  /** What others should see of this session; `undefined` withdraws it. */
  | { readonly type: 'presented'; readonly payload: Uint8Array | undefined }
  /** Something for those who are there now, and only for them; dropped when there is no connection. */
  | { readonly type: 'broadcast'; readonly payload: Uint8Array }
  /**
   * Answer to `capture`: the whole state, or `undefined` when it is not whole (missing dependencies). `canonical`: of
   * this very state, see `digested`.
   */
  | {
      readonly type: 'captured'
      readonly question: number
      readonly content: Content | undefined
      readonly canonical?: Uint8Array | undefined
    }
  /** Answer to `compare`: what the document holds and the relay lacks. */
  | { readonly type: 'compared'; readonly question: number; readonly contents: readonly Content[] }
  /** Answer to `apply`: which of the batch the CRDT could not read, by position. */
  | { readonly type: 'applied'; readonly batch: readonly Received[]; readonly unreadable: readonly number[] }
  /** Something that seemed to be applied was not after all, or not all of it. */
  | { readonly type: 'rejected'; readonly received: Received; readonly reason: Rejection }
  /** Answer to `audit`: what the document holds beyond what is known, in pieces that fit into an update each. */
  | { readonly type: 'audited'; readonly question: number; readonly missing: readonly Content[] }
  /** Answer to `digest`: the whole document in one form, whatever way it came about; `undefined`: it has none now. */
  | { readonly type: 'digested'; readonly question: number; readonly canonical: Uint8Array | undefined }
  | { readonly type: 'persisted'; readonly ticket: number }
  | { readonly type: 'not-persisted'; readonly ticket: number }
  /** Outbox entries of a session whose lock we now hold: of a closed tab, or of an earlier run. */
  | { readonly type: 'adopted'; readonly entries: ReadonlyMap<string, Uint8Array> }
  /** Seal what has gathered, now. */
  | { readonly type: 'flush' }
  /** Make a snapshot as soon as it can be made. */
  | { readonly type: 'snapshot' }
  | { readonly type: 'pause'; readonly directions: PauseDirections }
  /** Without directions: both. */
  | { readonly type: 'resume'; readonly directions?: PauseDirections | undefined }
  /** The time that `wakeAt` named has come. */
  | { readonly type: 'woke' }

export type Effect =
  | { readonly type: 'transmit'; readonly frame: ToRelay }
  /**
   * Apply all of it in one CRDT transaction, then step with `applied`.
   * `known`: the relay that we now talk to holds it; only this counts for `track` and `compare`.
   */
  | { readonly type: 'apply'; readonly batch: readonly Received[]; readonly known: boolean }
  /** Load the whole document from storage once more, then step with `reread`: another tab may have written there. */
  | { readonly type: 'reread' }
  /** From here on remember what is applied as `known`, forgetting what was remembered before; see `compare`. */
  | { readonly type: 'track' }
  /**
   * What does the document hold beyond what was applied as known since `track`, and beyond `pending`, which is on its
   * way? Step with `compared` and this number, before any edit that the answer leaves out.
   */
  | { readonly type: 'compare'; readonly question: number; readonly pending: readonly Content[] }
  /**
   * Encode the whole state, all that was applied so far included, then step with `captured` and this number. What is
   * edited or applied until then may be part of it, and stays in the outbox or on top of the snapshot all the same.
   * `evenIncomplete`: also while something it depends on is missing; what waits for that is part of the state then.
   */
  | { readonly type: 'capture'; readonly question: number; readonly evenIncomplete: boolean }
  /**
   * What does the document hold beyond `known`? Step with `audited` and this number. A CRDT that cannot tell answers with
   * nothing; an answer that comes later leaves out what was edited or applied after the question.
   */
  | { readonly type: 'audit'; readonly question: number; readonly known: readonly Content[] }
  /** Give the whole document in its canonical form, as it is now: step with `digested` and this number. */
  | { readonly type: 'digest'; readonly question: number }
  /** The relay holds this edit of ours now. */
  | { readonly type: 'acknowledged'; readonly content: Content }
  /** Write all changes in one transaction, in the order of tickets; then step with `persisted`. */
  | { readonly type: 'persist'; readonly ticket: number; readonly changes: readonly StorageChange[] }
  /** What another session shows; `undefined`: it is gone. */
  | { readonly type: 'presence'; readonly from: SessionName; readonly payload: Uint8Array | undefined }
  /** Who has got how much of what this session has written; see the option `receipts`. */
  | { readonly type: 'receipts'; readonly receipts: readonly Receipt[] }
  /** What another session has broadcast: each at most once, in its order. */
  | { readonly type: 'broadcast'; readonly from: SessionName; readonly payload: Uint8Array }
  | { readonly type: 'alarm'; readonly alarm: Alarm }
  /** Nothing was ever stored in this document here: new, or a wrong secret or room. */
  | { readonly type: 'new' }
  /** Everything that the relay had when asked is applied. */
  | { readonly type: 'caught-up' }
  /** A snapshot of ours was accepted, or (`taken: false`) turned out not to be needed. */
  | { readonly type: 'snapshot-made'; readonly taken: boolean }
  /** How far a snapshot has come that travels in chunks, in bytes of its packed state. */
  | { readonly type: 'progress'; readonly progress: Progress }
  /** The relay closed this document; the band of the code says whether another try can help. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }

/** What the app is shown; identity-stable while nothing changes. */
export interface SessionStatus {
  readonly sync: SyncStatus
  /** Edits that are not yet both acknowledged by the relay and kept in storage. Never too low. */
  readonly pending: number
  /** Everything that the relay had is applied, on this connection. */
  readonly synced: boolean
  readonly isNew: boolean
  /**
   * Somebody writes with a newer version of the app or of sealsync, in a form that this one cannot read. It is kept,
   * sending goes on, and no snapshot is made here; what they wrote shows after an upgrade.
   */
  readonly upgradeNeeded: boolean
  /** Why `sync` is `blocked` or `not-found`. */
  readonly reason: string | undefined
}

/** What the session needs of the CRDT besides effects: a pure function over encoded edits. */
export interface Codec {
  /** The encodings that `apply` can read. What comes in another is kept for a newer version, and never snapshotted over. */
  readonly encodings: readonly number[]
  /** Several edits, in order, as one. */
  merge(edits: readonly Content[]): Content
}

export interface SnapshotPolicy {
  /** Make one after this many updates on top of the last. */
  readonly afterUpdates: number
  /** Or after this many bytes of ciphertext on top of it. */
  readonly afterBytes: number
  /** Clients wait a random part of this, ms, so that not all make one. */
  readonly idleMs: number
}
