/** A writer with the key who seals anything at all: valid envelopes on the outside, hostile ones on the inside. */
import * as Y from 'yjs'
import { deflate } from '../../../providers/src/client/inflate.ts'
import {
  assembleUpdate,
  type Certificate,
  type CoverEntry,
  chainStart,
  type Ephemeral,
  type Heads,
  type Item,
  NO_ID,
  type Snapshot,
  type Update,
  updateHeader,
} from '../../../providers/src/protocol/index.ts'
import {
  encodeEphemeralInner,
  encodeHeadsInner,
  encodeSnapshotInner,
  encodeUpdateInner,
} from '../../../providers/src/sync/content.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { mutated } from './mutation.ts'

export interface HostileWriter {
  readonly vault: Vault
  certificate(): Certificate
  /** Begins another session. */
  renew(): void
  /** The next of its chain. */
  update(): Update
  /** One with a position, a predecessor, deps and a signature that need not fit anything. */
  misplaced(): Update
  /** In the name of a device that nobody has ever certified. */
  stranger(): Update
  snapshot(): Snapshot
  ephemeral(): Ephemeral
  heads(): Heads
}

const MAX = Number.MAX_SAFE_INTEGER
const EMPTY = new Uint8Array(0)

export const createHostileWriter = (vault: Vault, random: Random): HostileWriter => {
  const { docId, author } = vault
  let certificate = vault.certify(random.bytes(8))
  let seq = 0
  let head = chainStart(docId, author, certificate.session)
  let counter = 0
  let parents: readonly Uint8Array[] = []

  const doc = new Y.Doc()
  doc.clientID = 1 + random.int(2 ** 31)
  const edits: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => {
    edits.push(update)
    if (edits.length > 24) edits.shift()
  })

  const edit = (): Uint8Array => {
    const map = doc.getMap('evil')
    map.set(`${random.int(8)}`, random.int(1000))
    return edits.at(-1) ?? EMPTY
  }
  const bomb = deflate(new Uint8Array(40_000))

  const contents: readonly (() => {
    encoding: number
    payload: Uint8Array
    inflatedLength: number | undefined
  })[] = [
    () => ({ encoding: 1, payload: edit(), inflatedLength: undefined }),
    () => ({ encoding: 1, payload: mutated([edit(), ...edits], random), inflatedLength: undefined }),
    () => ({ encoding: 2, payload: Y.convertUpdateFormatV1ToV2(edit()), inflatedLength: undefined }),
    () => ({
      encoding: 1 + random.int(3),
      payload: random.bytes(random.int(200)),
      inflatedLength: undefined,
    }),
    () => ({
      encoding: random.pick([0, 3, 9, 64, 127]) ?? 0,
      payload: random.bytes(20),
      inflatedLength: undefined,
    }),
    // It inflates to more, less, or other than it says.
    () => ({ encoding: 1, payload: bomb, inflatedLength: random.pick([1, 39_999, 40_000, 40_001]) ?? 1 }),
    () => ({ encoding: 2, payload: random.bytes(60), inflatedLength: 60_000 }),
    // An update that says that it has 2³² structs of 2⁵³ clients.
    () => ({
      encoding: 1,
      payload: Uint8Array.of(255, 255, 255, 255, 255, 255, 15, 1),
      inflatedLength: undefined,
    }),
  ]
  const content = () =>
    (random.pick(contents) ?? contents[0])?.() ?? { encoding: 1, payload: EMPTY, inflatedLength: undefined }

  const inner = (): Uint8Array => {
    if (random.chance(0.15)) return random.bytes(random.int(120))
    const claims = Array.from({ length: random.chance(0.1) ? 1 + random.int(3) : 0 }, () =>
      Uint8Array.of(random.int(128)),
    )
    const whole = encodeUpdateInner({ ...content(), claims }, false)
    return random.chance(0.2) ? mutated([whole], random) : whole
  }

  const sealed = (fields: Partial<Parameters<Vault['sealUpdate']>[0]> = {}): Update =>
    vault.sealUpdate(
      {
        padded: false,
        session: certificate.session,
        seq,
        prev: head,
        base: NO_ID,
        logHeight: 0,
        deps: [],
        ...fields,
      },
      inner(),
    )

  const upTo = (): readonly CoverEntry[] =>
    seq === 0 ? [] : [{ author, session: certificate.session, seq: seq - 1, head, ended: false }]

  return {
    vault,
    certificate: () => certificate,
    renew: () => {
      certificate = vault.certify(random.bytes(8))
      seq = 0
      head = chainStart(docId, author, certificate.session)
    },
    update: () => {
      const update = sealed()
      seq += 1
      head = update.id
      return update
    },
    misplaced: () => {
      const update = sealed({
        seq: random.pick([0, seq, seq + 1, seq + 2, MAX]) ?? 0,
        prev: random.chance(0.5) ? head : random.bytes(32),
        base: random.bytes(32),
        deps: random.chance(0.5) ? [random.bytes(32)] : [],
      })
      return random.chance(0.3) ? { ...update, signature: random.bytes(64) } : update
    },
    stranger: () => {
      const fields = {
        ...{ docId, keyId: random.bytes(16), author: random.bytes(32), nonce: random.bytes(24) },
        ...{ padded: false, session: random.bytes(8), seq: random.int(3), prev: random.bytes(32) },
        ...{ base: NO_ID, logHeight: 0, deps: [] },
      }
      const ciphertext = random.bytes(40)
      const whole = {
        header: updateHeader(fields, ciphertext.length),
        commitment: random.bytes(32),
        ciphertext,
      }
      return assembleUpdate(fields, whole, random.bytes(64))
    },
    snapshot: () => {
      const state = random.chance(0.5)
        ? content()
        : { encoding: 2, payload: Y.encodeStateAsUpdateV2(doc), inflatedLength: undefined }
      const bytes = encodeSnapshotInner({ ...state, claims: [], digest: EMPTY }, false)
      const cover = random.chance(0.7)
        ? upTo()
        : [
            {
              author: random.bytes(32),
              session: random.bytes(8),
              seq: MAX,
              head: random.bytes(32),
              ended: true,
            },
          ]
      const snapshot = vault.sealSnapshot(
        {
          ...{ padded: false, session: certificate.session, logHeight: 0, cover, chunks: [] },
          parents: random.chance(0.5) ? parents : [random.bytes(32)],
        },
        random.chance(0.2) ? random.bytes(50) : bytes,
      )
      parents = [snapshot.id]
      return snapshot
    },
    ephemeral: () => {
      counter += 1
      const said = {
        session: random.chance(0.9) ? certificate.session : random.bytes(8),
        counter: random.pick([counter, counter, 0, MAX]) ?? counter,
        hello: random.bytes(8),
        echoes: Array.from({ length: random.pick([0, 1, 64]) ?? 0 }, () => random.bytes(8)),
        broadcast: random.chance(0.3),
        payload: random.bytes(random.int(100)),
      }
      const whole = encodeEphemeralInner(said, false)
      return vault.sealEphemeral(false, random.chance(0.2) ? mutated([whole], random) : whole)
    },
    heads: () => {
      const heads = Array.from({ length: random.pick([0, 1, 5]) ?? 0 }, () => ({
        author: random.chance(0.5) ? author : random.bytes(32),
        session: random.chance(0.5) ? certificate.session : random.bytes(8),
        seq: random.pick([0, 1, 1000, MAX]) ?? 0,
        id: random.bytes(32),
      }))
      const fields = {
        logId: random.bytes(16),
        snapshot: random.bytes(32),
        timeMs: random.pick([0, 1, MAX]) ?? 0,
      }
      const whole = encodeHeadsInner({ ...fields, heads }, false)
      return vault.sealHeads(
        { session: certificate.session, logHeight: 0, padded: false },
        random.chance(0.2) ? mutated([whole], random) : whole,
      )
    },
  }
}

/** Items that only a relay may send, about nothing that anybody has. */
export const vainAnswer = (random: Random): Item => {
  const id = random.bytes(32)
  if (random.chance(0.5)) return { type: 'ack', id }
  const code =
    random.pick([
      'gap',
      'session-ended',
      'snapshot-needed',
      'superseded',
      'too-large',
      'role',
      'unavailable',
    ] as const) ?? 'gap'
  const ended = code === 'superseded' ? [{ author: random.bytes(32), session: random.bytes(8) }] : []
  return { type: 'refused', id, code, retryAfterMs: code === 'unavailable' ? MAX : 0, ended }
}
