/** Somebody who has the secret of a document, and puts into it and reads out of it what he likes, without a Repo. */
import { type Content, createClient, type Replica, type SyncDocument } from 'sealsync'
import { type Chunk, readChunks } from '../../../providers/src/automerge/chunk.ts'
import type { House } from '../house/house.ts'

const CHUNKS = 3

export interface RawWriter {
  readonly document: SyncDocument
  /** Chunks that came as updates, and as snapshots. */
  readonly updates: readonly Chunk[]
  readonly snapshots: readonly Chunk[]
  push(bytes: Uint8Array): void
  close(): void
}

export const openRawWriter = (house: House, secret: string, room: string): RawWriter => {
  const client = createClient({ relay: 'ws://relay.test/', WebSocketPolyfill: house.WebSocketPolyfill })
  const updates: Chunk[] = []
  const snapshots: Chunk[] = []
  const replica: Replica = {
    isEmpty: () => true,
    encodings: [CHUNKS],
    merge: ([first]): Content => first ?? { encoding: CHUNKS, payload: new Uint8Array(0) },
    apply: (batch) => {
      for (const { kind, payload } of batch) {
        const chunks = readChunks(payload)
        if (chunks.ok) (kind === 'update' ? updates : snapshots).push(...chunks.value)
      }
      return []
    },
    track: () => undefined,
    missing: () => [],
    capture: () => undefined,
  }
  const document = client.open({ secret, room, snapshot: false }, replica)
  return {
    document,
    updates,
    snapshots,
    push: (payload) => {
      document.push({ encoding: CHUNKS, payload })
      document.flush()
    },
    close: client.close,
  }
}
