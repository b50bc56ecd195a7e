/** Which document a channel of this connection stands for, and which opening an answer of the relay belongs to. */
import { toHex } from '../protocol/index.ts'

interface Attached {
  readonly docId: Uint8Array
  channel: number | undefined
  /** The last `open` of this document: its number on the wire, and the session's own. */
  attempt: { readonly wire: number; readonly own: number } | undefined
}

type Opening =
  /** For the document; `attempt` is the number that its session gave. */
  | { readonly type: 'expected'; readonly attempt: number }
  /** Its document was closed here before the relay answered. */
  | { readonly type: 'abandoned' }
  /** The answer to an opening that another has replaced, or to none. */
  | { readonly type: 'stale' }
  /** The channel belongs to another document. */
  | { readonly type: 'conflict' }

export interface Channels {
  attach(docId: Uint8Array): void
  /** The channel to be closed, if it has one. */
  detach(docId: Uint8Array): number | undefined
  isAttached(docId: Uint8Array): boolean
  /** Ids of all attached documents, hex. */
  keys(): readonly string[]
  /** The document's session sends an `open`: the number it gets on the wire. */
  opening(docId: Uint8Array, own: number): number
  opened(docId: Uint8Array, wire: number, channel: number): Opening
  closed(docId: Uint8Array): void
  find(channel: number): { readonly key: string; readonly docId: Uint8Array } | undefined
  /** A new connection: no channel is open, nothing was asked. */
  reset(): void
}

export const createChannels = (): Channels => {
  const documents = new Map<string, Attached>()
  const byChannel = new Map<number, { readonly key: string; readonly docId: Uint8Array }>()
  /** Openings that nobody waits for any more, by their number on the wire. */
  const abandoned = new Set<number>()
  let attempts = 0

  const release = (attached: Attached): number | undefined => {
    const { channel } = attached
    if (channel !== undefined) byChannel.delete(channel)
    attached.channel = undefined
    return channel
  }

  return {
    attach: (docId) => {
      documents.set(toHex(docId), { docId, channel: undefined, attempt: undefined })
    },
    detach: (docId) => {
      const key = toHex(docId)
      const attached = documents.get(key)
      documents.delete(key)
      if (attached === undefined) return undefined
      const channel = release(attached)
      if (channel === undefined && attached.attempt !== undefined) abandoned.add(attached.attempt.wire)
      return channel
    },
    isAttached: (docId) => documents.has(toHex(docId)),
    keys: () => [...documents.keys()],
    opening: (docId, own) => {
      // Numbered here: a document that is closed and opened again must not take the old opening's answer for its own.
      attempts += 1
      const attached = documents.get(toHex(docId))
      if (attached !== undefined) attached.attempt = { wire: attempts, own }
      return attempts
    },
    opened: (docId, wire, channel) => {
      const key = toHex(docId)
      const attached = documents.get(key)
      const wasAbandoned = abandoned.delete(wire)
      if (attached === undefined) return { type: wasAbandoned ? 'abandoned' : 'stale' }
      if (attached.attempt?.wire !== wire) return { type: 'stale' }
      if ((byChannel.get(channel)?.key ?? key) !== key) return { type: 'conflict' }
      release(attached)
      attached.channel = channel
      byChannel.set(channel, { key, docId: attached.docId })
      return { type: 'expected', attempt: attached.attempt.own }
    },
    closed: (docId) => {
      const attached = documents.get(toHex(docId))
      if (attached !== undefined) release(attached)
    },
    find: (channel) => byChannel.get(channel),
    reset: () => {
      byChannel.clear()
      abandoned.clear()
      for (const attached of documents.values()) {
        attached.channel = undefined
        attached.attempt = undefined
      }
    },
  }
}
