/**
 * A document id names its own rules: it is the hash of the genesis, which says who may write, read and administer.
 * Nobody has to ask a server.
 */
import { createReader, createWriter } from '../bytes.ts'
import { hash } from '../crypto.ts'
import { err, ok, type Result } from '../result.ts'

export const VERSION = 1
export const SUITE = 1
export const GENESIS_BYTES = 146

export interface Genesis {
  /** Ed25519 public key of the first admin; 32 zero bytes when nobody can administer the document. */
  readonly adminKey: Uint8Array
  /** Ed25519 public key whose certificates make writers, 32 bytes. */
  readonly writeKey: Uint8Array
  /** Ed25519 public key whose certificates make readers, 32 bytes. */
  readonly readKey: Uint8Array
  /** Keyed hash of the first epoch key, 32 bytes: a wrong key is noticed before anything is opened. */
  readonly keyCommitment: Uint8Array
  /** 16 random bytes, or the room tag: a keyed hash of the app's room name, which the relay cannot guess. */
  readonly tag: Uint8Array
}

/** version 1 ‖ suite 1 ‖ admin 32 ‖ write 32 ‖ read 32 ‖ commitment 32 ‖ tag 16 = 146 bytes. */
export const encodeGenesis = (genesis: Genesis): Uint8Array =>
  createWriter(GENESIS_BYTES)
    .u8(VERSION)
    .u8(SUITE)
    .bytes(genesis.adminKey)
    .bytes(genesis.writeKey)
    .bytes(genesis.readKey)
    .bytes(genesis.keyCommitment)
    .bytes(genesis.tag)
    .done()

export const decodeGenesis = (bytes: Uint8Array): Result<Genesis> => {
  const reader = createReader(bytes)
  const version = reader.u8()
  const suite = reader.u8()
  const genesis: Genesis = {
    adminKey: reader.bytes(32),
    writeKey: reader.bytes(32),
    readKey: reader.bytes(32),
    keyCommitment: reader.bytes(32),
    tag: reader.bytes(16),
  }
  if (!reader.finished()) return err('genesis: wrong length')
  if (version !== VERSION || suite !== SUITE) return err('genesis: unknown version or suite')
  return ok(genesis)
}

/** The 32-byte document id of encoded genesis bytes. */
export const docIdOf = (genesisBytes: Uint8Array): Uint8Array => hash('doc-id', genesisBytes)
