/** Which documents the channels of one connection stand for, also those it has closed: frames may still be on their way. */
import type { DocIdOf, Tails } from 'sealsync/protocol'

export interface Channels {
  readonly docIdOf: DocIdOf
  /** What was pushed last on each of them. */
  readonly tails: Tails
  set(channel: number, docId: Uint8Array): void
}

/** Remembers the last `limit` channels. */
export const createChannels = (limit: number): Channels => {
  const docIds = new Map<number, Uint8Array>()
  const tails: Tails = new Map()
  return {
    docIdOf: (channel) => docIds.get(channel),
    tails,
    set: (channel, docId) => {
      docIds.delete(channel)
      docIds.set(channel, docId)
      const oldest = docIds.size > limit ? docIds.keys().next() : undefined
      if (oldest?.done !== false) return
      docIds.delete(oldest.value)
      tails.delete(oldest.value)
    },
  }
}
