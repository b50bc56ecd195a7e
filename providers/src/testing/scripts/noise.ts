/** A relay that dawdles, and one that talks rubbish. */
import { encodeToClient } from '../../protocol/index.ts'
import type { Random } from '../random.ts'
import { isAmong, type Script, type Who } from '../script.ts'

/**
 * Says everything late, each frame by a random part of `delayMs`, in order.
 * The client should wait, or ask again, and in the end have everything.
 */
export const slow = ({
  delayMs,
  random,
  reader,
}: {
  readonly delayMs: number
  readonly random: Random
  readonly reader?: Who
}): Script => {
  let lastMs = 0
  return {
    outgoing: (frame, { name }, say) => {
      if (!isAmong(name, reader)) return say(frame)
      // Never less than the frame before it: late, not overtaken.
      lastMs = Math.max(lastMs, random() * delayMs)
      say(frame, lastMs)
    },
  }
}

/**
 * Hands over a delivery item by item, one each `everyMs`, as a load by pieces: what is loaded last comes very late.
 * The client should apply what has come, not take the load for finished, and not fill its memory.
 */
export const drip = ({ everyMs, reader }: { readonly everyMs: number; readonly reader?: Who }): Script => ({
  outgoing: (frame, { name }, say) => {
    if (frame.type !== 'deliver' || frame.load !== 'last' || !isAmong(name, reader)) return say(frame)
    const pieces = [...frame.items.map((item) => [item]), []]
    for (const [i, items] of pieces.entries()) {
      const isLast = i === pieces.length - 1
      const load = isLast ? 'last' : 'part'
      say({ ...frame, load, piece: frame.piece + i, caughtUp: isLast, items }, i * everyMs)
    }
  },
})

/**
 * Begins every load and finishes none.
 * The client should ask again after a while, call nothing saved that is not, and never say that it has caught up.
 */
export const stall = ({ reader }: { readonly reader?: Who } = {}): Script => ({
  outgoing: (frame, { name }, say) => {
    const isEnd = frame.type === 'deliver' && frame.load === 'last' && isAmong(name, reader)
    say(isEnd ? { ...frame, load: 'part', caughtUp: false } : frame)
  },
})

/**
 * Sends `count` messages of random bytes ahead of every frame.
 * The client should end the connection at the first of them, and try again with growing pauses.
 */
export const garbage = ({
  random,
  count = 3,
  reader,
}: {
  readonly random: Random
  readonly count?: number
  readonly reader?: Who
}): Script => ({
  outgoing: (frame, { name }, say) => {
    if (isAmong(name, reader)) for (let i = 0; i < count; i++) say(random.bytes(random.int(200)))
    say(frame)
  },
})

/**
 * Changes single bytes in some of the frames.
 * The client should refuse what it cannot decode and what does not verify, and apply none of it.
 */
export const mutate = ({
  random,
  probability = 0.2,
  reader,
}: {
  readonly random: Random
  readonly probability?: number
  readonly reader?: Who
}): Script => ({
  outgoing: (frame, { name }, say) => {
    if (!isAmong(name, reader) || !random.chance(probability)) return say(frame)
    const bytes = encodeToClient(frame)
    bytes[random.int(bytes.length)] = random.int(256)
    say(bytes)
  },
})
