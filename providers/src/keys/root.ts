/**
 * All keys of a document from a shared secret and the room's name. Each comes from one root under a label of its
 * own, so that handing out one tells nothing of the others. Nobody administers such a document: no admin key.
 */
import { utf8 } from '../bytes.ts'
import { derive, hash, signingKey, wipe } from '../crypto.ts'
import { docIdOf, encodeGenesis, type Genesis } from '../protocol/genesis.ts'

export interface DocumentKeys {
  readonly genesis: Genesis
  /** 32 bytes: the hash of the genesis. Another secret or room is simply another document. */
  readonly docId: Uint8Array
  /** Ed25519 seed, 32 bytes: its key makes writers. */
  readonly writeSeed: Uint8Array
  /** Ed25519 seed, 32 bytes: its key makes readers, and signs the proof that fetching needs. */
  readonly readSeed: Uint8Array
  /** The first epoch key, 32 bytes: opens and seals content. */
  readonly epochKey: Uint8Array
  /** 32 bytes: seals what only this device's own storage sees. */
  readonly storageKey: Uint8Array
}

const publicKeyOf = (seed: Uint8Array): Uint8Array => {
  const key = signingKey(seed)
  key.wipe()
  return key.publicKey
}

/**
 * root = keyed BLAKE2b(key = H(secret), room in UTF-8 after Unicode NFC), and every key from the root.
 * `secret` has ≥ 32 bytes and is left as it is; wipe it when no other document needs it.
 */
export const documentKeys = (secret: Uint8Array, room: string): DocumentKeys => {
  const rootKey = hash('root-key', secret)
  const root = derive('root', rootKey, 32, utf8(room.normalize('NFC')))
  const writeSeed = derive('write-seed', root, 32)
  const readSeed = derive('read-seed', root, 32)
  const epochKey = derive('epoch-key', root, 32)
  const genesis: Genesis = {
    adminKey: new Uint8Array(32),
    writeKey: publicKeyOf(writeSeed),
    readKey: publicKeyOf(readSeed),
    keyCommitment: derive('key-commit', epochKey, 32),
    tag: derive('room-tag', root, 16),
  }
  const storageKey = derive('storage-key', root, 32)
  wipe(rootKey)
  wipe(root)
  return { genesis, docId: docIdOf(encodeGenesis(genesis)), writeSeed, readSeed, epochKey, storageKey }
}

/** Overwrites every secret half; best effort, the engine may have copies. */
export const wipeKeys = (keys: DocumentKeys): void => {
  for (const secret of [keys.writeSeed, keys.readSeed, keys.epochKey, keys.storageKey]) wipe(secret)
}
