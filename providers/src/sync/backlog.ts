/** Deliveries that wait until the chunks of a snapshot are here, in order. */
import type { Item, ToClient } from '../protocol/index.ts'

export type Deliver = Extract<ToClient, { type: 'deliver' }>

export interface Backlog {
  isEmpty(): boolean
  add(frame: Deliver): void
  /** All of it, which is forgotten; `undefined` when it had grown too large and was dropped. */
  take(): readonly Deliver[] | undefined
  clear(): void
}

/** Beyond it all of it is asked for again, once the chunks are here. */
const MAX_BYTES = 4 * 1024 * 1024
const MAX_FRAMES = 4096

const sizeOf = (item: Item): number => {
  switch (item.type) {
    case 'updates':
      return item.updates.reduce((sum, { header, ciphertext }) => sum + header.length + ciphertext.length, 0)
    case 'snapshot':
      return item.snapshot.header.length + item.snapshot.ciphertext.length
    case 'chunk':
      return item.chunk.ciphertext.length
    default:
      return 200
  }
}

export const createBacklog = (): Backlog => {
  let frames: Deliver[] = []
  let bytes = 0
  let isDropped = false

  const clear = (): void => {
    frames = []
    bytes = 0
    isDropped = false
  }

  return {
    isEmpty: () => frames.length === 0 && !isDropped,
    add: (frame) => {
      if (isDropped) return
      // The first one holds what all others wait for, however large it is.
      if (frames.length > 0) bytes += frame.items.reduce((sum, item) => sum + sizeOf(item), 0)
      frames.push(frame)
      if (bytes <= MAX_BYTES && frames.length <= MAX_FRAMES) return
      clear()
      isDropped = true
    },
    take: () => {
      const taken = isDropped ? undefined : frames
      clear()
      return taken
    },
    clear,
  }
}
