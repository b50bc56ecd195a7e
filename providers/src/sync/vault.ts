/**
 * All that a session knows of keys: something that seals, opens and vouches. keys/vault.ts makes a real one.
 */
import type {
  Certificate,
  Chunk,
  ChunkHeader,
  Ephemeral,
  Genesis,
  Heads,
  HeadsHeader,
  Result,
  Role,
  Sealed,
  Snapshot,
  SnapshotHeader,
  Update,
  UpdateHeader,
} from '../protocol/index.ts'

/** What the vault fills in by itself. */
type Own = 'docId' | 'keyId' | 'author' | 'nonce'

export interface Vault {
  readonly docId: Uint8Array
  readonly genesis: Genesis
  /** This device's public key, 32 bytes. */
  readonly author: Uint8Array
  readonly role: Role
  /** A certificate for a new session of this device, signed by the key that its role needs. */
  certify(session: Uint8Array): Certificate
  /** Both proofs of an `open` frame, 64 bytes each. */
  prove(
    relayKey: Uint8Array,
    nonce: Uint8Array,
    certificate: Certificate,
  ): { readonly deviceProof: Uint8Array; readonly readProof: Uint8Array }
  /** Seals under the newest epoch key and signs. */
  sealUpdate(fields: Omit<UpdateHeader, Own>, inner: Uint8Array): Update
  sealSnapshot(fields: Omit<SnapshotHeader, Own>, inner: Uint8Array): Snapshot
  sealEphemeral(padded: boolean, inner: Uint8Array): Ephemeral
  /** Not signed: the snapshot that lists its id is. */
  sealChunk(fields: Omit<ChunkHeader, Own>, inner: Uint8Array): Chunk
  sealHeads(fields: Omit<HeadsHeader, Own>, inner: Uint8Array): Heads
  /** `unknown-key`: hold it, the key may come. `damaged`: commitment or AEAD do not fit, for good. */
  open(envelope: Sealed): Result<Uint8Array, 'unknown-key' | 'damaged'>
  /** A keyed hash of a document in its canonical form, 32 bytes: equal for all who have the key and the same document. */
  stateDigest(canonical: Uint8Array): Uint8Array
  /** Seals bytes that only this device's own storage will see; bound to `context`, an ASCII name. */
  sealLocal(context: string, plaintext: Uint8Array): Uint8Array
  openLocal(context: string, sealed: Uint8Array): Uint8Array | undefined
}
