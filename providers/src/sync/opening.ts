/** From a vouched envelope to something for the CRDT. Every failure here is for good, except a missing key. */
import { err, ok, type Result, type Sealed, type Snapshot, type Update } from '../protocol/index.ts'
import {
  type ChunkedInner,
  decodeChunkedInner,
  decodeSnapshotInner,
  decodeUpdateInner,
  type Packed,
  type SnapshotInner,
} from './content.ts'
import type { Received } from './effects.ts'
import type { Vault } from './vault.ts'

/** Inflates raw DEFLATE to exactly `length` bytes, or gives `undefined`; stops at the first byte beyond. */
export type Inflate = (bytes: Uint8Array, length: number) => Uint8Array | undefined

/** `unknown-key`: held. `unreadable`: refused, with the reason. */
export type OpenError =
  | { readonly type: 'unknown-key' }
  | { readonly type: 'unreadable'; readonly reason: string }

const unreadable = (reason: string): Result<never, OpenError> => err({ type: 'unreadable', reason })

const unseal = (envelope: Sealed, vault: Vault): Result<Uint8Array, OpenError> => {
  const opened = vault.open(envelope)
  if (opened.ok) return opened
  return opened.error === 'unknown-key' ? err({ type: opened.error }) : unreadable('damaged seal')
}

const inflated = (packed: Packed, inflate: Inflate): Uint8Array | undefined =>
  packed.inflatedLength === undefined ? packed.payload : inflate(packed.payload, packed.inflatedLength)

export const openUpdate = (update: Update, vault: Vault, inflate: Inflate): Result<Received, OpenError> => {
  const opened = unseal(update, vault)
  if (!opened.ok) return opened
  const inner = decodeUpdateInner(opened.value, update.padded)
  if (!inner.ok) return unreadable(inner.error)
  const payload = inflated(inner.value, inflate)
  if (payload === undefined) return unreadable('update content: does not inflate')
  const { author, session } = update
  return ok({
    kind: 'update',
    author,
    session,
    envelopeId: update.id,
    encoding: inner.value.encoding,
    payload,
    claims: inner.value.claims.map((claim) => ({ author, session, claim })),
  })
}

export interface OpenedSnapshot extends Received {
  /** What its maker says its state is: `Vault.stateDigest`, 32 bytes, or empty. */
  readonly digest: Uint8Array
}

/** What a snapshot in chunks says of the payload that they hold. */
export const openFront = (snapshot: Snapshot, vault: Vault): Result<ChunkedInner, OpenError> => {
  const opened = unseal(snapshot, vault)
  if (!opened.ok) return opened
  const inner = decodeChunkedInner(opened.value, snapshot.padded)
  return inner.ok ? inner : unreadable(inner.error)
}

const openInner = (
  snapshot: Snapshot,
  vault: Vault,
  payload: Uint8Array | undefined,
): Result<SnapshotInner, OpenError> => {
  if (snapshot.chunks.length === 0) {
    const opened = unseal(snapshot, vault)
    if (!opened.ok) return opened
    const inner = decodeSnapshotInner(opened.value, snapshot.padded)
    return inner.ok ? inner : unreadable(inner.error)
  }
  const front = openFront(snapshot, vault)
  if (!front.ok) return front
  return payload === undefined ? unreadable('its chunks are missing') : ok({ ...front.value, payload })
}

/** `payload`: what the chunks hold, of a snapshot that has any. */
export const openSnapshot = (
  snapshot: Snapshot,
  { vault, inflate }: { readonly vault: Vault; readonly inflate: Inflate },
  payload?: Uint8Array,
): Result<OpenedSnapshot, OpenError> => {
  const inner = openInner(snapshot, vault, payload)
  if (!inner.ok) return inner
  const content = inflated(inner.value, inflate)
  if (content === undefined) return unreadable('snapshot content: does not inflate')
  return ok({
    kind: 'snapshot',
    author: snapshot.author,
    session: snapshot.session,
    envelopeId: snapshot.id,
    encoding: inner.value.encoding,
    payload: content,
    claims: inner.value.claims,
    digest: inner.value.digest,
  })
}
