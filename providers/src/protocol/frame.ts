/**
 * Frames: one message between client and relay. The client speaks first, because it knows which versions it can
 * speak and the relay answers with the one it chose; nothing else is understood before. After that every document
 * goes its own way: `open` → `opened`, then what the relay has (`deliver`), while `push` and `ephemeral` go up.
 * A document is named by its id once, in `open`; the relay answers with a channel, a small number that is the same
 * for all connections of that relay process, so that one encoded frame serves every receiver.
 */
import type { Certificate } from './certificate.ts'
import type { Ephemeral, Heads } from './ephemeral.ts'
import { docIdOf, encodeGenesis, type Genesis } from './genesis.ts'
import type { Item } from './item.ts'

/** The only frame version so far. Hello carries ranges so that there can be others. */
export const PROTOCOL_VERSION = 1

/** How far a client has come in one log: everything up to `version` was delivered, acked or declared pruned. */
export interface Cursor {
  /** 16 random bytes made with a document's log; a restored or copied log has another. */
  readonly logId: Uint8Array
  readonly version: number
  /** 16 bytes: the running hash over the ids of all envelopes up to `version`. */
  readonly digest: Uint8Array
}

export type ToRelay =
  | {
      readonly type: 'hello'
      readonly minVersion: number
      readonly maxVersion: number
      readonly token: string
    }
  | {
      readonly type: 'open'
      /** Chosen by the client, echoed by `opened`: what an older opening still has in flight is told apart. */
      readonly attempt: number
      readonly create: boolean
      readonly genesis: Genesis
      readonly certificate: Certificate
      readonly deviceProof: Uint8Array
      readonly readProof: Uint8Array
      readonly cursor: Cursor | undefined
    }
  | { readonly type: 'push'; readonly channel: number; readonly items: readonly Item[] }
  | { readonly type: 'ephemeral'; readonly channel: number; readonly ephemeral: Ephemeral | Heads }
  | { readonly type: 'fetch'; readonly channel: number; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'close'; readonly channel: number }
  | { readonly type: 'ping'; readonly token: number }

/** `none`: plain deliveries. `part`, `last`: pieces of one load; the cursor moves only at its last piece. */
export type LoadPart = 'none' | 'part' | 'last'

export type ToClient =
  | {
      readonly type: 'hello'
      readonly version: number
      /** Ed25519 public key of the relay, 32 bytes. */
      readonly relayKey: Uint8Array
      /** 32 random bytes for this connection's proofs. */
      readonly nonce: Uint8Array
    }
  | {
      readonly type: 'opened'
      readonly docId: Uint8Array
      readonly attempt: number
      readonly channel: number
      readonly connection: number
      readonly logId: Uint8Array
      /** The cursor was not of this log, or there was none: a complete load follows. */
      readonly complete: boolean
      /** Nothing has ever been stored in this document here. */
      readonly isNew: boolean
    }
  | {
      readonly type: 'deliver'
      readonly channel: number
      readonly load: LoadPart
      /** Of a load: its number within the load, from 0, so that a lost one is missed; of anything else 0. */
      readonly piece: number
      readonly after: number
      readonly through: number
      /** The log's digest at `through`. */
      readonly digest: Uint8Array
      /** Nothing newer was committed when this frame was made. */
      readonly caughtUp: boolean
      readonly items: readonly Item[]
    }
  | {
      readonly type: 'ephemeral'
      readonly channel: number
      readonly connection: number
      readonly ephemeral: Ephemeral | Heads
    }
  | {
      readonly type: 'found'
      readonly channel: number
      readonly items: readonly Item[]
      readonly unknown: readonly Uint8Array[]
    }
  | { readonly type: 'closed'; readonly docId: Uint8Array; readonly code: number; readonly reason: string }
  | { readonly type: 'pong'; readonly token: number }
  | {
      readonly type: 'joined'
      readonly channel: number
      readonly connection: number
      readonly certificate: Certificate
    }
  | { readonly type: 'left'; readonly channel: number; readonly connection: number }

/** Which document a channel stands for; `undefined` for a channel that is not open. */
export type DocIdOf = (channel: number) => Uint8Array | undefined

/** The document that an `open` frame names. */
export const openedDocId = (genesis: Genesis): Uint8Array => docIdOf(encodeGenesis(genesis))
