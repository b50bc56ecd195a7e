/** Whether one document takes part in the connection that it shares: it can be taken off it, and put back. */
import type { Carrier, Member } from './carrier.ts'

export interface Attachment {
  /** The connection as this document sees it. */
  readonly carrier: Carrier
  /** Idempotent, as is `detach`. */
  attach(): void
  detach(): void
}

export const createAttachment = (shared: Carrier): Attachment => {
  let joined: { readonly docId: Uint8Array; readonly member: Member } | undefined
  let isWanted = true
  /** Not so when another document with this id was there first. */
  let isAttached = false

  const join = (): void => {
    if (joined === undefined || !isWanted) return
    // Before the answer: on a connection that is up the member speaks at once.
    isAttached = true
    isAttached = shared.attach(joined.docId, joined.member)
  }

  const leave = (): void => {
    if (joined === undefined || !isAttached) return
    isAttached = false
    shared.detach(joined.docId)
  }

  return {
    carrier: {
      attach: (docId, member) => {
        joined = { docId, member }
        join()
        return isAttached
      },
      detach: () => {
        leave()
        joined = undefined
      },
      transmit: (docId, frame) => {
        if (isAttached) shared.transmit(docId, frame)
      },
      connection: () => (isWanted ? shared.connection() : 'disconnected'),
      ending: () => (isWanted ? shared.ending() : undefined),
    },
    attach: () => {
      if (isWanted) return
      isWanted = true
      join()
    },
    detach: () => {
      if (!isWanted) return
      isWanted = false
      const wasConnected = isAttached && shared.connection() === 'connected'
      leave()
      if (wasConnected) joined?.member.feed({ type: 'disconnected' })
    },
  }
}
