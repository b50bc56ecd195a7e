/** From a secret and a room to a vault, with what storage knows of the document. */
import { toHex } from '../bytes.ts'
import { cryptoReady, randomBytes, wipe } from '../crypto.ts'
import { type Identity, seedOf } from '../keys/identity.ts'
import { documentKeys } from '../keys/root.ts'
import { createVault, type KeyVault } from '../keys/vault.ts'
import type { Storage } from './storage.ts'

const DEVICE_KEY = 'device'
const SEED_BYTES = 32

export interface Started {
  readonly vault: KeyVault
  /** Hex. */
  readonly docId: string
  /** `undefined`: nothing is kept in this run. */
  readonly storage: Storage | undefined
  readonly entries: ReadonlyMap<string, Uint8Array>
}

export const start = async (options: {
  /** Overwritten when done. */
  readonly secret: Uint8Array
  readonly room: string
  readonly identity: Identity | undefined
  readonly storage: Storage | undefined
  readonly onStorageError: (error: unknown) => void
}): Promise<Started> => {
  const { secret, room, identity, onStorageError } = options
  await cryptoReady
  const makeVault = (deviceSeed: Uint8Array): KeyVault =>
    createVault({ keys: documentKeys(secret, room), deviceSeed, role: 'writer' })

  // The seed of an identity belongs to the app; a fresh one is ours, and no two documents show the same device.
  const fresh = randomBytes(SEED_BYTES)
  let vault = makeVault(identity === undefined ? fresh : seedOf(identity))
  const docId = toHex(vault.docId)
  let { storage } = options
  let entries: ReadonlyMap<string, Uint8Array> = new Map()
  if (storage !== undefined) {
    try {
      entries = await storage.load(docId)
    } catch (error) {
      // Not written to either: what is in there must not be mixed with what was made without knowing it.
      storage = undefined
      onStorageError(error)
    }
  }
  if (storage !== undefined && identity === undefined) {
    const sealed = entries.get(DEVICE_KEY)
    const seed = sealed === undefined ? undefined : vault.openLocal(DEVICE_KEY, sealed)
    if (seed?.length === SEED_BYTES) {
      vault.wipe()
      vault = makeVault(seed)
      wipe(seed)
    } else {
      // Stored before its first use, so that this device is known again after a crash.
      await storage
        .write(docId, [{ key: DEVICE_KEY, value: vault.sealLocal(DEVICE_KEY, fresh) }])
        .catch(onStorageError)
    }
  }
  wipe(secret)
  wipe(fresh)
  return { vault, docId, storage, entries }
}
