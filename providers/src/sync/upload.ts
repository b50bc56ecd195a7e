/**
 * The chunks of a snapshot of ours on their way up: a few at a time, so that edits and other documents get a turn in
 * between. What is acknowledged is never sent again, whatever becomes of the link.
 */
import { type Chunk, toHex } from '../protocol/index.ts'
import type { Core } from './core.ts'

export interface Upload {
  /** Sends what may go now; true once every chunk is acknowledged. */
  advance(channel: number): boolean
  /** Whether it is a chunk of this upload. */
  isPart(id: Uint8Array): boolean
  acked(id: Uint8Array): void
  /** This one was not taken: it goes once more. */
  again(id: Uint8Array): void
  /** What is under way will not be answered any more. */
  interrupt(): void
  /** The relay lacks some of them after all: all go once more. */
  restart(): void
  /** Those sealed so far, in order. */
  chunks(): readonly Chunk[]
  /** When a chunk under way counts as lost. */
  wakeAt(): number | undefined
}

/** Chunks under way, 256 KiB. */
const WINDOW = 4
const PATIENCE_MS = 10_000

export const createUpload = (
  core: Core,
  { pieces, total }: { readonly pieces: readonly Uint8Array[]; readonly total: number },
): Upload => {
  const { state, vault, options } = core
  /** Sealed as late as possible, and once: sealing takes time, and what is sent again must be the same. */
  const sealed: Chunk[] = []
  const places = new Map<string, number>()
  const acknowledged = new Set<number>()
  const sentAt = new Map<number, number>()
  let bytes = 0

  const tell = (): void => {
    // The filling is no part of what the app has.
    core.emit({ type: 'progress', progress: { direction: 'up', done: Math.min(bytes, total), total } })
  }

  const sealedAt = (index: number, piece: Uint8Array): Chunk => {
    const known = sealed[index]
    if (known !== undefined) return known
    const chunk = vault.sealChunk({ index, padded: options.pad }, piece)
    sealed[index] = chunk
    places.set(toHex(chunk.id), index)
    return chunk
  }

  const forgetLost = (): void => {
    for (const [index, at] of sentAt) if (at + PATIENCE_MS <= state.now) sentAt.delete(index)
  }

  return {
    advance: (channel) => {
      if (sealed.length === 0) tell()
      forgetLost()
      for (const [index, piece] of pieces.entries()) {
        if (sentAt.size >= WINDOW) break
        if (acknowledged.has(index) || sentAt.has(index)) continue
        sentAt.set(index, state.now)
        const chunk = sealedAt(index, piece)
        core.transmit({ type: 'push', channel, items: [{ type: 'chunk', chunk }] })
      }
      return acknowledged.size === pieces.length
    },
    isPart: (id) => places.has(toHex(id)),
    acked: (id) => {
      const index = places.get(toHex(id))
      if (index === undefined || acknowledged.has(index)) return
      sentAt.delete(index)
      acknowledged.add(index)
      bytes += pieces[index]?.length ?? 0
      tell()
    },
    again: (id) => {
      sentAt.delete(places.get(toHex(id)) ?? -1)
    },
    interrupt: () => sentAt.clear(),
    restart: () => {
      sentAt.clear()
      acknowledged.clear()
      bytes = 0
    },
    chunks: () => sealed,
    wakeAt: () => (sentAt.size === 0 ? undefined : Math.min(...sentAt.values()) + PATIENCE_MS),
  }
}
