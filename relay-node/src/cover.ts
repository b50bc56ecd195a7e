/**
 * Whether a snapshot fits: it names the active one as a parent (or is the first), leaves out no session that is open
 * there and goes back in none, names only what is stored, and ends a session only at its head. An update that arrives
 * meanwhile is no obstacle: it stays, on top.
 */
import { equalBytes, type SessionName, type Snapshot } from 'sealsync/protocol'
import { sessionKey } from './document.ts'
import type { ActiveSnapshot, StoredSession } from './store/store.ts'

export interface Chains {
  sessionOf(key: string): StoredSession | undefined
  idAt(key: string, seq: number): Uint8Array | undefined
}

export type Fit =
  | { readonly type: 'fits' }
  /** `ended`: sessions it names that are over, or that this log never had. */
  | { readonly type: 'superseded'; readonly ended: readonly SessionName[] }

export const fitOf = (snapshot: Snapshot, active: ActiveSnapshot | undefined, chains: Chains): Fit => {
  const ended: SessionName[] = []
  const seqs = new Map<string, number>()
  let fits = active === undefined || snapshot.parents.some((parent) => equalBytes(parent, active.id))
  for (const entry of snapshot.cover) {
    const key = sessionKey(entry)
    const session = chains.sessionOf(key)
    seqs.set(key, entry.seq)
    if (session === undefined || session.ended) {
      ended.push({ author: entry.author, session: entry.session })
      fits = false
    } else if (
      !isHeld(chains.idAt(key, entry.seq), entry.head) ||
      (entry.ended && entry.seq !== session.seq)
    ) {
      fits = false
    }
  }
  for (const entry of active?.cover ?? []) {
    if (!entry.ended && (seqs.get(sessionKey(entry)) ?? -1) < entry.seq) fits = false
  }
  return fits ? { type: 'fits' } : { type: 'superseded', ended }
}

const isHeld = (held: Uint8Array | undefined, head: Uint8Array): boolean =>
  held !== undefined && equalBytes(held, head)
