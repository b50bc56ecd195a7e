/**
 * The active snapshot: the one that new clients load, and that everything else lies on top of. One that cannot be read
 * still counts for what it covers, or nobody could follow the log any more; but it replaces nothing that is kept, and
 * whoever holds what it covers makes another in its place.
 */
import { equalBytes, type Snapshot } from '../protocol/index.ts'
import type { Audit } from './audit.ts'
import { chainKey } from './chains.ts'
import type { Core } from './core.ts'
import type { Received } from './effects.ts'
import { encodeItem, logKey } from './keep.ts'
import type { Maker } from './maker.ts'
import { type OpenedSnapshot, openSnapshot } from './opening.ts'

/** What the snapshot's place in the rest of the intake is. */
interface Surroundings {
  /** For the CRDT, with the next batch. */
  readonly receive: (received: Received) => void
  /** Positions up to these are covered: acknowledges edits of our own. */
  readonly settleCovered: (cover: ReadonlyMap<string, number>) => void
  /** What is kept of these chains up to these positions is not needed any more. */
  readonly dropKept: (cover: ReadonlyMap<string, number>) => void
}

export interface Active {
  /** One that the relay delivered. */
  take(snapshot: Snapshot): void
  /** One of the current log from storage: its signature was checked before it was kept. */
  restore(snapshot: Snapshot): void
  /** One of our own was accepted. */
  accepted(snapshot: Snapshot): void
  /** The CRDT could not read this after all. */
  rejected(received: Received): void
  /** The CRDT has applied what it was given: what the active snapshot replaces need not be kept any longer. */
  applied(): void
  /** Keys in storage under which snapshots of the current log are kept. */
  keys(): ReadonlySet<string>
  reset(): void
}

/** `unread`: what it holds is not known here. */
type Content = OpenedSnapshot | 'our own' | 'unread'

export const createActive = (core: Core, maker: Maker, audit: Audit, around: Surroundings): Active => {
  const { state, chains, vault, verify, inflate, options } = core
  /** Snapshots that are kept: the active one and, while that cannot be read, those before it. */
  const keys = new Set<string>()
  /** Whether all that the active snapshot covers was here without it. */
  let heldBefore = false
  /** Set until the CRDT has read the active snapshot. */
  let replaces: (() => void) | undefined

  const keep = (snapshot: Snapshot, cover: ReadonlyMap<string, number>): void => {
    const key = logKey(state.logId, snapshot.id)
    keys.add(key)
    core.keep({ key, value: encodeItem({ type: 'snapshot', snapshot }) })
    replaces = () => {
      around.dropKept(cover)
      for (const other of keys) {
        if (other === key) continue
        keys.delete(other)
        core.keep({ key: other, value: undefined })
      }
    }
  }

  const applied = (): void => {
    replaces?.()
    replaces = undefined
  }

  const activate = (snapshot: Snapshot, content: Content): void => {
    const isReadable = content !== 'unread'
    const isHeld = content === 'our own' || chains.holds(snapshot.cover)
    const wasEmpty = !state.holdsContent
    const cover = new Map(snapshot.cover.map((entry) => [chainKey(entry), entry.seq]))
    heldBefore = isHeld
    around.settleCovered(cover)
    chains.cover(snapshot.cover, isReadable)
    state.active = { id: snapshot.id, entries: snapshot.cover, cover }
    state.since = { updates: 0, bytes: 0 }
    for (const chain of chains.open()) state.since.updates += chain.seq - (cover.get(chain.key) ?? -1)
    maker.discard()
    audit.discard()
    if (options.keep) keep(snapshot, cover)
    if (!isReadable) {
      replaces = undefined
      if (isHeld) maker.replace()
      return
    }
    if (!chains.hasUnread()) state.upgradeNeeded = false
    if (content === 'our own') {
      applied()
      return
    }
    around.receive(content)
    if (!wasEmpty) audit.begin(snapshot, content, content.digest)
  }

  return {
    take: (snapshot) => {
      if (state.active !== undefined && equalBytes(state.active.id, snapshot.id)) return
      if (
        !chains.mayWrite(snapshot) ||
        !verify('env-sig', snapshot.signature, snapshot.author, snapshot.id)
      ) {
        core.alarm('forged', 'a snapshot without a valid signature of a writer', snapshot)
        return
      }
      const opened = openSnapshot(snapshot, vault, inflate)
      if (opened.ok) {
        const isReadable = core.reads(opened.value.encoding)
        if (!isReadable) state.upgradeNeeded = true
        activate(snapshot, isReadable ? opened.value : 'unread')
      } else if (opened.error.type === 'unknown-key') {
        state.needsKey = true
      } else {
        core.alarm('quarantined', opened.error.reason, snapshot)
        activate(snapshot, 'unread')
      }
    },
    restore: (snapshot) => {
      const opened = openSnapshot(snapshot, vault, inflate)
      activate(snapshot, opened.ok && core.reads(opened.value.encoding) ? opened.value : 'unread')
    },
    accepted: (snapshot) => activate(snapshot, 'our own'),
    rejected: ({ envelopeId }) => {
      const { active } = state
      if (active === undefined || !equalBytes(active.id, envelopeId)) return
      audit.discard()
      replaces = undefined
      if (heldBefore) maker.replace()
      else chains.unread(active.entries)
    },
    applied,
    keys: () => keys,
    reset: () => {
      keys.clear()
      replaces = undefined
      state.active = undefined
      state.since = { updates: 0, bytes: 0 }
      audit.discard()
    },
  }
}
