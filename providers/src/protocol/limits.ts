/** Every bound on what the network may send. Sizes in bytes. Tested at n and n + 1. */
export const LIMITS = {
  /** A whole frame, either way: 17 MiB. */
  frameBytes: 17_825_792,
  /** A frame on a connection that has not opened a document yet: 64 KiB. */
  greetingBytes: 65_536,
  /** Ciphertext of one update: 4 MiB. */
  updateBytes: 4_194_304,
  /** Ciphertext of one snapshot that is not chunked: 16 MiB. */
  snapshotBytes: 16_777_216,
  /** Ciphertext of one chunk: 64 KiB. */
  chunkBytes: 65_536,
  /** Ciphertext of one ephemeral: 64 KiB. */
  ephemeralBytes: 65_536,
  /** Ciphertext of one heads message: 4,096 sessions and the fixed part, 384 KiB. */
  headsBytes: 393_216,
  /** Body of one membership record: 1 MiB. */
  recordBytes: 1_048_576,
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
  /** Envelopes of one author that wait for a missing predecessor or key, and their bytes (4 MiB). */
  heldEnvelopes: 1000,
  heldBytes: 4_194_304,
} as const
