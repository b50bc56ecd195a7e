/**
 * What a relay keeps, and the one promise everything rests on: `commit` is atomic over all its writes and resolves
 * only once they would survive a crash. A store reads no clock and draws no dice; time and random bytes are arguments.
 * Implementations are accepted by `storeSuite` of `sealsync-relay/testing`.
 */
import type { Certificate, CoverEntry, Genesis, SessionName } from 'sealsync/protocol'

export interface StoredSession extends SessionName {
  /** Last position of the chain; −1 for a session that has made a snapshot but no update. */
  readonly seq: number
  /** Id of the update at that position; the chain's start when there is none. */
  readonly head: Uint8Array
  /** A snapshot has listed it as ended: nothing may follow. Kept as long as the log lives. */
  readonly ended: boolean
  readonly certificate: Certificate
}

/** The public part of the snapshot that loads begin with. */
export interface ActiveSnapshot {
  readonly version: number
  readonly id: Uint8Array
  /** Of its canonical bytes, and those of its chunks. */
  readonly size: number
  readonly cover: readonly CoverEntry[]
}

export interface StoredDocument {
  readonly docId: Uint8Array
  readonly genesis: Genesis
  /** 16 random bytes made with the log; a restored or copied log has another. */
  readonly logId: Uint8Array
  /** The last version; 0 for an empty log. */
  readonly version: number
  /** The running digest at that version. */
  readonly digest: Uint8Array
  readonly active: ActiveSnapshot | undefined
  readonly sessions: readonly StoredSession[]
}

/** What one chain loses to a snapshot: everything above `above`, up to and including `through`. */
export interface Covered extends SessionName {
  readonly above: number
  readonly through: number
  readonly ended: boolean
}

/** One step of a commit. Steps apply in order; versions of a document are consecutive from 1. */
export type Write =
  | {
      readonly type: 'create'
      readonly docId: Uint8Array
      readonly genesis: Genesis
      readonly logId: Uint8Array
    }
  /** A session's certificate, ahead of its first envelope. */
  | { readonly type: 'session'; readonly docId: Uint8Array; readonly certificate: Certificate }
  | (NewEnvelope & { readonly type: 'update'; readonly seq: number })
  | (NewEnvelope & {
      readonly type: 'snapshot'
      readonly covers: readonly Covered[]
      /** The snapshot that it replaces, if any. */
      readonly replaces: number | undefined
      /** Ids of its chunks, all of which are there: from now on they live and die with it. */
      readonly chunks: readonly Uint8Array[]
      /** When, for the grace period of what it covers. */
      readonly at: number
    })
  /** A chunk that no snapshot lists yet. It has no version. */
  | {
      readonly type: 'chunk'
      readonly docId: Uint8Array
      readonly id: Uint8Array
      /** The canonical bytes. */
      readonly bytes: Uint8Array
      /** When, for the time that it may wait for its snapshot. */
      readonly at: number
    }

interface NewEnvelope extends SessionName {
  readonly docId: Uint8Array
  readonly version: number
  readonly id: Uint8Array
  /** The running digest at this version. */
  readonly digest: Uint8Array
  /** The canonical bytes, signature included. */
  readonly bytes: Uint8Array
}

/** A stored envelope. */
export interface Entry {
  readonly version: number
  readonly id: Uint8Array
  readonly digest: Uint8Array
  readonly bytes: Uint8Array
}

/** A stretch of a log: the versions above `after`, up to and including `through`. */
export interface Stretch {
  readonly after: number
  readonly through: number
}

export interface Survey {
  /** The digest at `after`; `undefined` when the log has never been there. */
  readonly digest: Uint8Array | undefined
  /** Whether any envelope of the stretch was pruned. */
  readonly pruned: boolean
  /** Bytes of the whole stretch. */
  readonly bytes: number
  /** Bytes of those updates of the stretch that no snapshot up to its end covers. */
  readonly uncoveredBytes: number
}

export interface Page {
  readonly entries: readonly Entry[]
  /** How far this page reaches, and the digest there; the stretch's end when nothing is left. */
  readonly through: number
  readonly digest: Uint8Array
  /** Something of this page was pruned, so it must not be delivered as it is. */
  readonly pruned: boolean
}

/** Where the next page of a load begins. */
export interface LoadPosition extends SessionName {
  readonly seq: number
}

export interface LoadPage {
  /** Uncovered updates ordered by session (in a fixed order), then seq. */
  readonly entries: readonly Entry[]
  readonly next: LoadPosition | undefined
  readonly pruned: boolean
}

export interface FoundPage {
  readonly entries: readonly Entry[]
  /** Canonical bytes of chunks. */
  readonly chunks: readonly Uint8Array[]
  readonly unknown: readonly Uint8Array[]
  /** How many of the ids this page answers, from the first; at least one. */
  readonly answered: number
}

export interface Position extends SessionName {
  readonly seq: number
}

export interface Lookup {
  /** The id at each position asked for, also of pruned envelopes; `undefined` where nothing stands. */
  readonly positions: readonly (Uint8Array | undefined)[]
  /** Whether each id asked for was ever stored, pruned or not. */
  readonly ids: readonly boolean[]
  /** Of each chunk asked for that is there, how many bytes it has. */
  readonly chunks: readonly (number | undefined)[]
  /** How many chunks of the document no snapshot lists yet; counted only when chunks are asked for. */
  readonly looseChunks: number
}

export interface Store {
  /** `undefined` for a document of which nothing was ever stored. */
  loadDocument(docId: Uint8Array): Promise<StoredDocument | undefined>
  /** All writes or none, durable when it resolves. Rejects when they do not fit what is stored. */
  commit(writes: readonly Write[]): Promise<void>
  survey(docId: Uint8Array, stretch: Stretch): Promise<Survey>
  /** Envelopes in version order, at least one when there is any, until about `maxBytes`. */
  read(docId: Uint8Array, stretch: Stretch & { readonly maxBytes: number }): Promise<Page>
  /** The updates of a stretch that no snapshot up to its end covers, from a position of an earlier page on. */
  readLoad(
    docId: Uint8Array,
    stretch: Stretch & { readonly maxBytes: number; readonly from: LoadPosition | undefined },
  ): Promise<LoadPage>
  readByIds(docId: Uint8Array, ids: readonly Uint8Array[], maxBytes: number): Promise<FoundPage>
  lookup(
    docId: Uint8Array,
    wanted: {
      readonly positions: readonly Position[]
      readonly ids: readonly Uint8Array[]
      readonly chunks: readonly Uint8Array[]
    },
  ): Promise<Lookup>
  /**
   * Drops the bytes of what was covered at or before `before`; ids, positions and digests stay. Chunks go with their
   * snapshot, and when none lists them since `looseBefore`. Gives how many envelopes.
   */
  prune(before: number, looseBefore: number): Promise<number>
  /** The 32-byte seed of the relay's key: the given one when there was none. */
  relaySeed(fresh: Uint8Array): Promise<Uint8Array>
  /** Idempotent; everything else rejects afterwards. */
  close(): Promise<void>
}
