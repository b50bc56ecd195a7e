/** Every bound on what the network may send. Sizes in bytes. Tested at n and n + 1. */
export const LIMITS = {
  /** A whole frame, either way. */
  frameBytes: 17 * 1024 * 1024,
  /** A frame on a connection that has not opened a document yet. */
  greetingBytes: 64 * 1024,
  /** Ciphertext of one update. */
  updateBytes: 4 * 1024 * 1024,
  /** Ciphertext of one snapshot that is not chunked. */
  snapshotBytes: 16 * 1024 * 1024,
  /** Ciphertext of one chunk. */
  chunkBytes: 64 * 1024,
  /** Ciphertext of one ephemeral. */
  ephemeralBytes: 64 * 1024,
  /** Ciphertext of one heads message: 4,096 sessions and the fixed part. */
  headsBytes: 384 * 1024,
  /** Body of one membership record. */
  recordBytes: 1024 * 1024,
  /** Heads of other chains that one update may name. */
  deps: 32,
  /** Snapshots that one snapshot may name as parents. */
  parents: 4,
  /** Sessions that may be open in one document; also the longest cover. */
  openSessions: 4096,
  /** Chunks of one snapshot. */
  chunks: 4096,
  /** Envelopes in one packed segment. */
  segment: 65_535,
  /** Items in one frame. */
  items: 65_535,
  /** Ids asked for in one fetch. */
  fetch: 256,
  /** An access token, UTF-8. */
  tokenBytes: 8192,
  /** A reason for humans, UTF-8. */
  reasonBytes: 512,
  /** Documents open at once on one connection. */
  documents: 1024,
  /** Envelopes of one author that wait for a missing predecessor or key, and their bytes. */
  heldEnvelopes: 1000,
  heldBytes: 4 * 1024 * 1024,
} as const
