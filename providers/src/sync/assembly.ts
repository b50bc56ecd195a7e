/**
 * The chunks of somebody's snapshot on their way down: asked for by id, a few at a time. Those that have come stay when
 * the link drops, so that the next one brings only what is missing. What the relay does not give, or what does not
 * open, is found out in bounded time; what it does not give is asked for again now and then, and on each new opening.
 */
import { type Chunk, equalBytes, type Snapshot, type ToClient, toHex } from '../protocol/index.ts'
import type { Core } from './core.ts'
import { openFront } from './opening.ts'
import { createPieces, type Pieces } from './pieces.ts'

type Found = Extract<ToClient, { type: 'found' }>

/** `withheld`: the relay does not have them, or does not say, so far. `unreadable`: for good. */
type Standing =
  | { readonly type: 'fetching' }
  | { readonly type: 'whole'; readonly chunks: readonly Chunk[]; readonly payload: Uint8Array }
  | { readonly type: 'withheld' | 'unreadable'; readonly reason: string }

export interface Assembly {
  /** Begins to fetch what is missing of this snapshot, in the place of any other. */
  want(snapshot: Snapshot): Standing
  /** Of the snapshot that was wanted last, until it is forgotten. */
  standing(): Standing | undefined
  wanted(): Snapshot | undefined
  /** An answer to a fetch; gives what of it is for others, if anything. */
  found(frame: Found): Found | undefined
  /** What was asked for will not be answered any more: another opening, or no link. */
  interrupt(): void
  /** Whatever is not of this snapshot is not wanted any more. */
  keepOnly(id: Uint8Array | undefined): void
  advance(): void
  wakeAt(): number | undefined
}

/** Chunks that are asked for at a time, 512 KiB, and how many more once there is room. */
const WINDOW = 8
const STEP = 4
/** For an answer. */
const PATIENCE_MS = 15_000
/** How often in a row nothing comes of asking. */
const TRIES = 3
const PAUSE_MS = 500
/** Before what the relay has withheld is asked for again. */
const LATER_MS = 30_000

export const createAssembly = (
  core: Core,
  /** Opens the document once more: a snapshot that the relay has dropped was replaced by another. */
  reopen: () => void,
): Assembly => {
  const { state, vault } = core
  let pieces: Pieces | undefined
  let tries = 0
  let heardAt = 0
  let pauseUntil = 0
  let isWithheld = false
  const asked = new Set<string>()

  const standing = (): Standing | undefined => {
    if (pieces === undefined) return undefined
    const reason = pieces.problem()
    if (reason !== undefined) return { type: 'unreadable', reason: `snapshot in chunks: ${reason}` }
    const whole = pieces.whole()
    if (whole !== undefined) return { type: 'whole', ...whole }
    if (isWithheld) return { type: 'withheld', reason: 'the relay does not give all chunks of a snapshot' }
    return { type: 'fetching' }
  }

  const isIncomplete = (): boolean => {
    const type = standing()?.type
    return type === 'fetching' || type === 'withheld'
  }

  const tell = ({ done, total }: Pieces): void => {
    core.emit({ type: 'progress', progress: { direction: 'down', done: done(), total } })
  }

  const forget = (): void => {
    pieces = undefined
    asked.clear()
  }

  const begin = (snapshot: Snapshot, length: number): void => {
    forget()
    pieces = createPieces(snapshot, length, vault)
    tries = 0
    pauseUntil = 0
    isWithheld = false
    tell(pieces)
  }

  const failed = (): void => {
    asked.clear()
    tries += 1
    isWithheld ||= tries >= TRIES
    pauseUntil = state.now + (isWithheld ? LATER_MS : PAUSE_MS * tries)
    if (!isWithheld) reopen()
  }

  const channel = (): number | undefined => {
    const { phase, paused } = state
    return !paused.receive && (phase.type === 'live' || phase.type === 'loading') ? phase.channel : undefined
  }

  const take = (chunk: Chunk): boolean => {
    if (pieces === undefined) return false
    asked.delete(toHex(chunk.id))
    if (!pieces.add(chunk)) return false
    heardAt = state.now
    pauseUntil = state.now
    tries = 0
    tell(pieces)
    return true
  }

  return {
    want: (snapshot) => {
      if (pieces === undefined || !equalBytes(pieces.snapshot.id, snapshot.id)) {
        const front = openFront(snapshot, vault)
        if (!front.ok) return { type: 'unreadable', reason: 'damaged seal' }
        begin(snapshot, front.value.payloadLength)
      }
      return standing() ?? { type: 'fetching' }
    },
    standing,
    wanted: () => pieces?.snapshot,
    found: (frame) => {
      const lacks = frame.unknown.some((id) => asked.has(toHex(id)))
      const unknown = frame.unknown.filter((id) => !pieces?.isListed(id))
      const items = frame.items.filter((item) => item.type !== 'chunk')
      const isOurs = unknown.length < frame.unknown.length || items.length < frame.items.length
      for (const item of frame.items) if (item.type === 'chunk') take(item.chunk)
      if (lacks) failed()
      return isOurs && unknown.length === 0 && items.length === 0 ? undefined : { ...frame, items, unknown }
    },
    interrupt: () => {
      asked.clear()
      if (isWithheld) pauseUntil = state.now
    },
    keepOnly: (id) => {
      if (pieces !== undefined && (id === undefined || !equalBytes(pieces.snapshot.id, id))) forget()
    },
    advance: () => {
      const to = channel()
      if (pieces === undefined || to === undefined || !isIncomplete()) return
      if (asked.size > 0 && heardAt + PATIENCE_MS <= state.now) {
        failed()
        return
      }
      if (pauseUntil > state.now || asked.size > WINDOW - STEP) return
      const ids = pieces
        .missing()
        .filter((id) => !asked.has(toHex(id)))
        .slice(0, WINDOW - asked.size)
      if (ids.length === 0) return
      if (asked.size === 0) heardAt = state.now
      for (const id of ids) asked.add(toHex(id))
      core.transmit({ type: 'fetch', channel: to, ids })
    },
    wakeAt: () => {
      if (channel() === undefined || !isIncomplete()) return undefined
      return asked.size > 0 ? heardAt + PATIENCE_MS : pauseUntil
    },
  }
}
