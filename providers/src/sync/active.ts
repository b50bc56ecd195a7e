/**
 * The active snapshot: the one that new clients load, and that everything else lies on top of. One that cannot be read
 * still counts for what it covers, or nobody could follow the log any more; but it replaces nothing that is kept, and
 * whoever holds what it covers makes another in its place.
 */
import { type Chunk, equalBytes, type Snapshot } from '../protocol/index.ts'
import type { Assembly } from './assembly.ts'
import type { Audit } from './audit.ts'
import { chainKey } from './chains.ts'
import type { Core } from './core.ts'
import type { Received } from './effects.ts'
import { encodeItem, logKey } from './keep.ts'
import type { Maker } from './maker.ts'
import { type OpenedSnapshot, openFront, openSnapshot } from './opening.ts'
import { type KeptSnapshot, payloadOf } from './pieces.ts'
import type { Sender } from './sender.ts'

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
  /** Whether this one, which the relay delivered, can only be taken once its chunks are here; they are fetched then. */
  waits(snapshot: Snapshot): boolean
  /** One that the relay delivered, and that does not wait. `behind`: the log has gone back behind the active one. */
  take(snapshot: Snapshot): 'taken' | 'behind'
  /** Takes the active one if its chunks are here meanwhile, or will not come for now; whether it did. */
  complete(): boolean
  /**
   * One of the current log from storage: its signature was checked before it was kept. `gap`: its chunks were not kept,
   * and what it covers is not here.
   */
  restore(kept: KeptSnapshot): 'whole' | 'gap'
  /** One of our own was accepted. */
  accepted(snapshot: Snapshot, chunks: readonly Chunk[]): void
  /** The CRDT could not read this after all. */
  rejected(received: Received): void
  /** The CRDT has applied what it was given: what the active snapshot replaces need not be kept any longer. */
  applied(): void
  /** Keys in storage under which snapshots of the current log are kept. */
  keys(): ReadonlySet<string>
  reset(): void
}

/** `unread`: what it holds is not known here. `on its way`: not yet. `withheld`: the relay does not give it, so far. */
type Content = OpenedSnapshot | 'our own' | 'unread' | 'on its way' | 'withheld'

export const createActive = (
  core: Core,
  rooms: {
    readonly sender: Sender
    readonly maker: Maker
    readonly audit: Audit
    readonly assembly: Assembly
  },
  around: Surroundings,
): Active => {
  const { state, chains, vault, verify, options } = core
  const { sender, maker, audit, assembly } = rooms
  /** Snapshots that are kept: the active one and, while that cannot be read, those before it. */
  const keys = new Set<string>()
  /** Whether all that the active snapshot covers was here without it. */
  let heldBefore = false
  /** Set until the CRDT has read the active snapshot. */
  let replaces: (() => void) | undefined

  const keep = (
    { snapshot, chunks }: KeptSnapshot,
    cover: ReadonlyMap<string, number>,
    isStored: boolean,
  ): void => {
    if (!options.keep) return
    const key = logKey(state.logId, snapshot.id)
    keys.add(key)
    if (!isStored) core.keep({ key, value: encodeItem({ type: 'snapshot', snapshot }, chunks) })
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

  const isActive = ({ id }: Snapshot): boolean =>
    state.active !== undefined && equalBytes(state.active.id, id)

  const replace = (snapshot: Snapshot, cover: ReadonlyMap<string, number>, isReadable: boolean): void => {
    around.settleCovered(cover)
    chains.cover(snapshot.cover, isReadable)
    state.active = { id: snapshot.id, parents: snapshot.parents, entries: snapshot.cover, cover }
    state.since = { updates: 0, bytes: 0 }
    // What this version cannot read its next snapshot would not cover either.
    for (const chain of chains.open()) {
      const { seq } = chain.readable ?? chain
      state.since.updates += Math.max(0, seq - (cover.get(chain.key) ?? -1))
    }
    maker.discard()
    audit.discard()
  }

  const activate = (
    kept: KeptSnapshot,
    content: Content,
    { isStored }: { readonly isStored: boolean } = { isStored: false },
  ): void => {
    const { snapshot } = kept
    const isReadable = content !== 'unread' && content !== 'withheld'
    const isHeld = content === 'our own' || chains.holds(snapshot.cover)
    const wasEmpty = !state.holdsContent
    const cover = new Map(snapshot.cover.map((entry) => [chainKey(entry), entry.seq]))
    heldBefore = isHeld
    // When its chunks have come it takes the place that it has already.
    if (!state.isOnItsWay || !isActive(snapshot)) replace(snapshot, cover, isReadable)
    state.isOnItsWay = content === 'on its way'
    if (content === 'on its way') {
      // What it covers stays in storage, and the cursor there below it, until all of it is here.
      replaces = undefined
      return
    }
    assembly.keepOnly(content === 'withheld' ? snapshot.id : undefined)
    keep(kept, cover, isStored)
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

  const isVouched = (snapshot: Snapshot): boolean =>
    chains.mayWrite(snapshot) && verify('env-sig', snapshot.signature, snapshot.author, snapshot.id)

  /**
   * A log takes only what stands on its active snapshot and goes back in no session: this one is older. What was covered
   * meanwhile is not known update by update here, so nobody could say what it lacks.
   */
  const isBehind = ({ id, cover }: Snapshot): boolean => {
    const { active } = state
    if (active === undefined) return false
    return (
      active.parents.some((parent) => equalBytes(parent, id)) ||
      cover.some((entry) => entry.seq < (active.cover.get(chainKey(entry)) ?? -1))
    )
  }

  /** Its own seal opens, and says what the chunks hold. */
  const isInChunks = (snapshot: Snapshot): boolean =>
    snapshot.chunks.length > 0 && openFront(snapshot, vault).ok

  /** Then nothing has to wait for its content. Not while what it holds counts as known to the relay. */
  const isHeldHere = (snapshot: Snapshot): boolean =>
    state.holdsContent && !core.isTracking() && chains.holds(snapshot.cover)

  const takeOpened = (kept: KeptSnapshot, payload: Uint8Array | undefined): void => {
    const { snapshot } = kept
    const opened = openSnapshot(snapshot, core, payload)
    if (opened.ok) {
      const isReadable = core.reads(opened.value.encoding)
      if (!isReadable) state.upgradeNeeded = true
      activate(kept, isReadable ? opened.value : 'unread')
    } else if (opened.error.type === 'unknown-key') {
      state.needsKey = true
    } else {
      core.alarm('quarantined', opened.error.reason, snapshot)
      activate(kept, 'unread')
    }
  }

  const takeInChunks = (snapshot: Snapshot): void => {
    const standing = assembly.want(snapshot)
    switch (standing.type) {
      case 'fetching':
        activate({ snapshot, chunks: [] }, 'on its way')
        return
      case 'whole':
        takeOpened({ snapshot, chunks: standing.chunks }, standing.payload)
        return
      case 'withheld':
        core.alarm('withheld', standing.reason, snapshot)
        activate({ snapshot, chunks: [] }, 'withheld')
        return
      case 'unreadable':
        core.alarm('quarantined', standing.reason, snapshot)
        activate({ snapshot, chunks: [] }, 'unread')
    }
  }

  return {
    waits: (snapshot) =>
      isInChunks(snapshot) &&
      !isActive(snapshot) &&
      !maker.isOurs(snapshot.id) &&
      isVouched(snapshot) &&
      !isHeldHere(snapshot) &&
      assembly.want(snapshot).type === 'fetching',
    take: (snapshot) => {
      if (isActive(snapshot)) return 'taken'
      if (!isVouched(snapshot)) {
        core.alarm('forged', 'a snapshot without a valid signature of a writer', snapshot)
        return 'taken'
      }
      if (isBehind(snapshot)) {
        core.alarm('rollback', 'the relay has gone back behind the snapshot that it had delivered', snapshot)
        return 'behind'
      }
      if (sender.isMisnamedBy(snapshot.cover)) {
        core.alarm('forged', 'a snapshot covers what the session of this device has not written', snapshot)
        // Others would take our next updates for covered, and we these for acknowledged.
        sender.endSession(0)
      }
      if (isInChunks(snapshot)) takeInChunks(snapshot)
      else takeOpened({ snapshot, chunks: [] }, undefined)
      return 'taken'
    },
    complete: () => {
      const snapshot = assembly.wanted()
      if (snapshot === undefined || !isActive(snapshot)) return false
      if (!state.isOnItsWay && assembly.standing()?.type === 'withheld') return false
      takeInChunks(snapshot)
      return true
    },
    restore: (kept) => {
      const { snapshot } = kept
      const opened = openSnapshot(snapshot, core, payloadOf(kept, vault))
      const isIncomplete = kept.chunks.length < snapshot.chunks.length
      if (isIncomplete && !chains.holds(snapshot.cover)) return 'gap'
      const isReadable = opened.ok && core.reads(opened.value.encoding)
      activate(kept, isReadable ? opened.value : 'unread', { isStored: kept.chunks.length > 0 })
      return 'whole'
    },
    accepted: (snapshot, chunks) => activate({ snapshot, chunks }, 'our own'),
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
      state.isOnItsWay = false
      state.active = undefined
      state.since = { updates: 0, bytes: 0 }
      audit.discard()
    },
  }
}
