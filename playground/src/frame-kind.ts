/** What the first byte of a frame says. The relay has to know this much to do its work, and may. */
export interface FrameKind {
  readonly name: string
  readonly meaning: string
}

const KINDS = new Map<number, FrameKind>([
  [1, { name: 'hello', meaning: 'the versions that this window speaks' }],
  [2, { name: 'open', meaning: 'the id of a document, and proof of the right to it' }],
  [3, { name: 'push', meaning: 'edits, sealed and signed here' }],
  [4, { name: 'ephemeral', meaning: 'that I am here, sealed and signed, never stored' }],
  [5, { name: 'fetch', meaning: 'asks for envelopes by their ids' }],
  [6, { name: 'close', meaning: 'this window leaves the document' }],
  [7, { name: 'ping', meaning: 'is the link alive?' }],
  [129, { name: 'hello', meaning: "the relay's public key and a fresh number to sign" }],
  [130, { name: 'opened', meaning: 'the document has a channel now' }],
  [131, { name: 'deliver', meaning: 'sealed edits in order, or the receipt for mine' }],
  [132, { name: 'ephemeral', meaning: 'that somebody is here, sealed and signed' }],
  [133, { name: 'found', meaning: 'the envelopes that were asked for' }],
  [134, { name: 'closed', meaning: 'the relay ends the document, with a reason' }],
  [135, { name: 'pong', meaning: 'the link is alive' }],
  [136, { name: 'joined', meaning: "somebody's key of this session; no name" }],
  [137, { name: 'left', meaning: 'a connection has ended' }],
])

/** Carets move more often than anything else happens. */
export const isPresence = (bytes: Uint8Array): boolean => frameKindOf(bytes).name === 'ephemeral'

export const frameKindOf = (bytes: Uint8Array): FrameKind =>
  KINDS.get(bytes[0] ?? 0) ?? { name: 'unknown', meaning: 'a kind that this page does not know' }
