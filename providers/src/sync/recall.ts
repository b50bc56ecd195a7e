/** What comes back from storage: this client's copy of the log, and outboxes that nobody looks after any more. */
import { type Cursor, equalBytes, type Update } from '../protocol/index.ts'
import type { Comparison } from './comparison.ts'
import type { Core } from './core.ts'
import type { Received } from './effects.ts'
import type { Intake } from './intake.ts'
import {
  decodeEntry,
  decodeItem,
  decodeState,
  formerKey,
  HEADS_KEY,
  type KeptItem,
  LOG_PREFIX,
  logIdOfKey,
  logPrefix,
  outboxPrefix,
  STATE_KEY,
} from './keep.ts'
import type { Sender } from './sender.ts'
import type { Witness } from './witness.ts'

type Entries = ReadonlyMap<string, Uint8Array>

export interface Recall {
  restored(entries: Entries, holdsContent: boolean): void
  /** After a reset: what other tabs kept of the old log. */
  reread(entries: Entries): void
  adopted(entries: Entries): void
  /** Whether there was content before anything was loaded. */
  heldContent(): boolean
}

export const createRecall = (
  core: Core,
  owner: string,
  rooms: {
    readonly sender: Sender
    readonly intake: Intake
    readonly comparison: Comparison
    readonly witness: Witness
  },
): Recall => {
  const { state, vault } = core
  const { sender, intake, comparison } = rooms
  let heldContent = false

  const itemsOf = (
    entries: Entries,
    isWanted: (logId: Uint8Array, key: string) => boolean,
  ): ReadonlyMap<string, KeptItem> => {
    const items = new Map<string, KeptItem>()
    for (const [key, value] of entries) {
      const logId = key.startsWith(LOG_PREFIX) ? logIdOfKey(key) : undefined
      if (logId === undefined || !isWanted(logId, key)) continue
      const item = decodeItem(value, vault.docId)
      if (item !== undefined) items.set(key, item)
    }
    return items
  }

  /** What this log may lack: applied, but not taken as known to the relay. */
  const restoreOthers = (others: ReadonlyMap<string, KeptItem>): void => {
    intake.restore(others, false)
    intake.addStale(others.keys())
  }

  const restoreCurrent = (entries: Entries, cursor: Cursor): void => {
    const items = itemsOf(entries, (logId) => equalBytes(logId, cursor.logId))
    state.logId = cursor.logId
    if (intake.restore(items, true) === 'whole') {
      state.cursor = cursor
      const heads = entries.get(HEADS_KEY)
      if (heads !== undefined) rooms.witness.restored(heads)
      comparison.begin('now', heldContent, state.now)
    }
  }

  /** Never continued or sent again in its old chain: opened, to be sealed anew. */
  const contentOf = (update: Update): Received | undefined => core.openAll([update])[0]

  return {
    restored: (entries, holdsContent) => {
      const stored = entries.get(STATE_KEY)
      const cursor = stored === undefined ? undefined : decodeState(stored)
      const others = itemsOf(entries, (logId) => cursor === undefined || !equalBytes(logId, cursor.logId))
      restoreOthers(others)
      heldContent = others.size > 0 || holdsContent
      state.holdsContent ||= heldContent
      core.emit({ type: 'track' })
      comparison.begin('after-load', heldContent, state.now)
      if (cursor !== undefined) restoreCurrent(entries, cursor)
    },
    reread: (entries) => {
      const former = itemsOf(entries, (logId, key) => !equalBytes(logId, state.logId) || !intake.isKept(key))
      restoreOthers(former)
      // A relay set back by hand keeps its log id: what it has lost must not pass for what it holds.
      for (const key of former.keys()) {
        const value = entries.get(key)
        if (value === undefined || !key.startsWith(logPrefix(state.logId))) continue
        const renamed = formerKey(key)
        core.keep({ key, value: undefined })
        core.keep({ key: renamed, value })
        intake.addStale([renamed])
      }
      state.isRereading = false
      intake.keepCursor()
    },
    adopted: (entries) => {
      const batch: Received[] = []
      for (const key of [...entries.keys()].sort()) {
        const value = entries.get(key)
        const isOurs = key.startsWith(outboxPrefix(owner))
        const entry = value === undefined || isOurs ? undefined : decodeEntry(value, vault)
        const reopened = entry?.type === 'sealed' ? contentOf(entry.update) : undefined
        const content = entry?.type === 'plain' ? entry.content : reopened
        if (entry === undefined || content === undefined) continue
        const { author, session } = state.certificate
        const { encoding, payload } = content
        // Told once more: whether the envelope that told it first has arrived, nobody knows.
        const ids = entry.type === 'plain' ? entry.claims : (reopened?.claims ?? []).map(({ claim }) => claim)
        const claims = ids.map((claim) => ({ author, session, claim }))
        batch.push({ kind: 'update', author, session, envelopeId: NOT_SEALED, encoding, payload, claims })
        sender.edited({ encoding, payload }, entry.edits, ids)
        core.keep({ key, value: undefined })
      }
      core.apply(batch, false)
    },
    heldContent: () => heldContent,
  }
}

const NOT_SEALED = new Uint8Array(32)
