import { hash } from '../crypto.ts'

/** The digest of an empty log, 16 zero bytes. */
export const EMPTY_DIGEST: Uint8Array = new Uint8Array(16)

/**
 * The running digest of a log after one more envelope, 16 bytes. A cursor carries it, so that a relay that was set
 * back and has grown again is noticed even when the same envelope happens to stand at the same version.
 */
export const nextDigest = (digest: Uint8Array, id: Uint8Array): Uint8Array =>
  hash('log-digest', digest, id).slice(0, 16)
