/** The epoch keys of one document by key id. Ids are computed here, never taken from anywhere. */
import { equalBytes } from '../bytes.ts'
import { derive } from '../crypto.ts'
import { SUITE } from '../protocol/genesis.ts'

interface Epoch {
  /** 16 bytes: the keyed hash of document and suite, which envelopes name. */
  readonly keyId: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

export interface Keyring {
  /** The newest epoch: what to seal under. Throws once its key was wiped. */
  current(): Epoch
  /** `undefined` for a key that is not here, or not any more. */
  find(keyId: Uint8Array): Epoch | undefined
}

/** True for a key that was overwritten: sealing under it would publish what it seals. */
export const isWiped = (key: Uint8Array): boolean => key.every((byte) => byte === 0)

/** The 16-byte id under which envelopes of `docId` name an epoch key. */
export const keyIdOf = (key: Uint8Array, docId: Uint8Array): Uint8Array =>
  derive('key-id', key, 16, docId, Uint8Array.of(SUITE))

/** A keyring over a document's epoch keys, oldest first. It keeps the arrays it is given: wiping them empties it. */
export const createKeyring = (docId: Uint8Array, keys: readonly Uint8Array[]): Keyring => {
  const newestFirst = keys.map((key): Epoch => ({ keyId: keyIdOf(key, docId), key })).reverse()
  return {
    current: () => {
      const newest = newestFirst[0]
      if (newest !== undefined && !isWiped(newest.key)) return newest
      throw new Error('the keys of this document were wiped: open it again')
    },
    find: (keyId) => newestFirst.find((epoch) => equalBytes(epoch.keyId, keyId) && !isWiped(epoch.key)),
  }
}
