/** A device's own signing key, for apps that already have keys of their users. Without one each document gets a fresh key. */
import { cryptoReady, randomBytes, signingKey } from '../crypto.ts'

const SEED_BYTES = 32

/** A device identity. Printing, serialising or inspecting it shows no secret: the seed is not inside. */
export interface Identity {
  readonly type: 'identity'
  /** The Ed25519 public key, 32 bytes: the author that others see. A promise, as the cryptography loads first. */
  publicKey(): Promise<Uint8Array>
}

// Beside the object instead of in it, where no log, error report or JSON can reach it.
const seeds = new WeakMap<Identity, Uint8Array>()

const seedFrom = (seed: Uint8Array): Uint8Array => {
  if (!(seed instanceof Uint8Array)) {
    throw new TypeError('the identity seed is not a Uint8Array: pass the 32 bytes of an Ed25519 seed')
  }
  if (seed.length !== SEED_BYTES) {
    const hint = seed.length === 64 ? ' (of a 64-byte libsodium secret key: its first 32)' : ''
    throw new TypeError(
      `the identity seed has ${seed.length} bytes: pass the ${SEED_BYTES} bytes of an Ed25519 seed${hint}`,
    )
  }
  if (seed.every((byte) => byte === 0)) {
    throw new TypeError(
      'the identity seed is all zeros, was it never filled or already wiped? Pass random bytes',
    )
  }
  return seed.slice()
}

/** An identity from a 32-byte Ed25519 seed (RFC 8032) of any origin; a random one without. Copies the seed. */
export const createIdentity = ({ seed }: { readonly seed?: Uint8Array } = {}): Identity => {
  const own = seed === undefined ? randomBytes(SEED_BYTES) : seedFrom(seed)
  const identity: Identity = {
    type: 'identity',
    publicKey: async () => {
      await cryptoReady
      const key = signingKey(own)
      key.wipe()
      return key.publicKey
    },
  }
  seeds.set(identity, own)
  return Object.freeze(identity)
}

/** The 32-byte seed of an identity, for the vault alone; not a copy. */
export const seedOf = (identity: Identity): Uint8Array => {
  const seed = seeds.get(identity)
  if (seed !== undefined) return seed
  throw new TypeError('not an identity: pass what createIdentity() returned, not a copy of it')
}
