/** What the rooms of one session share: its dependencies, its state, and the effects of the step at hand. */
import type { Certificate, CoverEntry, Cursor, ToRelay, Update, Verify } from '../protocol/index.ts'
import type { Raise } from './alarms.ts'
import type { Chains } from './chains.ts'
import type { Claim } from './content.ts'
import type { Codec, Effect, PauseDirections, Received, SnapshotPolicy, StorageChange } from './effects.ts'
import type { Inflate } from './opening.ts'
import type { Outbox } from './outbox.ts'
import type { Vault } from './vault.ts'

export interface SessionOptions {
  /** Make the document if the relay does not have it; otherwise it answers not-found. */
  readonly create: boolean
  /** How long edits gather while an earlier one waits for its ack, ms. */
  readonly flushMs: number
  /** Tell others sooner what has arrived, and alarm when it does not. */
  readonly receipts: boolean
  /** `false`: only when one is asked for or needed. `'never'`: not even then. */
  readonly snapshot: SnapshotPolicy | false | 'never'
  /** When a snapshot travels in chunks, and how large they are; tests make both small. */
  readonly chunks?: { readonly aboveBytes: number; readonly pieceBytes: number }
  readonly compress: boolean
  readonly pad: boolean
  /** Whether there is a storage at all. */
  readonly keep: boolean
  /** How many edits become one envelope. Default: 100. */
  readonly mergeEdits?: number
}

export interface SessionDeps {
  readonly vault: Vault
  readonly codec: Codec
  readonly verify: Verify
  readonly random: (length: number) => Uint8Array
  /** A number in [0, 1). */
  readonly dice: () => number
  readonly inflate: Inflate
  /** Raw DEFLATE. */
  readonly deflate: (bytes: Uint8Array) => Uint8Array
  readonly options: SessionOptions
}

/** Where this document stands with the relay. */
type Phase =
  /** No greeted socket. */
  | { readonly type: 'detached' }
  /** `open` was sent; everything else that still arrives belongs to an earlier opening. */
  | { readonly type: 'opening'; readonly attempt: number }
  /** A complete load is under way; nothing of ours may be sent yet. */
  | { readonly type: 'loading'; readonly channel: number }
  | { readonly type: 'live'; readonly channel: number }
  /** The relay closed the document. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }

export interface ActiveSnapshot {
  readonly id: Uint8Array
  readonly parents: readonly Uint8Array[]
  readonly entries: readonly CoverEntry[]
  /** Covered position by chain key. */
  readonly cover: ReadonlyMap<string, number>
}

export interface State {
  now: number
  phase: Phase
  relay: { readonly relayKey: Uint8Array; readonly nonce: Uint8Array } | undefined
  /** The log that the last `opened` named. */
  logId: Uint8Array
  cursor: Cursor | undefined
  caughtUp: boolean
  /** Until storage was read once more, the cursor of the new log is not written. */
  isRereading: boolean
  isNew: boolean
  /** Something of this document is or was here, from whatever source. */
  holdsContent: boolean
  paused: Required<PauseDirections>
  /** Our chain: its certificate, the next position, and the id before it. */
  certificate: Certificate
  nextSeq: number
  head: Uint8Array
  active: ActiveSnapshot | undefined
  /** Chunks of the active snapshot are still to come; all that it covers is here without it. */
  isOnItsWay: boolean
  /** What lies on top of the active snapshot. */
  since: { updates: number; bytes: number }
  /** A refusal that sealing again cannot cure. */
  blocked: string | undefined
  needsKey: boolean
  /** Something is written in an encoding of a newer version: no snapshot of ours may cover it. */
  upgradeNeeded: boolean
  /** When something of ours was last sent. */
  pushedAt: number
  flushAt: number | undefined
  retryAt: number | undefined
  reopenAt: number | undefined
}

export interface Core extends SessionDeps {
  readonly state: State
  readonly outbox: Outbox
  readonly chains: Chains
  /** Who wrote under which CRDT author id, by the id in hex: the first to claim one keeps it. */
  readonly claims: Map<string, Claim>
  emit(effect: Effect): void
  transmit(frame: ToRelay): void
  /** Whether content in this encoding can be read here, now or as what it is: content of another CRDT. */
  reads(encoding: number): boolean
  /** Hands to the CRDT what it can read; see the effect. */
  apply(batch: readonly Received[], known: boolean): void
  /** To be written with everything else of this step in one transaction. */
  keep(change: StorageChange): void
  /** Whether what is applied must be remembered as known to the relay, because a comparison is due. */
  isTracking(): boolean
  /** Those of the updates that open, without a look at chains: content from storage. */
  openAll(updates: readonly Update[]): readonly Received[]
  readonly alarm: Raise
}

/** The channel on which updates may be pushed now, if any. */
export const pushChannel = ({ state }: Core): number | undefined =>
  state.phase.type === 'live' &&
  state.blocked === undefined &&
  !state.paused.send &&
  state.retryAt === undefined
    ? state.phase.channel
    : undefined
