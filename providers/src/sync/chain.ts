/** One session's updates, as far as this log has shown them. */
import type { SessionName, Update } from '../protocol/index.ts'

export interface Chain extends SessionName {
  readonly key: string
  /** Last position that is settled (applied or refused); −1 before the first. */
  readonly seq: number
  readonly head: Uint8Array
  readonly ended: boolean
  readonly held: readonly Update[]
  /** What is held came with a signature that is none; the same may come with a true one. */
  readonly isForged: boolean
  /** Whether a certificate was shown that lets it write. */
  readonly mayWrite: boolean
  /**
   * Nothing that follows is taken until a snapshot covers it: too much is held, which would fill the memory, or its
   * author has signed two histories.
   */
  readonly frozen: boolean
  /** The head is known from an update of the author's own, not from somebody's cover. */
  readonly isVouched: boolean
  /** Set when something is written in an encoding of a newer version: how far this version can read, and so cover. */
  readonly readable: Position | undefined
  /** Last position that this version cannot read; −1 when it can read all. */
  readonly unreadTo: number
  /** The opening of the document in which the relay last showed it: one that has ended is shown no more. */
  readonly shownIn: number
}

export interface Position {
  readonly seq: number
  readonly head: Uint8Array
}
