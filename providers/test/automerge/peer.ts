/** A real Automerge at the other end of a sync: what it makes of our messages, and what it answers. */
import * as A from '@automerge/automerge'
import {
  decodeSyncMessage,
  encodeSyncMessage,
  type SyncMessage,
  type SyncMessageParts,
} from '../../src/automerge/sync-message.ts'

interface Peer<T> {
  readonly doc: () => A.Doc<T>
  readonly edit: (change: (doc: A.Doc<T>) => A.Doc<T>) => void
  /** Takes our message; gives the answer, if it has one. */
  readonly answerTo: (parts: SyncMessageParts) => SyncMessage | undefined
  /** What it says unasked. */
  readonly speak: () => SyncMessage | undefined
}

export const createPeer = <T>(initial: A.Doc<T>): Peer<T> => {
  let doc = A.clone(initial)
  let state = A.initSyncState()
  const speak = (): SyncMessage | undefined => {
    const [next, bytes] = A.generateSyncMessage(doc, state)
    state = next
    if (bytes === null) return undefined
    const message = decodeSyncMessage(bytes)
    if (message.ok) return message.value
    throw new Error(message.error)
  }
  return {
    doc: () => doc,
    edit: (change) => {
      doc = change(doc)
    },
    answerTo: (parts) => {
      const [nextDoc, nextState] = A.receiveSyncMessage(doc, state, encodeSyncMessage(parts))
      doc = nextDoc
      state = nextState
      return speak()
    },
    speak,
  }
}
