/** Somebody who has the secret of a document, and writes updates and snapshots of whatever bytes he likes. */
import { createHash } from 'node:crypto'
import * as A from '@automerge/automerge'
import { createClient, type SyncDocument } from 'sealsync'
import type { House } from '../house/house.ts'

const CHUNKS = 3
/** magic and checksum */
const HEADER_BYTES = 8

export interface Forger {
  readonly document: SyncDocument
  /** Acknowledged when it resolves. */
  write(payload: Uint8Array, encoding?: number): Promise<void>
  /** A snapshot of this that says to cover everything; false when the relay did not take it. */
  snapshot(payload: Uint8Array): Promise<boolean>
  close(): void
}

export const openForger = (house: House, secret: string, room: string): Forger => {
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill: house.WebSocketPolyfill })
  let state = new Uint8Array(0)
  const document = client.open(
    { secret, room, snapshot: false },
    {
      isEmpty: () => true,
      encodings: [CHUNKS],
      merge: ([first]) => first ?? { encoding: CHUNKS, payload: new Uint8Array(0) },
      apply: () => [],
      track: () => undefined,
      missing: () => [],
      capture: () => ({ encoding: CHUNKS, payload: state }),
    },
  )
  return {
    document,
    write: async (payload, encoding = CHUNKS) => {
      document.push({ encoding, payload })
      document.flush()
      await document.saved()
    },
    snapshot: (payload) => {
      state = payload.slice()
      return document.snapshot()
    },
    close: client.close,
  }
}

export const sealChunk = (chunk: Uint8Array): Uint8Array<ArrayBuffer> => {
  const sealed = chunk.slice()
  sealed.set(createHash('sha256').update(sealed.subarray(HEADER_BYTES)).digest().subarray(0, 4), 4)
  return sealed
}

export const lastChangeOf = <T>(doc: A.Doc<T>): Uint8Array => A.getLastLocalChange(doc) ?? new Uint8Array(0)

const canBeSaved = (doc: A.Doc<unknown>): boolean => {
  try {
    A.load(A.save(doc))
    return true
  } catch {
    return false
  }
}

/** The next change after this document by an actor of its own, of which Automerge takes one byte that is not as it was. */
export const poison = <T>(doc: A.Doc<T>, edit: A.ChangeFn<T>): Uint8Array => {
  const honest = lastChangeOf(A.change(A.clone(doc), edit))
  for (let i = honest.length - 1; i > HEADER_BYTES + 60; i--) {
    const spoilt = honest.slice()
    spoilt[i] = (spoilt[i] ?? 0) ^ 1
    const sealed = sealChunk(spoilt)
    try {
      const taken = A.loadIncremental(A.clone(doc), sealed)
      const isTaken = A.getHeads(taken).join() !== A.getHeads(doc).join()
      if (isTaken && !canBeSaved(taken)) return sealed
    } catch {
      // This one it does not take.
    }
  }
  throw new Error('Automerge saves everything that it takes')
}

/** The first change of this actor, with operations in columns that Automerge cannot parse. */
export const senseless = (actor: string): Uint8Array => {
  const honest = lastChangeOf(A.from({ items: ['some', 'items'] }, { actor }))
  for (let i = honest.length - 1; i > HEADER_BYTES; i--) {
    const spoilt = honest.slice()
    spoilt[i] = (spoilt[i] ?? 0) ^ 85
    const sealed = sealChunk(spoilt)
    try {
      A.loadIncremental(A.init(), sealed)
    } catch (error) {
      if (error instanceof RangeError && error.message.includes('column')) return sealed
    }
  }
  throw new Error('Automerge takes everything')
}
