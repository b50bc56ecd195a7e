import { CLOSE, isPermanent, toHex } from '../protocol/index.ts'
import type { State } from './core.ts'
import type { Alarm, Rejection, SessionStatus } from './effects.ts'

/** One word for what the app shows, in the order of what matters most to its user. */
export const describe = (state: State, isReader: boolean, pending: number): SessionStatus => {
  const { phase } = state
  const closed = phase.type === 'closed' && isPermanent(phase.code) ? phase : undefined
  const shared = { pending, synced: state.caughtUp, isNew: state.isNew, upgradeNeeded: state.upgradeNeeded }
  if (closed?.code === CLOSE.notFound) return { ...shared, sync: 'not-found', reason: closed.reason }
  if (closed !== undefined) return { ...shared, sync: 'blocked', reason: closed.reason }
  if (state.blocked !== undefined) return { ...shared, sync: 'blocked', reason: state.blocked }
  if (state.needsKey) return { ...shared, sync: 'needs-key', reason: undefined }
  if (state.paused.send || state.paused.receive) return { ...shared, sync: 'paused', reason: undefined }
  if (state.relay === undefined) return { ...shared, sync: 'offline', reason: undefined }
  if (!state.caughtUp) return { ...shared, sync: 'loading', reason: undefined }
  if (pending > 0) return { ...shared, sync: 'saving', reason: undefined }
  return { ...shared, sync: isReader ? 'readonly' : 'saved', reason: undefined }
}

export const isSameStatus = (a: SessionStatus, b: SessionStatus): boolean =>
  a.sync === b.sync &&
  a.pending === b.pending &&
  a.synced === b.synced &&
  a.isNew === b.isNew &&
  a.upgradeNeeded === b.upgradeNeeded &&
  a.reason === b.reason

/** The alarm for what the CRDT did not apply, or should not have. */
export const complaintAbout = (reason: Rejection): Pick<Alarm, 'kind' | 'message'> => {
  switch (reason.type) {
    case 'unreadable':
      return { kind: 'quarantined', message: 'the CRDT cannot read this content' }
    case 'spoiling':
      return {
        kind: 'quarantined',
        message: 'with this content in it the document cannot be saved as a whole and loaded again',
      }
    case 'conflict': {
      const from = reason.other === undefined ? '' : `, from envelope ${toHex(reason.other)}`
      const message = `it gives other content to a place that has content already${from}`
      return { kind: 'clientid-conflict', message }
    }
  }
}
