/** Carries a y-protocols Awareness over a document's presence: our whole state out, the states of others in. */
import {
  type Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import type { SessionName } from '../protocol/item.ts'
import { decodeAwarenessUpdate, encodeAwarenessEntries } from './awareness-update.ts'
import type { ClientIds } from './client-ids.ts'
import { createThrottle, type StartTimer, startTimer } from './throttle.ts'

export interface AwarenessBinding {
  /** What another session shows; `undefined`: it has left. */
  received(from: SessionName, payload: Uint8Array | undefined): void
  /** The connection is gone: nobody else is here as far as we know. */
  disconnected(): void
  /** The document may have another client id now; our state moves to it. */
  follow(): void
  close(): void
}

/** What shows a page that is about to be left, or comes back; a window. */
export type Page = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

/** Cursors are worth about as many frames as a screen that is looked at casually. */
const SEND_EVERY_MS = 30
/** A payload must fit into one ephemeral. */
const MAX_PAYLOAD_BYTES = 60 * 1024
/** A state that was withdrawn this shortly before the page was left was withdrawn for that. */
const LEAVING_MS = 1000

interface AwarenessChange {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

export const bindAwareness = (deps: {
  readonly awareness: Awareness
  readonly doc: Doc
  /** The origin of changes that come from others. */
  readonly origin: unknown
  readonly clientIds: ClientIds
  readonly present: (payload: Uint8Array | undefined) => void
  readonly page?: Page | undefined
  readonly start?: StartTimer
}): AwarenessBinding => {
  const { awareness, doc, origin, clientIds, present, page = windowOf(), start = startTimer } = deps
  let lastState = awareness.getLocalState()
  let isClosed = false
  let kept: ReturnType<Awareness['getLocalState']> = null

  const throttle = createThrottle(
    () => {
      const payload = encodeAwarenessUpdate(awareness, [awareness.clientID])
      if (payload.length > MAX_PAYLOAD_BYTES) {
        throw new RangeError(
          `awareness: the local state has ${payload.length} bytes; show at most ${MAX_PAYLOAD_BYTES}`,
        )
      }
      present(payload)
    },
    SEND_EVERY_MS,
    start,
  )

  const send = (): void => {
    const state = awareness.getLocalState()
    if (state !== null) {
      lastState = state
      throttle.trigger()
      return
    }
    throttle.cancel()
    present(undefined)
  }

  // 'update' and not 'change': Lexical changes its state in place, and what did not change renews itself.
  const onUpdate = ({ added, updated, removed }: AwarenessChange, from: unknown): void => {
    if (from === origin) return
    if ([...added, ...updated, ...removed].includes(awareness.clientID)) send()
  }

  /** A session that comes back with the same clock must be believed again, so what was known of it goes, too. */
  const remove = (gone: readonly number[]): void => {
    const others = gone.filter((clientId) => clientId !== awareness.clientID)
    if (others.length === 0) return
    removeAwarenessStates(awareness, [...others], origin)
    for (const clientId of others) awareness.meta.delete(clientId)
  }

  const onPageHide = (): void => {
    const withdrawnAt = awareness.meta.get(awareness.clientID)?.lastUpdated ?? 0
    const isLeaving = Date.now() - withdrawnAt < LEAVING_MS
    kept = awareness.getLocalState() ?? (isLeaving ? lastState : null)
    awareness.setLocalState(null)
  }
  const onPageShow = (): void => {
    // Editors only set fields, which does nothing while there is no state: without this the cursor never comes back.
    if (kept !== null && awareness.getLocalState() === null) awareness.setLocalState(kept)
    kept = null
  }

  awareness.on('update', onUpdate)
  page?.addEventListener('pagehide', onPageHide)
  page?.addEventListener('pageshow', onPageShow)
  if (awareness.getLocalState() !== null) send()

  return {
    received: (from, payload) => {
      if (payload === undefined) {
        remove(clientIds.leave(from))
        return
      }
      const entries = decodeAwarenessUpdate(payload)?.filter(
        ({ clientId }) => clientId !== awareness.clientID,
      )
      if (entries === undefined) return
      const { taken, gone } = clientIds.show(
        from,
        entries.map(({ clientId }) => clientId),
      )
      remove(gone)
      const shown = entries.filter(({ clientId }) => taken.has(clientId))
      if (shown.length > 0) applyAwarenessUpdate(awareness, encodeAwarenessEntries(shown), origin)
    },
    disconnected: () => remove(clientIds.leaveAll()),
    follow: () => {
      const { clientID } = doc
      const before = awareness.clientID
      if (isClosed || before === clientID || awareness.doc !== doc) return
      const state = awareness.getLocalState()
      const clock = awareness.meta.get(before)?.clock ?? 0
      awareness.clientID = clientID
      // Others take no state with clock 0 for news.
      awareness.meta.set(clientID, { clock, lastUpdated: Date.now() })
      if (state !== null) awareness.setLocalState(state)
      removeAwarenessStates(awareness, [before], 'local')
      awareness.meta.delete(before)
    },
    close: () => {
      isClosed = true
      throttle.cancel()
      awareness.off('update', onUpdate)
      page?.removeEventListener('pagehide', onPageHide)
      page?.removeEventListener('pageshow', onPageShow)
      present(undefined)
      remove(clientIds.leaveAll())
    },
  }
}

const windowOf = (): Page | undefined =>
  typeof globalThis.addEventListener === 'function' && globalThis.document !== undefined
    ? globalThis
    : undefined
