/** What the relay delivers: verified item by item, gathered into one batch for the CRDT and one storage transaction. */
import { equalBytes, type Item, NO_ID, type SessionName, toHex, type Update } from '../protocol/index.ts'
import { type Active, createActive } from './active.ts'
import type { Assembly } from './assembly.ts'
import type { Audit } from './audit.ts'
import type { Deliver } from './backlog.ts'
import { chainKey, type Opened } from './chains.ts'
import type { Claim } from './content.ts'
import type { Core } from './core.ts'
import type { Received } from './effects.ts'
import { encodeItem, encodeState, type KeptItem, LOG_PREFIX, logKey, STATE_KEY } from './keep.ts'
import type { Maker } from './maker.ts'
import type { SealedEntry } from './outbox.ts'
import type { Sender } from './sender.ts'
import { openFormer, readStored, restoreLog } from './stored-log.ts'
import type { Tail } from './tail.ts'
import type { Claim as HeadClaim } from './witness.ts'

export interface Intake {
  /** Items of a frame that follows the cursor, which stays. `gap`: something before them is missing. */
  take(items: readonly Item[], inLoad: boolean): 'taken' | 'gap'
  /** The chunks of the active snapshot may be here, or not come for now. */
  complete(): void
  /** Takes a frame that follows the cursor. */
  deliver(frame: Deliver): 'taken' | 'gap'
  /**
   * Envelopes from storage. `known`: the current log holds them. Anything but `whole` means that storage lacks some of
   * what its cursor stands for.
   */
  restore(items: ReadonlyMap<string, KeptItem>, known: boolean): 'whole' | 'gap'
  /** Another log begins: what was kept of the old one stays in storage until `forgetStale`. */
  reset(): void
  addStale(keys: Iterable<string>): void
  /** Whether the current log has delivered what stands under this key. */
  isKept(key: string): boolean
  forgetStale(): void
  /** Stores the cursor, if what is stored is what it stands for. */
  keepCursor(): void
  readonly active: Active
}

export const createIntake = (
  core: Core,
  rooms: {
    readonly sender: Sender
    readonly maker: Maker
    readonly audit: Audit
    readonly assembly: Assembly
    readonly tail: Tail
    readonly mentioned: (claim: HeadClaim) => void
    readonly lacking: (chain: SessionName) => void
    /** So many acknowledged edits wait for storage. */
    readonly settle: (edits: number) => void
  },
): Intake => {
  const { state, outbox, chains, vault, verify, options } = core
  const { sender, maker, audit, assembly, tail, settle } = rooms
  /** Kept updates of the current log: which chain, and how far. Covered ones are deleted from storage. */
  let kept = new Map<string, { readonly chain: string; readonly lastSeq: number }>()
  const stale = new Set<string>()
  /** Storage still holds, under the name of the current log, what this log may not have. */
  let isReplacing = false
  /** Something was stored that lies above the cursor in storage. */
  let isAhead = false
  let batch: Received[] = []

  const learn = (claims: readonly Claim[]): void => {
    for (const claim of claims) {
      const name = toHex(claim.claim)
      if (!core.claims.has(name)) core.claims.set(name, claim)
    }
  }

  const receive = (received: Received): void => {
    batch.push(received)
    learn(received.claims)
  }

  /** All of one chain. */
  const open = (opened: readonly Opened[]): void => {
    const [first] = opened
    if (first === undefined) return
    const chain = chainKey(first.update)
    for (const { update, received } of opened) {
      receive(received)
      tail.add(chain, update.seq, received)
    }
  }

  const keepItem = (item: Item, id: Uint8Array, last: Update | undefined): void => {
    if (!options.keep) return
    const key = logKey(state.logId, id)
    if (last !== undefined) kept.set(key, { chain: chainKey(last), lastSeq: last.seq })
    core.keep({ key, value: encodeItem(item) })
    isAhead = true
  }

  const count = (updates: readonly Update[]): void => {
    state.since.updates += updates.length
    for (const update of updates) state.since.bytes += update.ciphertext.length
  }

  const settleOwn = (entry: SealedEntry): void => {
    const { update, content, claims } = entry
    const { author, session } = update
    outbox.remove(entry)
    core.emit({ type: 'acknowledged', content })
    settle(entry.edits)
    chains.settleOwn(update, sender.isNew(update))
    tail.add(chainKey(update), update.seq, content)
    count([update])
    keepItem({ type: 'updates', updates: [update], signatures: 'every' }, update.id, update)
    learn(claims.map((claim) => ({ author, session, claim })))
    // Applying it again changes nothing, but marks it as known to the relay.
    if (core.isTracking()) {
      batch.push({ kind: 'update', ...content, author, session, envelopeId: update.id, claims: [] })
    }
  }

  /** Its author has signed that there is one before it. */
  const mentionGap = (first: Update, last: Update): void => {
    const { signature, author, session, seq, prev } = first
    const isSigned = last.signature !== undefined && verify('env-sig', last.signature, author, last.id)
    if (!isSigned || seq === 0 || signature === undefined) return
    rooms.mentioned({ by: first, id: prev, at: { author, session, seq: seq - 1 } })
  }

  /** With the same snapshot below, whatever they have seen lies in front of them in this log. */
  const mentionDeps = (opened: readonly Opened[]): void => {
    for (const { update } of opened) {
      if (!equalBytes(update.base, state.active?.id ?? NO_ID)) continue
      for (const id of update.deps) rooms.mentioned({ by: update, id, at: undefined })
    }
  }

  const takeUpdates = (item: Extract<Item, { type: 'updates' }>, inLoad: boolean): 'taken' | 'gap' => {
    const [first] = item.updates
    const last = item.updates.at(-1)
    if (first === undefined || last === undefined) return 'taken'
    if (equalBytes(first.author, vault.author)) {
      for (const update of item.updates) {
        const entry = outbox.find(update.id)
        if (entry !== undefined) settleOwn(entry)
      }
    }
    const taken = chains.take(item.updates)
    if (taken.type === 'duplicate') return 'taken'
    if (taken.type === 'gap' && !inLoad) mentionGap(first, last)
    if (taken.type === 'gap') {
      if (inLoad) rooms.lacking(first)
      return inLoad ? 'taken' : 'gap'
    }
    open(taken.opened)
    if (!inLoad) mentionDeps(taken.opened)
    for (const { update, reason } of taken.refused) core.alarm('quarantined', reason, update)
    if (taken.complaint !== undefined) core.alarm(taken.complaint.kind, taken.complaint.message, last)
    count(item.updates)
    keepItem(item, first.id, last)
    return 'taken'
  }

  const active = createActive(
    core,
    { sender, maker, audit, assembly },
    {
      receive,
      settleCovered: (cover) => {
        // A cover that reaches one of ours is an acknowledgement of it.
        for (const entry of outbox.sealed()) {
          const covered = cover.get(chainKey(entry.update))
          if (covered !== undefined && covered >= entry.update.seq) settleOwn(entry)
        }
      },
      dropKept: (cover) => {
        for (const [key, { chain, lastSeq }] of kept) {
          if (lastSeq > (cover.get(chain) ?? -1)) continue
          kept.delete(key)
          core.keep({ key, value: undefined })
        }
      },
    },
  )

  const takeAck = (id: Uint8Array): void => {
    const entry = outbox.find(id)
    if (entry !== undefined) {
      settleOwn(entry)
      return
    }
    const made = maker.acked(id)
    if (made !== undefined) active.accepted(made.snapshot, made.chunks)
  }

  const takeItem = (item: Item, inLoad: boolean): 'taken' | 'gap' => {
    switch (item.type) {
      case 'certificate':
        if (chains.admits(item.certificate)) chains.certify(item.certificate)
        return 'taken'
      case 'updates':
        return takeUpdates(item, inLoad)
      case 'snapshot': {
        chains.introduced(item.snapshot)
        // Ours, whose ack was lost: its chunks are here.
        const made = item.snapshot.chunks.length > 0 ? maker.acked(item.snapshot.id) : undefined
        if (made !== undefined) active.accepted(made.snapshot, made.chunks)
        else if (active.take(item.snapshot) === 'behind') {
          // All of the log is loaded, and what it has lost is published again.
          state.cursor = undefined
          return 'gap'
        }
        return 'taken'
      }
      case 'ack':
        takeAck(item.id)
        return 'taken'
      case 'refused': {
        const entry = outbox.find(item.id)
        if (entry === undefined) maker.refused(item)
        else if (sender.refused(entry, item) === 'snapshot-needed') maker.need()
        return 'taken'
      }
      case 'record':
      case 'chunk':
        return 'taken'
    }
  }

  const applyBatch = (known: boolean): void => {
    core.apply(batch, known)
    batch = []
  }

  const take = (items: readonly Item[], inLoad: boolean): 'taken' | 'gap' => {
    let outcome: 'taken' | 'gap' = 'taken'
    for (const item of items) if (takeItem(item, inLoad) === 'gap') outcome = 'gap'
    applyBatch(true)
    return outcome
  }

  /**
   * Not while a snapshot below it is not here: a later run has to be told of that one again. What was stored above the
   * cursor must not pass for what the relay holds either, if it is set back to that cursor: without one all is compared.
   */
  const keepCursor = (): void => {
    if (state.cursor === undefined || state.isRereading || isReplacing) return
    if (!state.isOnItsWay) core.keep({ key: STATE_KEY, value: encodeState(state.cursor) })
    else if (isAhead) core.keep({ key: STATE_KEY, value: undefined })
    isAhead = false
  }

  const isKept = (key: string): boolean => kept.has(key) || active.keys().has(key)

  return {
    active,
    take,
    complete: () => {
      if (!active.complete()) return
      applyBatch(true)
      keepCursor()
    },
    deliver: (frame) => {
      const inLoad = frame.load !== 'none'
      const outcome = take(frame.items, inLoad)
      if (outcome === 'gap' || frame.load === 'part') return outcome
      if (state.cursor === undefined || inLoad || frame.through > state.cursor.version) {
        state.cursor = { logId: state.logId, version: frame.through, digest: frame.digest.slice() }
        keepCursor()
      }
      return 'taken'
    },
    restore: (items, known) => {
      const stored = readStored(items)
      if (known) for (const [key, run] of stored.places) kept.set(key, run)
      const outcome = known ? restoreLog(stored, { core, active, open, count }) : 'whole'
      if (!known) for (const received of openFormer(stored, core)) receive(received)
      applyBatch(known)
      return outcome
    },
    reset: () => {
      maker.discard()
      for (const key of [...kept.keys(), ...active.keys()]) stale.add(key)
      isReplacing = true
      kept = new Map()
      chains.reset()
      active.reset()
      tail.reset()
    },
    addStale: (keys) => {
      for (const key of keys) if (key.startsWith(LOG_PREFIX)) stale.add(key)
    },
    isKept,
    forgetStale: () => {
      for (const key of stale) if (!isKept(key)) core.keep({ key, value: undefined })
      stale.clear()
      isReplacing = false
      keepCursor()
    },
    keepCursor,
  }
}
