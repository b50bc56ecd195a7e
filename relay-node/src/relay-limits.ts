/** What one relay allows, beyond the bounds of the protocol. Everything that may grow has a number here. */
import { LIMITS } from 'sealsync/protocol'

export interface RelayLimits {
  /** Bytes of a frame before the first document was opened. */
  readonly greetingBytes: number
  /** Bytes of any later frame. */
  readonly frameBytes: number
  /** Documents open at once on one connection. */
  readonly documents: number
  /** Open sessions of one document; one more is answered `snapshot-needed`. */
  readonly openSessions: number
  /** A deliver frame grows to about this size; one larger envelope travels alone. */
  readonly deliverBytes: number
  /** A peer with more unsent bytes than this gets nothing until it has caught up. */
  readonly laggingBytes: number
  /** A peer with more unsent bytes than this is dropped: it makes us answer and never reads. */
  readonly stuckBytes: number
  /** Pushed bytes of one connection that wait for a commit; beyond, its socket is not read. */
  readonly waitingBytes: number
  /** Acks and refusals that may wait for one lagging subscriber. */
  readonly waitingAnswers: number
  /** Ids that may wait to be fetched by one subscriber. */
  readonly waitingFetches: number
  /** Envelopes in one commit. */
  readonly batch: number
  /** Chunks of one document that wait for their snapshot; one more is answered `unavailable`. */
  readonly looseChunks: number
  /** How long a chunk waits for its snapshot. */
  readonly looseChunkMs: number
  /** How long what a snapshot replaced can still be fetched. */
  readonly graceMs: number
  /** What `unavailable` asks a client to wait. */
  readonly retryAfterMs: number
}

const MiB = 1024 * 1024

/** The limits of a relay that was not told otherwise. */
export const RELAY_LIMITS: RelayLimits = {
  greetingBytes: LIMITS.greetingBytes,
  frameBytes: LIMITS.frameBytes,
  documents: LIMITS.documents,
  openSessions: LIMITS.openSessions,
  deliverBytes: 256 * 1024,
  laggingBytes: MiB,
  // Above the largest single frame, or a big snapshot alone would drop its receiver.
  stuckBytes: LIMITS.frameBytes + 16 * MiB,
  waitingBytes: 8 * MiB,
  waitingAnswers: 10_000,
  waitingFetches: 4 * LIMITS.fetch,
  batch: 1000,
  // Of two makers at once.
  looseChunks: 2 * LIMITS.chunks,
  looseChunkMs: 24 * 60 * 60 * 1000,
  graceMs: 7 * 24 * 60 * 60 * 1000,
  retryAfterMs: 1000,
}
