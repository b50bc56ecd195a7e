/** Yjs in the simulation: a text that grows and shrinks, and a map with the id of each edit. */
import * as Y from 'yjs'
import { createYjsReplica } from '../../../providers/src/yjs/replica.ts'
import type { SimDocument, SimProvider } from './sim-document.ts'

export interface YjsDocument extends SimDocument {
  readonly doc: Y.Doc
}

export const createYjsDocument = (provider: SimProvider, doc: Y.Doc = new Y.Doc()): YjsDocument => {
  const { random, onEdited, onRejected } = provider
  // Yjs draws client ids from the platform's dice; a seed must give the same run every time.
  doc.clientID = 1 + random.int(2 ** 31)
  const origin = {}
  const text = doc.getText('text')
  const edits = doc.getMap('edits')
  let ids: readonly string[] = []
  const onUpdate = (payload: Uint8Array, from: unknown): void => {
    if (from !== origin) onEdited({ encoding: 1, payload }, ids)
  }
  doc.on('update', onUpdate)
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
    close: () => doc.off('update', onUpdate),
    reopen: (next) => createYjsDocument(next, doc),
  }
}
