/**
 * A writer with the secret and bad intentions: its certificate is admitted and its signatures are valid, so that every
 * relay takes what it pushes. What it does to a document is detected, not prevented.
 */
import { toHex } from '../bytes.ts'
import { documentKeys } from '../keys/root.ts'
import { secretFrom } from '../keys/secret.ts'
import { createVault } from '../keys/vault.ts'
import {
  type CoverEntry,
  chainStart,
  compareCover,
  decodeToClient,
  encodeToRelay,
  type Item,
  NO_ID,
  PROTOCOL_VERSION,
  type Snapshot,
  type ToClient,
  type ToRelay,
  type Update,
  updateItems,
} from '../protocol/index.ts'
import { type Content, encodeSnapshotInner, encodeUpdateInner } from '../sync/content.ts'
import type { ModelRelay } from './model-relay.ts'
import type { Random } from './random.ts'
import { openIn } from './relay-log.ts'

export interface EvilWriterOptions {
  readonly relay: ModelRelay
  readonly random: Random
  /** The document's secret, as the app has it: text of `generateSecret()`, or ≥ 32 bytes. */
  readonly secret: string | Uint8Array
  readonly room: string
  /** By which the relay's log and scripts call it. Default: `evil writer`. */
  readonly name?: string
}

/**
 * Envelopes are made by one function and pushed by another: a script can show some readers what was never pushed.
 * `Content` is CRDT bytes and the number of their encoding, as a `Replica` gives them; so it can be any bytes, or be
 * written under a CRDT id that is another client's.
 */
export interface EvilWriter {
  /** Hex of the device key, by which alarms name it. */
  readonly author: string
  /** The next update of its chain. */
  update(content: Content): Update
  /** Two updates for the next position of its chain: pushing one and showing the other is equivocation. */
  twins(one: Content, other: Content): readonly [Update, Update]
  /** The next update of its chain, with random bytes where content should be. */
  garbage(): Update
  /** A snapshot that claims to include `cover` (default: everything that is stored) and holds this content. */
  snapshot(content: Content, cover?: readonly CoverEntry[]): Snapshot
  /** What a snapshot of everything that is stored would claim. */
  cover(): readonly CoverEntry[]
  push(...envelopes: readonly (Update | Snapshot)[]): void
  /** Ends its connection. */
  leave(): void
}

/** Connects to the relay and opens the document, which it makes if need be. Needs `cryptoReady`. */
export const createEvilWriter = ({
  relay,
  random,
  secret,
  room,
  name = 'evil writer',
}: EvilWriterOptions): EvilWriter => {
  const keys = documentKeys(secretFrom(secret), room)
  const vault = createVault({ keys, deviceSeed: random.bytes(32), role: 'writer', random: random.bytes })
  const { docId, genesis, author } = vault
  const session = random.bytes(8)
  const certificate = vault.certify(session)
  let seq = 0
  let head = chainStart(docId, author, session)
  let channel: number | undefined

  const received = (frame: ToClient): void => {
    if (frame.type === 'hello') {
      const proofs = vault.prove(frame.relayKey, frame.nonce, certificate)
      say({ type: 'open', attempt: 1, create: true, genesis, certificate, ...proofs, cursor: undefined })
    }
    if (frame.type === 'opened') channel = frame.channel
  }

  const connection = relay.connect(
    {
      send: (bytes) => {
        const frame = decodeToClient(bytes, () => docId)
        if (frame.ok) received(frame.value)
      },
      close: () => {
        channel = undefined
      },
    },
    name,
  )
  const say = (frame: ToRelay): void => connection.receive(encodeToRelay(frame))
  say({ type: 'hello', minVersion: PROTOCOL_VERSION, maxVersion: PROTOCOL_VERSION, token: '' })

  const seal = (inner: Uint8Array): Update =>
    vault.sealUpdate({ padded: false, session, seq, prev: head, base: NO_ID, logHeight: 0, deps: [] }, inner)
  const sealContent = (content: Content): Update =>
    seal(encodeUpdateInner({ ...content, inflatedLength: undefined, claims: [] }, false))
  const goOnFrom = (update: Update): Update => {
    seq = update.seq + 1
    head = update.id
    return update
  }

  const cover = (): readonly CoverEntry[] => {
    const log = relay.log(toHex(docId))
    const open = openIn(log)
    const heads = new Map<string, CoverEntry>()
    for (const { envelope } of log) {
      if (envelope.type === 'snapshot') continue
      const { author, session, seq, id } = envelope
      const key = toHex(author) + toHex(session)
      if (open.has(key)) heads.set(key, { author, session, seq, head: id, ended: false })
    }
    return [...heads.values()].sort(compareCover)
  }

  return {
    author: toHex(author),
    update: (content) => goOnFrom(sealContent(content)),
    twins: (one, other) => {
      const twins = [sealContent(one), sealContent(other)] as const
      goOnFrom(twins[0])
      return twins
    },
    garbage: () => goOnFrom(seal(random.bytes(64))),
    snapshot: (content, covered = cover()) => {
      const log = relay.log(toHex(docId))
      const active = log.filter(({ envelope }) => envelope.type === 'snapshot').at(-1)
      const parents = active === undefined ? [] : [active.envelope.id]
      const inner = { ...content, inflatedLength: undefined, claims: [], digest: new Uint8Array(0) }
      return vault.sealSnapshot(
        { padded: false, session, logHeight: 0, parents, cover: [...covered].sort(compareCover), chunks: [] },
        encodeSnapshotInner(inner, false),
      )
    },
    cover,
    push: (...envelopes) => {
      if (channel === undefined) throw new Error(`${name} has not got the document open: it was disconnected`)
      const items = envelopes.flatMap((envelope): readonly Item[] =>
        envelope.type === 'update' ? updateItems([envelope]) : [{ type: 'snapshot', snapshot: envelope }],
      )
      say({ type: 'push', channel, items })
    },
    leave: connection.disconnect,
  }
}
