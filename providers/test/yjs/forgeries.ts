/** Documents that write under each other's client ids, and replicas that tell what they refuse. */
import * as Y from 'yjs'
import type { Received, Rejection } from '../../src/sync/effects.ts'
import { createYjsReplica, type YjsReplica } from '../../src/yjs/replica.ts'

export const VICTIM = 1000

/** The update of a document that does this under that client id, after it has all of `before`. */
export const updateOf = (
  write: (doc: Y.Doc) => void,
  { clientId = VICTIM, before = [] }: { clientId?: number; before?: readonly Uint8Array[] } = {},
): Uint8Array => {
  const doc = new Y.Doc({ gc: false })
  for (const update of before) Y.applyUpdate(doc, update)
  doc.clientID = clientId
  const known = Y.encodeStateVector(doc)
  doc.transact(() => write(doc))
  return Y.encodeStateAsUpdate(doc, known)
}

export const type =
  (words: string, at = 0) =>
  (doc: Y.Doc): void =>
    doc.getText('text').insert(at, words)

/** Envelope number `id`, of the author with that number. */
export const envelope = (
  id: number,
  payload: Uint8Array,
  more: Partial<Omit<Received, 'author'>> & { readonly author?: number } = {},
): Received => ({
  kind: 'update',
  session: new Uint8Array(8).fill(id),
  envelopeId: new Uint8Array(32).fill(id),
  claims: [],
  encoding: 1,
  payload,
  ...more,
  author: new Uint8Array(32).fill(more.author ?? id),
})

export interface Guarded {
  readonly doc: Y.Doc
  readonly replica: YjsReplica
  /** Numbers of the envelopes that were refused, each with that of the envelope that came before. */
  readonly refused: readonly (readonly [number, number | undefined])[]
  apply(...batch: readonly Received[]): readonly number[]
  text(): string
}

export const guarded = (doc: Y.Doc = new Y.Doc()): Guarded => {
  const refused: (readonly [number, number | undefined])[] = []
  const onRejected = (received: Received, reason: Rejection): void => {
    if (reason.type !== 'conflict') throw new Error(`not a conflict: ${reason.type}`)
    refused.push([received.envelopeId[0] ?? -1, reason.other?.[0]])
  }
  const replica = createYjsReplica(doc, 'provider', { onRejected })
  return {
    doc,
    replica,
    refused,
    apply: (...batch) => replica.apply(batch, false),
    text: () => doc.getText('text').toString(),
  }
}

export const isWhole = ({ store }: Y.Doc): boolean =>
  store.pendingStructs === null && store.pendingDs === null
