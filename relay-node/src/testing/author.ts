/** Documents, devices and envelopes for tests. Signatures are real, ciphertexts are noise: the relay is blind. */
import {
  assembleChunk,
  assembleEphemeral,
  assembleSnapshot,
  assembleUpdate,
  type Certificate,
  type Chunk,
  type CoverEntry,
  certificateBody,
  chainStart,
  chunkHeader,
  compareCover,
  deviceProofParts,
  docIdOf,
  type Ephemeral,
  encodeGenesis,
  envelopeId,
  ephemeralHeader,
  type Genesis,
  NO_ID,
  type Role,
  randomBytes,
  readProofParts,
  type SigningKey,
  type Snapshot,
  signingKey,
  snapshotHeader,
  type ToRelay,
  type Update,
  updateHeader,
} from 'sealsync/protocol'

export interface TestDocument {
  readonly genesis: Genesis
  readonly docId: Uint8Array
  readonly writeKey: SigningKey
  readonly readKey: SigningKey
}

export interface Author {
  readonly document: TestDocument
  readonly device: SigningKey
  readonly certificate: Certificate
  /** The next update of its chain. */
  update(options?: { readonly bytes?: number; readonly validSignature?: boolean }): Update
  /** Several, in order. */
  updates(count: number, bytes?: number): Update[]
  /** A snapshot over these heads. */
  snapshot(
    cover: readonly CoverEntry[],
    parents?: readonly Uint8Array[],
    options?: { readonly bytes?: number; readonly chunks?: readonly Uint8Array[] },
  ): Snapshot
  /** A piece of the state of a snapshot, with a ciphertext of so many bytes. */
  chunk(index: number, bytes?: number): Chunk
  /** Its own chain up to an update, for a cover. */
  upTo(update: Update, ended?: boolean): CoverEntry
  ephemeral(): Ephemeral
  opening(
    hello: { readonly relayKey: Uint8Array; readonly nonce: Uint8Array },
    options?: Partial<ToRelay & { type: 'open' }>,
  ): ToRelay & { type: 'open' }
}

export const createTestDocument = (): TestDocument => {
  const writeKey = signingKey(randomBytes(32))
  const readKey = signingKey(randomBytes(32))
  const genesis: Genesis = {
    adminKey: NO_ID,
    writeKey: writeKey.publicKey,
    readKey: readKey.publicKey,
    keyCommitment: randomBytes(32),
    tag: randomBytes(16),
  }
  return { genesis, docId: docIdOf(encodeGenesis(genesis)), writeKey, readKey }
}

export const certify = (
  document: TestDocument,
  author: Uint8Array,
  {
    role = 'writer',
    session = randomBytes(8),
    issuer = role === 'reader' ? document.readKey : document.writeKey,
  }: {
    readonly role?: Role
    readonly session?: Uint8Array
    readonly issuer?: SigningKey
  } = {},
): Certificate => {
  const body = { role, docId: document.docId, author, session, logHeight: 0 }
  return { ...body, signature: issuer.sign('certificate', certificateBody(body)) }
}

export const createAuthor = (
  document: TestDocument,
  {
    device = signingKey(randomBytes(32)),
    role = 'writer',
  }: { readonly device?: SigningKey; readonly role?: Role } = {},
): Author => {
  const { docId } = document
  const certificate = certify(document, device.publicKey, { role })
  const { author, session } = certificate
  let seq = 0
  let prev = chainStart(docId, author, session)
  const common = () => ({ docId, keyId: KEY_ID, author, nonce: randomBytes(24), padded: false })

  const update: Author['update'] = ({ bytes = 40, validSignature = true } = {}) => {
    const fields = { ...common(), session, seq, prev, base: NO_ID, logHeight: 0, deps: [] }
    const sealed = {
      header: updateHeader(fields, bytes),
      commitment: randomBytes(32),
      ciphertext: noise(bytes),
    }
    const id = envelopeId(sealed.header, sealed.commitment, sealed.ciphertext)
    seq += 1
    prev = id
    return assembleUpdate(
      fields,
      sealed,
      validSignature ? device.sign('env-sig', id) : new Uint8Array(64).fill(7),
    )
  }

  return {
    document,
    device,
    certificate,
    update,
    updates: (count, bytes = 40) => Array.from({ length: count }, () => update({ bytes })),
    snapshot: (cover, parents = [], { bytes = 100, chunks = [] } = {}) => {
      const ordered = [...cover].sort(compareCover)
      const fields = { ...common(), session, logHeight: 0, parents, cover: ordered, chunks }
      const sealed = {
        header: snapshotHeader(fields, bytes),
        commitment: randomBytes(32),
        ciphertext: noise(bytes),
      }
      const id = envelopeId(sealed.header, sealed.commitment, sealed.ciphertext)
      return assembleSnapshot(fields, sealed, device.sign('env-sig', id))
    },
    chunk: (index, bytes = 60) => {
      const fields = { ...common(), index }
      const header = chunkHeader(fields, bytes)
      return assembleChunk(fields, { header, commitment: randomBytes(32), ciphertext: noise(bytes) })
    },
    upTo: (last, ended = false) => ({ author, session, seq: last.seq, head: last.id, ended }),
    ephemeral: () => {
      const fields = common()
      const sealed = {
        header: ephemeralHeader(fields, 60),
        commitment: randomBytes(32),
        ciphertext: noise(60),
      }
      const id = envelopeId(sealed.header, sealed.commitment, sealed.ciphertext)
      return assembleEphemeral(fields, sealed, device.sign('env-sig', id))
    },
    opening: ({ relayKey, nonce }, options) => ({
      type: 'open',
      attempt: 1,
      create: true,
      genesis: document.genesis,
      certificate,
      deviceProof: device.sign('device-proof', ...deviceProofParts(relayKey, nonce, certificate)),
      readProof: document.readKey.sign('read-proof', ...readProofParts(relayKey, nonce, certificate)),
      cursor: undefined,
      ...options,
    }),
  }
}

const KEY_ID = new Uint8Array(16).fill(1)

const noise = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 4096) bytes.set(randomBytes(Math.min(4096, length - at)), at)
  return bytes
}
