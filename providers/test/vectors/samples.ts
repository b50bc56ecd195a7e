/** One of everything, made from fixed seeds and nonces, so that all of it has the same bytes in every run. */
import { signingKey } from '../../src/crypto.ts'
import { type DocumentKeys, documentKeys } from '../../src/keys/root.ts'
import { secretFrom } from '../../src/keys/secret.ts'
import { createVault, type KeyVault, type VaultOptions } from '../../src/keys/vault.ts'
import {
  type Certificate,
  type Chunk,
  chainStart,
  docIdOf,
  type Ephemeral,
  encodeGenesis,
  type Genesis,
  type Heads,
  type MembershipRecord,
  NO_ID,
  type RecordBody,
  recordBytes,
  recordId,
  type Snapshot,
  type Update,
} from '../../src/protocol/index.ts'
import {
  type ChunkedInner,
  type EphemeralInner,
  encodeChunkedInner,
  encodeEphemeralInner,
  encodeHeadsInner,
  encodeSnapshotInner,
  encodeUpdateInner,
  type HeadsInner,
  type SnapshotInner,
  type UpdateInner,
} from '../../src/sync/content.ts'

/** `length` bytes that count up from `first`. */
export const counting = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i) & 255)

/** "Random" bytes: the nth answer counts up from 16·n + 3. Never for anything but vectors. */
export const fixedRandom = () => {
  let calls = 0
  return (length: number): Uint8Array => counting(16 * calls++ + 3, length)
}

/** What `generateSecret` makes of the bytes 0…31. */
export const SECRET = 'ss1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K'
export const ROOM = 'café/plan'
export const WRITER_SEED: Uint8Array = counting(64, 32)
export const READER_SEED: Uint8Array = counting(96, 32)
export const ADMIN_SEED: Uint8Array = counting(128, 32)
export const SESSION: Uint8Array = counting(200, 8)
export const READER_SESSION: Uint8Array = counting(220, 8)

export const sampleKeys = (room: string = ROOM): DocumentKeys => documentKeys(secretFrom(SECRET), room)

/** A vault of fixed seeds and nonces. */
export const sampleVault = (options: Partial<VaultOptions> = {}): KeyVault =>
  createVault({
    keys: sampleKeys(),
    deviceSeed: WRITER_SEED,
    role: 'writer',
    random: fixedRandom(),
    ...options,
  })

export const UPDATE_INNER: UpdateInner = {
  encoding: 1,
  inflatedLength: undefined,
  claims: [counting(5, 4)],
  payload: counting(10, 20),
}

// Says that it is deflated. Only the bound of its inflated length is looked at here, so that it need not be.
export const DEFLATED_INNER: UpdateInner = {
  encoding: 2,
  inflatedLength: 90,
  claims: [],
  payload: counting(40, 9),
}

const front = (author: Uint8Array) => ({
  encoding: 2,
  inflatedLength: undefined,
  claims: [{ author, session: SESSION, claim: counting(5, 4) }],
  digest: counting(7, 32),
})

/** The payload of the snapshot in chunks, and how its chunks cut it: filled up with zeros, as it is padded. */
export const CHUNK_INNERS: readonly [Uint8Array, Uint8Array] = [
  counting(0, 40),
  Uint8Array.from([...counting(40, 11), 0]),
]

export const chunkedInner = (author: Uint8Array): ChunkedInner => ({ ...front(author), payloadLength: 51 })

export const snapshotInner = (author: Uint8Array): SnapshotInner => ({
  ...front(author),
  payload: counting(30, 25),
})

export const EPHEMERAL_INNER: EphemeralInner = {
  session: SESSION,
  counter: 17,
  hello: counting(1, 8),
  echoes: [counting(11, 8), counting(21, 8)],
  broadcast: false,
  payload: counting(60, 12),
}

export const BROADCAST_INNER: EphemeralInner = {
  session: SESSION,
  counter: 18,
  hello: counting(1, 8),
  echoes: [counting(31, 8)],
  broadcast: true,
  payload: counting(80, 9),
}

export const headsInner = (update: Update, snapshot: Uint8Array): HeadsInner => ({
  logId: counting(1, 16),
  snapshot,
  timeMs: 1_750_000_000_000,
  heads: [{ author: update.author, session: update.session, seq: update.seq, id: update.id }],
})

export interface Samples {
  readonly keys: DocumentKeys
  readonly writer: KeyVault
  readonly reader: KeyVault
  readonly certificate: Certificate
  readonly readerCertificate: Certificate
  /** One chain of three: with a claim, deflated, and padded with deps and a base. */
  readonly updates: readonly [Update, Update, Update]
  readonly chunks: readonly [Chunk, Chunk]
  /** In chunks. */
  readonly snapshot: Snapshot
  readonly wholeSnapshot: Snapshot
  readonly ephemeral: Ephemeral
  readonly heads: Heads
  readonly broadcast: Ephemeral
}

export const createSamples = (): Samples => {
  const keys = sampleKeys()
  const writer = sampleVault({ keys })
  const reader = sampleVault({ keys, deviceSeed: READER_SEED, role: 'reader' })
  const first = writer.sealUpdate(
    {
      padded: false,
      session: SESSION,
      seq: 0,
      prev: chainStart(keys.docId, writer.author, SESSION),
      base: NO_ID,
      logHeight: 0,
      deps: [],
    },
    encodeUpdateInner(UPDATE_INNER, false),
  )
  const second = writer.sealUpdate(
    { padded: false, session: SESSION, seq: 1, prev: first.id, base: NO_ID, logHeight: 0, deps: [] },
    encodeUpdateInner(DEFLATED_INNER, false),
  )
  const third = writer.sealUpdate(
    {
      padded: true,
      session: SESSION,
      seq: 2,
      prev: second.id,
      base: counting(90, 32),
      logHeight: 0,
      deps: [counting(1, 32), counting(2, 32)],
    },
    encodeUpdateInner(UPDATE_INNER, true),
  )
  const chunks = [
    writer.sealChunk({ index: 0, padded: true }, CHUNK_INNERS[0]),
    writer.sealChunk({ index: 1, padded: true }, CHUNK_INNERS[1]),
  ] as const
  const snapshot = writer.sealSnapshot(
    {
      padded: true,
      session: SESSION,
      logHeight: 0,
      parents: [counting(70, 32)],
      cover: [
        { author: counting(0, 32), session: counting(9, 8), seq: 41, head: counting(50, 32), ended: true },
        { author: writer.author, session: SESSION, seq: 2, head: third.id, ended: false },
      ],
      chunks: chunks.map((chunk) => chunk.id),
    },
    encodeChunkedInner(chunkedInner(writer.author), true),
  )
  return {
    keys,
    writer,
    reader,
    certificate: writer.certify(SESSION),
    readerCertificate: reader.certify(READER_SESSION),
    updates: [first, second, third],
    chunks,
    snapshot,
    ephemeral: writer.sealEphemeral(true, encodeEphemeralInner(EPHEMERAL_INNER, true)),
    heads: writer.sealHeads(
      { padded: false, session: SESSION, logHeight: 0 },
      encodeHeadsInner(headsInner(third, snapshot.id), false),
    ),
    // The last: what was there before it keeps its nonce.
    broadcast: writer.sealEphemeral(false, encodeEphemeralInner(BROADCAST_INNER, false)),
    wholeSnapshot: writer.sealSnapshot(
      {
        ...{ padded: false, session: SESSION, logHeight: 0, parents: [], chunks: [] },
        cover: [{ author: writer.author, session: SESSION, seq: 2, head: third.id, ended: false }],
      },
      encodeSnapshotInner(snapshotInner(writer.author), false),
    ),
  }
}

/** A document that someone administers; records exist only in such ones. */
export const adminGenesis = (): Genesis => ({
  ...sampleKeys().genesis,
  adminKey: signingKey(ADMIN_SEED).publicKey,
})

export const RECORD_BODIES: readonly RecordBody[] = [
  { op: 'add-member', device: counting(3, 32), boxKey: counting(4, 32), role: 'writer' },
  { op: 'set-role', device: counting(3, 32), role: 'reader' },
  {
    op: 'rotate',
    keyId: counting(5, 16),
    keyCommitment: counting(6, 32),
    lockboxSet: counting(7, 32),
    removed: [counting(3, 32), counting(8, 32)],
    cutOffs: [{ author: counting(3, 32), session: counting(9, 8), seq: 12, head: counting(10, 32) }],
    previousKey: counting(11, 72),
  },
  { op: 'set-link-keys', writeKey: counting(12, 32), readKey: counting(13, 32) },
]

/** A record at `height`, signed by the admin of `adminGenesis`. */
export const signRecord = (body: RecordBody, height: number, prev?: Uint8Array): MembershipRecord => {
  const admin = signingKey(ADMIN_SEED)
  const docId = docIdOf(encodeGenesis(adminGenesis()))
  const unsigned = { docId, author: admin.publicKey, height, prev: prev ?? docId, body }
  const id = recordId(recordBytes(unsigned))
  return { type: 'record', ...unsigned, id, signature: admin.sign('record-sig', id) }
}

/** The membership log of all four operations, in order. */
export const sampleRecords = (): readonly MembershipRecord[] => {
  const records: MembershipRecord[] = []
  for (const [i, body] of RECORD_BODIES.entries()) {
    records.push(signRecord(body, i + 1, records.at(-1)?.id))
  }
  return records
}
