/** What comes back from storage: this client's copy of the log, and outboxes that nobody looks after any more. */
import { type Cursor, equalBytes, type Item, type Update } from '../protocol/index.ts'
import type { Comparison } from './comparison.ts'
import type { Core } from './core.ts'
import type { Received } from './effects.ts'
import type { Intake } from './intake.ts'
import {
  decodeEntry,
  decodeItem,
  decodeState,
  LOG_PREFIX,
  logIdOfKey,
  outboxPrefix,
  STATE_KEY,
} from './keep.ts'
import type { Sender } from './sender.ts'

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
  rooms: { readonly sender: Sender; readonly intake: Intake; readonly comparison: Comparison },
): Recall => {
  const { state, vault } = core
  const { sender, intake, comparison } = rooms
  let heldContent = false

  const itemsOf = (entries: Entries, isWanted: (logId: Uint8Array) => boolean): ReadonlyMap<string, Item> => {
    const items = new Map<string, Item>()
    for (const [key, value] of entries) {
      const logId = key.startsWith(LOG_PREFIX) ? logIdOfKey(key) : undefined
      if (logId === undefined || !isWanted(logId)) continue
      const item = decodeItem(value, vault.docId)
      if (item !== undefined) items.set(key, item)
    }
    return items
  }

  const restoreOthers = (entries: Entries, current: Uint8Array | undefined): number => {
    const others = itemsOf(entries, (logId) => current === undefined || !equalBytes(logId, current))
    intake.restore(others, false)
    intake.addStale(others.keys())
    return others.size
  }

  const restoreCurrent = (entries: Entries, cursor: Cursor): void => {
    const items = itemsOf(entries, (logId) => equalBytes(logId, cursor.logId))
    state.logId = cursor.logId
    if (intake.restore(items, true) === 'whole') {
      state.cursor = cursor
      comparison.begin('now', heldContent, state.now)
    }
  }

  /** Never continued or sent again in its old chain: opened, to be sealed anew. */
  const contentOf = (update: Update): Received | undefined => core.openAll([update])[0]

  return {
    restored: (entries, holdsContent) => {
      const stored = entries.get(STATE_KEY)
      const cursor = stored === undefined ? undefined : decodeState(stored)
      heldContent = restoreOthers(entries, cursor?.logId) > 0 || holdsContent
      core.emit({ type: 'track' })
      comparison.begin('after-load', heldContent, state.now)
      if (cursor !== undefined) restoreCurrent(entries, cursor)
    },
    reread: (entries) => {
      restoreOthers(entries, state.logId)
    },
    adopted: (entries) => {
      const batch: Received[] = []
      for (const key of [...entries.keys()].sort()) {
        const value = entries.get(key)
        const isOurs = key.startsWith(outboxPrefix(owner))
        const entry = value === undefined || isOurs ? undefined : decodeEntry(value, vault)
        const content = entry?.type === 'sealed' ? contentOf(entry.update) : entry?.content
        if (entry === undefined || content === undefined) continue
        const { author, session } = state.certificate
        const { encoding, payload } = content
        batch.push({ kind: 'update', author, session, envelopeId: NOT_SEALED, encoding, payload, claims: [] })
        sender.edited({ encoding, payload }, 1, entry.type === 'plain' ? entry.claims : [])
        core.keep({ key, value: undefined })
      }
      if (batch.length > 0) core.emit({ type: 'apply', batch, known: false })
    },
    heldContent: () => heldContent,
  }
}

const NOT_SEALED = new Uint8Array(32)
