/** From a vouched envelope to something for the CRDT. Every failure here is for good, except a missing key. */
import { err, ok, type Result, type Snapshot, type Update } from '../protocol/index.ts'
import { decodeSnapshotInner, decodeUpdateInner, type Packed } from './content.ts'
import type { Received } from './effects.ts'
import type { Vault } from './vault.ts'

/** Inflates raw DEFLATE to exactly `length` bytes, or gives `undefined`; stops at the first byte beyond. */
export type Inflate = (bytes: Uint8Array, length: number) => Uint8Array | undefined

/** `unknown-key`: held. `unreadable`: refused, with the reason. */
export type OpenError =
  | { readonly type: 'unknown-key' }
  | { readonly type: 'unreadable'; readonly reason: string }

const unreadable = (reason: string): Result<never, OpenError> => err({ type: 'unreadable', reason })

const inflated = (packed: Packed, inflate: Inflate): Uint8Array | undefined =>
  packed.inflatedLength === undefined ? packed.payload : inflate(packed.payload, packed.inflatedLength)

export const openUpdate = (update: Update, vault: Vault, inflate: Inflate): Result<Received, OpenError> => {
  const opened = vault.open(update)
  if (!opened.ok)
    return opened.error === 'unknown-key' ? err({ type: opened.error }) : unreadable('damaged seal')
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

export const openSnapshot = (
  snapshot: Snapshot,
  vault: Vault,
  inflate: Inflate,
): Result<OpenedSnapshot, OpenError> => {
  const opened = vault.open(snapshot)
  if (!opened.ok)
    return opened.error === 'unknown-key' ? err({ type: opened.error }) : unreadable('damaged seal')
  const inner = decodeSnapshotInner(opened.value, snapshot.padded)
  if (!inner.ok) return unreadable(inner.error)
  if (snapshot.chunks.length > 0) return unreadable('snapshot in chunks: made by a newer version')
  const payload = inflated(inner.value, inflate)
  if (payload === undefined) return unreadable('snapshot content: does not inflate')
  return ok({
    kind: 'snapshot',
    author: snapshot.author,
    session: snapshot.session,
    envelopeId: snapshot.id,
    encoding: inner.value.encoding,
    payload,
    claims: inner.value.claims,
    digest: inner.value.digest,
  })
}
