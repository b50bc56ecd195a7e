/**
 * Seals and opens the envelopes of one document for one device.
 *
 *   K_msg 32 ‖ commitment 32 = keyed BLAKE2b-512(epoch key, header)
 *   ciphertext = XChaCha20-Poly1305-IETF(K_msg, nonce, inner, additional data = header)
 *   signature = Ed25519(device, id)
 * The commitment binds key, nonce and header: nobody can make one ciphertext that opens differently under two keys.
 */
import { concat, equalBytes, utf8 } from '../bytes.ts'
import {
  aeadOpen,
  aeadSeal,
  derive,
  equalSecret,
  randomBytes,
  type SigningKey,
  signingKey,
  wipe,
} from '../crypto.ts'
import { certificateBody, deviceProofParts, readProofParts } from '../protocol/certificate.ts'
import { TAG_BYTES } from '../protocol/envelope.ts'
import {
  assembleChunk,
  assembleEphemeral,
  assembleHeads,
  type Chunk,
  type ChunkHeader,
  chunkHeader,
  ephemeralHeader,
  headsHeader,
} from '../protocol/ephemeral.ts'
import { assembleSnapshot, snapshotHeader } from '../protocol/snapshot.ts'
import { assembleUpdate, updateHeader } from '../protocol/update.ts'
import { err, ok } from '../result.ts'
import type { Vault } from '../sync/vault.ts'
import { createKeyring, isWiped } from './keyring.ts'
import { type DocumentKeys, wipeKeys } from './root.ts'

const NONCE_BYTES = 24
const NO_SIGNATURE = new Uint8Array(0)

export interface VaultOptions {
  /** The vault owns them from here on: its `wipe` overwrites them. */
  readonly keys: DocumentKeys
  /** Ed25519 seed of this device, 32 bytes. */
  readonly deviceSeed: Uint8Array
  /** Which key makes this device's certificates. */
  readonly role: 'writer' | 'reader'
  /** Where nonces come from. Vectors and simulations pass their own; never reuse its output. */
  readonly random?: (length: number) => Uint8Array
  /** How keys sign. Simulations pass a fast fake. */
  readonly signing?: (seed: Uint8Array) => SigningKey
}

export interface KeyVault extends Vault {
  /** Seals one piece of a chunked snapshot, which lists the id; a chunk has no signature. */
  sealChunk(fields: Omit<ChunkHeader, 'docId' | 'keyId' | 'author' | 'nonce'>, inner: Uint8Array): Chunk
  /** Overwrites all keys; sealing throws from then on and nothing opens. */
  wipe(): void
}

/** A real vault over a document's keys; see `Vault` for what it promises. Needs `cryptoReady`. */
export const createVault = ({
  keys,
  deviceSeed,
  role,
  random = randomBytes,
  signing = signingKey,
}: VaultOptions): KeyVault => {
  const { docId, genesis, storageKey } = keys
  const keyring = createKeyring(docId, [keys.epochKey])
  const device = signing(deviceSeed)
  const readKey = signing(keys.readSeed)
  const issuer = role === 'writer' ? signing(keys.writeSeed) : readKey
  const author = device.publicKey

  const own = () => ({ docId, keyId: keyring.current().keyId, author, nonce: random(NONCE_BYTES) })

  const seal = (header: Uint8Array, nonce: Uint8Array, inner: Uint8Array) => {
    const stream = derive('msg-key', keyring.current().key, 64, header)
    const ciphertext = aeadSeal(inner, header, nonce, stream.subarray(0, 32))
    // A copy: a view would carry the message key along wherever the envelope is cloned or stored.
    const commitment = stream.slice(32)
    wipe(stream)
    return { header, commitment, ciphertext }
  }

  const sign = <T extends { readonly id: Uint8Array }>(unsigned: T) => ({
    ...unsigned,
    signature: device.sign('env-sig', unsigned.id),
  })

  return {
    docId,
    genesis,
    author,
    role,

    certify: (session) => {
      const certificate = { role, docId, author, session, logHeight: 0 }
      return { ...certificate, signature: issuer.sign('certificate', certificateBody(certificate)) }
    },

    prove: (relayKey, nonce, certificate) => ({
      deviceProof: device.sign('device-proof', ...deviceProofParts(relayKey, nonce, certificate)),
      readProof: readKey.sign('read-proof', ...readProofParts(relayKey, nonce, certificate)),
    }),

    sealUpdate: (given, inner) => {
      const fields = { ...given, ...own() }
      const parts = seal(updateHeader(fields, inner.length + TAG_BYTES), fields.nonce, inner)
      return sign(assembleUpdate(fields, parts, undefined))
    },

    sealSnapshot: (given, inner) => {
      const fields = { ...given, ...own() }
      const parts = seal(snapshotHeader(fields, inner.length + TAG_BYTES), fields.nonce, inner)
      return sign(assembleSnapshot(fields, parts, NO_SIGNATURE))
    },

    sealEphemeral: (padded, inner) => {
      const fields = { padded, ...own() }
      const parts = seal(ephemeralHeader(fields, inner.length + TAG_BYTES), fields.nonce, inner)
      return sign(assembleEphemeral(fields, parts, NO_SIGNATURE))
    },

    sealHeads: (given, inner) => {
      const fields = { ...given, ...own() }
      const parts = seal(headsHeader(fields, inner.length + TAG_BYTES), fields.nonce, inner)
      return sign(assembleHeads(fields, parts, NO_SIGNATURE))
    },

    sealChunk: (given, inner) => {
      const fields = { ...given, ...own() }
      return assembleChunk(fields, seal(chunkHeader(fields, inner.length + TAG_BYTES), fields.nonce, inner))
    },

    open: (envelope) => {
      if (!equalBytes(envelope.docId, docId)) return err('damaged')
      const epoch = keyring.find(envelope.keyId)
      if (epoch === undefined) return err('unknown-key')
      const stream = derive('msg-key', epoch.key, 64, envelope.header)
      const isCommitted = equalSecret(stream.subarray(32), envelope.commitment)
      const inner = isCommitted
        ? aeadOpen(envelope.ciphertext, envelope.header, envelope.nonce, stream.subarray(0, 32))
        : undefined
      wipe(stream)
      return inner === undefined ? err('damaged') : ok(inner)
    },

    stateDigest: (canonical) => derive('state-digest', keyring.current().key, 32, docId, canonical),

    sealLocal: (context, plaintext) => {
      if (isWiped(storageKey)) throw new Error('the keys of this document were wiped: open it again')
      const nonce = random(NONCE_BYTES)
      return concat(nonce, aeadSeal(plaintext, utf8(context), nonce, storageKey))
    },

    openLocal: (context, sealed) =>
      sealed.length < NONCE_BYTES + TAG_BYTES || isWiped(storageKey)
        ? undefined
        : aeadOpen(sealed.subarray(NONCE_BYTES), utf8(context), sealed.subarray(0, NONCE_BYTES), storageKey),

    wipe: () => {
      device.wipe()
      readKey.wipe()
      issuer.wipe()
      wipeKeys(keys)
    },
  }
}
