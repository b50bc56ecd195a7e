/** What an app would be shown of a session, as `client/document.ts` has it: told when it changes. */
import type { DocumentStatus } from '../../../providers/src/client/sync-document.ts'
import type { SessionStatus } from '../../../providers/src/sync/effects.ts'

/** `hasWire`: there is a connection, or an attempt at one is under way. */
export type ShowStatus = (status: SessionStatus, hasWire: boolean) => void

export const createShownStatus = (tell: (status: DocumentStatus) => void): ShowStatus => {
  let shown: SessionStatus | undefined
  let connection: DocumentStatus['connection'] = 'connecting'
  return (status, hasWire) => {
    // Until the first attempt has failed it is on its way, not offline.
    const next = hasWire ? 'connected' : connection === 'connecting' ? 'connecting' : 'disconnected'
    if (status === shown && next === connection) return
    shown = status
    connection = next
    const sync = status.sync === 'offline' && next === 'connecting' ? 'loading' : status.sync
    tell({ ...status, sync, connection })
  }
}
