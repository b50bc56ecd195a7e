/** Vectors of everything that is hashed, derived, signed or sealed. */
import { concat, toHex, utf8 } from '../../src/bytes.ts'
import { derive, hash, hash16, type Label, signingKey } from '../../src/crypto.ts'
import { keyIdOf } from '../../src/keys/keyring.ts'
import { secretFrom } from '../../src/keys/secret.ts'
import {
  certificateBody,
  chainStart,
  deviceProofParts,
  docIdOf,
  EMPTY_DIGEST,
  encodeCertificate,
  encodeChunk,
  encodeGenesis,
  encodeRecord,
  encodeSigned,
  encodeSnapshot,
  encodeUpdate,
  nextDigest,
  readProofParts,
  recordBytes,
  type Sealed,
} from '../../src/protocol/index.ts'
import {
  encodeChunkedInner,
  encodeEphemeralInner,
  encodeHeadsInner,
  encodeSnapshotInner,
  encodeUpdateInner,
} from '../../src/sync/content.ts'
import {
  ADMIN_SEED,
  adminGenesis,
  BROADCAST_INNER,
  CHUNK_INNERS,
  chunkedInner,
  counting,
  createSamples,
  DEFLATED_INNER,
  EPHEMERAL_INNER,
  fixedRandom,
  headsInner,
  READER_SEED,
  ROOM,
  SECRET,
  sampleKeys,
  sampleRecords,
  sampleVault,
  snapshotInner,
  UPDATE_INNER,
  WRITER_SEED,
} from './samples.ts'

/** What JSON can hold; bytes are lower-case hex. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

export interface Vector {
  readonly name: string
  readonly inputs: Readonly<Record<string, Plain>>
  readonly expected: Readonly<Record<string, Plain>>
}

export interface VectorFile {
  readonly about: string
  readonly vectors: readonly Vector[]
}

const isPrimitive = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** A value with all its bytes in hex and `null` for what is absent. */
export const plain = (value: unknown): Plain => {
  if (value instanceof Uint8Array) return toHex(value)
  if (isPrimitive(value)) return value
  if (Array.isArray(value)) return value.map(plain)
  return value === undefined || value === null ? null : plainRecord(value)
}

/** The same for an object, field by field. */
export const plainRecord = (value: object): Readonly<Record<string, Plain>> =>
  Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))

// A record, so that a label which is missing here does not compile.
const ALL_LABELS: Readonly<Record<Label, true>> = {
  'doc-id': true,
  'key-id': true,
  'key-commit': true,
  root: true,
  'root-key': true,
  'room-tag': true,
  'write-seed': true,
  'read-seed': true,
  'epoch-key': true,
  'storage-key': true,
  'at-rest': true,
  'at-rest-key': true,
  'at-rest-mask': true,
  session: true,
  'msg-key': true,
  ciphertext: true,
  'env-id': true,
  'env-sig': true,
  'record-id': true,
  'record-sig': true,
  certificate: true,
  'device-proof': true,
  'read-proof': true,
  'log-digest': true,
  'state-digest': true,
  'lockbox-set': true,
}

const isLabel = (name: string): name is Label => name in ALL_LABELS

export const labels = (): VectorFile => ({
  about:
    'What each label prefixes: hash and hash16 are BLAKE2b, derive32 and derive64 keyed BLAKE2b, of prefix ‖ message; signature is Ed25519 over it.',
  vectors: Object.keys(ALL_LABELS)
    .filter(isLabel)
    .map((label) => {
      const [message, key, seed] = [counting(97, 5), counting(10, 32), counting(50, 32)]
      return {
        name: label,
        inputs: plainRecord({ message, key, seed }),
        expected: plainRecord({
          prefix: utf8(`sealsync/v1 ${label}\0`),
          hash: hash(label, message),
          hash16: hash16(label, message),
          derive32: derive(label, key, 32, message),
          derive64: derive(label, key, 64, message),
          publicKey: signingKey(seed).publicKey,
          signature: signingKey(seed).sign(label, message),
        }),
      }
    }),
})

const roomVector = (name: string, room: string): Vector => {
  const secret = secretFrom(SECRET)
  const rootKey = hash('root-key', secret)
  const { genesis: own, ...keys } = sampleKeys(room)
  return {
    name,
    inputs: { secretText: SECRET, secret: toHex(secret), room: toHex(utf8(room)) },
    expected: plainRecord({
      normalizedRoom: utf8(room.normalize('NFC')),
      rootKey,
      root: derive('root', rootKey, 32, utf8(room.normalize('NFC'))),
      ...keys,
      ...own,
      keyId: keyIdOf(keys.epochKey, keys.docId),
    }),
  }
}

const digestVector = (): Vector => {
  const ids = [counting(1, 32), counting(2, 32)] as const
  const first = nextDigest(EMPTY_DIGEST, ids[0])
  return {
    name: 'log digest',
    inputs: plainRecord({ ids }),
    expected: plainRecord({ digests: [EMPTY_DIGEST, first, nextDigest(first, ids[1])] }),
  }
}

const localVector = (): Vector => {
  const vault = sampleVault()
  const plaintext = counting(0, 12)
  return {
    name: 'sealed for local storage',
    inputs: plainRecord({
      storageKey: sampleKeys().storageKey,
      nonce: fixedRandom()(24),
      context: 'outbox',
      plaintext,
    }),
    expected: plainRecord({ bytes: vault.sealLocal('outbox', plaintext) }),
  }
}

export const derivations = (): VectorFile => ({
  about: 'All keys of a document from its shared secret and room, and what else is computed and never sent.',
  vectors: [
    roomVector('composed room name', ROOM),
    roomVector('the same room name, decomposed', ROOM.normalize('NFD')),
    roomVector('another room', 'notes'),
    digestVector(),
    localVector(),
  ],
})

export const genesis = (): VectorFile => ({
  about: 'A genesis and the document id that it makes.',
  vectors: [
    { name: 'of a shared secret: nobody administers', genesis: sampleKeys().genesis },
    { name: 'with an admin', genesis: adminGenesis() },
  ].map(({ name, genesis: own }) => ({
    name,
    inputs: plainRecord(own),
    expected: plainRecord({ bytes: encodeGenesis(own), docId: docIdOf(encodeGenesis(own)) }),
  })),
})

export const certificates = (): VectorFile => {
  const { keys, writer, reader, certificate, readerCertificate } = createSamples()
  const [relayKey, nonce] = [signingKey(counting(30, 32)).publicKey, counting(150, 32)]
  const cases = [
    { vault: writer, shown: certificate, issuerSeed: keys.writeSeed, deviceSeed: WRITER_SEED },
    { vault: reader, shown: readerCertificate, issuerSeed: keys.readSeed, deviceSeed: READER_SEED },
  ]
  return {
    about: 'Session certificates, and the two proofs of an open frame over what a relay said in its hello.',
    vectors: cases.map(({ vault, shown, issuerSeed, deviceSeed }) => {
      const { signature, ...fields } = shown
      return {
        name: shown.role,
        inputs: plainRecord({ ...fields, issuerSeed, deviceSeed, readSeed: keys.readSeed, relayKey, nonce }),
        expected: plainRecord({
          body: certificateBody(shown),
          signature,
          bytes: encodeCertificate(shown),
          deviceProofMessage: concat(...deviceProofParts(relayKey, nonce, shown)),
          readProofMessage: concat(...readProofParts(relayKey, nonce, shown)),
          ...vault.prove(relayKey, nonce, shown),
        }),
      }
    }),
  }
}

const sealedVector = (
  name: string,
  envelope: Sealed & { readonly signature?: Uint8Array | undefined },
  content: object,
  made: { readonly inner: Uint8Array; readonly bytes: Uint8Array; readonly chainStart?: Uint8Array },
): Vector => {
  const { header, commitment, ciphertext, id, signature, ...fields } = envelope
  const { epochKey } = sampleKeys()
  return {
    name,
    inputs: plainRecord({ ...fields, epochKey, deviceSeed: WRITER_SEED, content }),
    expected: plainRecord({
      ...made,
      header,
      messageKey: derive('msg-key', epochKey, 64, header).subarray(0, 32),
      commitment,
      ciphertext,
      id,
      signature,
    }),
  }
}

const SEALED =
  'From header fields and content to inner, header, message key, commitment, ciphertext, id, signature and bytes.'

/** The five sealed kinds, one file each. */
export const sealedKinds = (): Readonly<Record<string, VectorFile>> => {
  const { keys, writer, updates, snapshot, wholeSnapshot, ephemeral, broadcast, heads, chunks } =
    createSamples()
  const [first, second, third] = updates
  const updateCases = [
    { name: 'the first of its chain, with a claim', update: first, content: UPDATE_INNER },
    { name: 'the second, deflated', update: second, content: DEFLATED_INNER },
    { name: 'the third, padded, with a base and deps', update: third, content: UPDATE_INNER },
  ]
  const state = snapshotInner(writer.author)
  const front = chunkedInner(writer.author)
  const seen = headsInner(third, snapshot.id)
  return {
    'update.json': {
      about: SEALED,
      vectors: updateCases.map(({ name, update, content }) =>
        sealedVector(name, update, content, {
          inner: encodeUpdateInner(content, update.padded),
          bytes: encodeUpdate(update),
          chainStart: chainStart(keys.docId, update.author, update.session),
        }),
      ),
    },
    'snapshot.json': {
      about: SEALED,
      vectors: [
        sealedVector('with a parent, a cover, its state in two chunks, padded', snapshot, front, {
          inner: encodeChunkedInner(front, snapshot.padded),
          bytes: encodeSnapshot(snapshot),
        }),
        sealedVector('the first, with its state', wholeSnapshot, state, {
          inner: encodeSnapshotInner(state, wholeSnapshot.padded),
          bytes: encodeSnapshot(wholeSnapshot),
        }),
      ],
    },
    'ephemeral.json': {
      about: SEALED,
      vectors: [
        sealedVector('with two echoes, padded', ephemeral, EPHEMERAL_INNER, {
          inner: encodeEphemeralInner(EPHEMERAL_INNER, ephemeral.padded),
          bytes: encodeSigned(ephemeral),
        }),
        sealedVector('a broadcast with one echo', broadcast, BROADCAST_INNER, {
          inner: encodeEphemeralInner(BROADCAST_INNER, broadcast.padded),
          bytes: encodeSigned(broadcast),
        }),
      ],
    },
    'heads.json': {
      about: SEALED,
      vectors: [
        sealedVector('of one session', heads, seen, {
          inner: encodeHeadsInner(seen, heads.padded),
          bytes: encodeSigned(heads),
        }),
      ],
    },
    'chunk.json': {
      about: `${SEALED} A chunk has no signature: the first snapshot in snapshot.json lists its id. The last of the state is zeros, which fill it up to its Padmé length.`,
      vectors: CHUNK_INNERS.flatMap((inner, i) => {
        const chunk = chunks[i]
        if (chunk === undefined) return []
        return [sealedVector(`chunk ${i}`, chunk, { state: inner }, { inner, bytes: encodeChunk(chunk) })]
      }),
    },
  }
}

export const records = (): VectorFile => ({
  about: 'A membership log of all four operations, signed by the admin of genesis.json.',
  vectors: sampleRecords().map((record) => {
    const { type: _, id, signature, ...fields } = record
    return {
      name: record.body.op,
      inputs: { ...plainRecord(fields), adminSeed: toHex(ADMIN_SEED) },
      expected: plainRecord({ unsigned: recordBytes(record), id, signature, bytes: encodeRecord(record) }),
    }
  }),
})
