/**
 * Yjs in the simulation: a text that grows, shrinks, and is undone, and a map with the id of each edit. Some documents
 * collect garbage, some keep everything that was deleted.
 */
import * as Y from 'yjs'
import { claimFrom } from '../../../providers/src/yjs/client-ids.ts'
import { watchEdits } from '../../../providers/src/yjs/local-edits.ts'
import { createYjsReplica } from '../../../providers/src/yjs/replica.ts'
import type { SimDocument, SimProvider } from './sim-document.ts'

export interface YjsDocument extends SimDocument {
  readonly doc: Y.Doc
}

export const createYjsDocument = (
  provider: SimProvider,
  given?: Y.Doc,
  { undoes = true }: { readonly undoes?: boolean } = {},
): YjsDocument => {
  const { random, onEdited, onClaimed, onRejected } = provider
  const doc = given ?? new Y.Doc({ gc: random.chance(0.7) })
  // Yjs draws client ids from the platform's dice, also when it meets its own in what others wrote; a seed must give the
  // same run every time. A document keeps its own for the next provider.
  let clientId = given?.clientID
  const ownClientId = (): void => {
    if (doc.clientID === clientId) return
    clientId = 1 + random.int(2 ** 31)
    doc.clientID = clientId
  }
  ownClientId()
  doc.on('afterTransactionCleanup', ownClientId)
  const origin = {}
  const text = doc.getText('text')
  const edits = doc.getMap('edits')
  const undoing = new Y.UndoManager(text, { captureTimeout: 0 })
  let ids: readonly string[] = []
  const unclaimed: number[] = []
  const stop = watchEdits({
    ...{ doc, origin },
    claim: (id) => unclaimed.push(id),
    push: (content) => {
      // With the first edit under it: before there may be no session yet.
      for (const id of unclaimed.splice(0)) onClaimed(claimFrom(id))
      onEdited(content, ids)
    },
    onClientId: () => {},
  })
  return {
    doc,
    replica: createYjsReplica(doc, origin, { onRejected }),
    edit: (id) => {
      ids = [id]
      doc.transact(() => {
        edits.set(id, true)
        const at = random.int(text.length + 1)
        text.insert(at, id)
        if (random.chance(0.3) && text.length > 20) text.delete(random.int(text.length - 10), 5)
      })
      ids = []
      // Content that was deleted comes back under new ids, and what was written is deleted again.
      if (undoes && random.chance(0.2)) undoing.undo()
      if (undoes && random.chance(0.1)) undoing.redo()
    },
    edits: () => new Set(edits.keys()),
    facts: () =>
      new Map([
        ['text', text.toString()],
        ...[...edits.keys()].map((id) => [`edit ${id}`, 'there'] as const),
        ...[...Y.decodeStateVector(Y.encodeStateVector(doc))].map(
          ([client, clock]) => [`clock ${client}`, `${clock}`] as const,
        ),
      ]),
    isIncomplete: () => doc.store.pendingStructs !== null,
    close: () => {
      undoing.destroy()
      stop()
      doc.off('afterTransactionCleanup', ownClientId)
    },
    reopen: (next) => createYjsDocument(next, doc, { undoes }),
  }
}
