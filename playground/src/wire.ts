/** What goes between a window and the relay, as the panel shows it. */
import type { Log } from './log.ts'

export interface Frame {
  readonly id: number
  readonly direction: 'sent' | 'received'
  readonly bytes: Uint8Array
}

/** A document as its CRDT alone would have sent it. */
export type PlainDocument = () => Uint8Array

export interface Wire {
  readonly frames: Log<Frame>
  /** The latest words that were typed in this window. */
  readonly typed: Log<string>
  readonly plainDocument: PlainDocument
  /** Whose way of sending documents `plainDocument` is. */
  readonly crdt: 'Yjs' | 'Automerge'
}

export const FRAMES_KEPT = 200
