/**
 * One document on one connection: how far it was served, and what waits for it. Deliveries, acks and refusals leave
 * through one ordered queue. While `live`, `at` is always the log's version and every commit goes out at once; else
 * the connection's worker reads what is missing from the store (catch-up.ts).
 */
import type { Certificate, Item } from 'sealsync/protocol'
import type { Document } from './document.ts'
import type { LoadPosition } from './store/store.ts'

/** What a subscriber needs of its connection. */
export interface Link {
  /** Names the connection in ephemerals and notices. */
  readonly number: number
  send(frame: Uint8Array): void
  /** True while the peer has more unsent bytes than it should. */
  isLagging(): boolean
  /** The subscriber has something to be read for it. */
  wake(subscriber: Subscriber): void
  /** Bytes that were pushed on it are decided. */
  settled(bytes: number): void
  /** Drops the connection. */
  fail(code: number, reason: string): void
}

export interface Subscriber {
  readonly link: Link
  readonly document: Document
  /** Of the device whose key the connection has proven for this document. */
  readonly certificate: Certificate
  /** Writers' certificates that were shown on this connection, by session. */
  readonly shown: Map<string, Certificate>
  isGone: boolean
  live: boolean
  /** Everything up to this version was delivered, acked or declared pruned. */
  at: number
  digest: Uint8Array
  backlog: Backlog
  /** Frames sent of the load under way. */
  pieces: number
  /** False until its first frame, which brings the certificates of all open sessions. */
  isGreeted: boolean
  /** Sessions whose certificates went out since it was last live. */
  readonly introduced: Set<string>
  /** Answers that wait until their version is reached. */
  readonly answers: Answer[]
  /** Versions that it pushed itself while not live: they come back as acks. */
  readonly own: Set<number>
  readonly fetches: Uint8Array[]
}

interface Answer {
  /** The last committed version when it was decided. */
  readonly version: number
  readonly item: Item
}

/** How the missing part is read. */
export type Backlog =
  | { readonly type: 'undecided' }
  | { readonly type: 'delta' }
  | {
      readonly type: 'load'
      readonly after: number
      readonly through: number
      readonly digest: Uint8Array
      readonly next: NextOfLoad
    }

/** A load is the active snapshot, when the receiver lacks it, then the updates that it does not cover. */
type NextOfLoad =
  | { readonly type: 'snapshot'; readonly version: number }
  | { readonly type: 'updates'; readonly from: LoadPosition | undefined }

export const createSubscriber = (
  fields: Pick<Subscriber, 'link' | 'document' | 'certificate' | 'at' | 'digest' | 'backlog'>,
): Subscriber => ({
  ...fields,
  shown: new Map(),
  isGone: false,
  live: false,
  pieces: 0,
  isGreeted: false,
  introduced: new Set(),
  answers: [],
  own: new Set(),
  fetches: [],
})
