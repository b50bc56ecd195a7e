/**
 * Changes of the Repo on their way to the relay: at once, or after a while if somebody else most likely brings them. That
 * is another tab of ours most often, whose Repo told this one.
 */
import { fromHex } from '../bytes.ts'
import type { Content } from '../sync/content.ts'
import { type Change, type Chunk, isChange } from './chunk.ts'
import { piecesOf } from './chunk-content.ts'

export interface Uploads {
  /** Changes that the Repo has told, none of them known before. */
  take(chunks: readonly Chunk[]): void
  /** What somebody else uploads for us, or the core by itself, from now on. */
  mark(chunks: readonly Chunk[]): void
  /** The relay has delivered it. `isInHand`: it was told before. */
  delivered(change: Change, isInHand: boolean): void
  acknowledged(chunks: readonly Chunk[]): void
  waiting(): number
  stopWaiting(): void
  /** All changes that wait, or that the relay has not acknowledged, with what they stand on. */
  unsettled(): ReadonlyMap<string, readonly string[]>
  close(): void
}

const WAIT_MIN_MS = 200
const WAIT_SPREAD_MS = 300

export const createUploads = (options: {
  readonly push: (content: Content) => void
  readonly claim: (actor: Uint8Array) => void
  /** How many changes wait is different now. */
  readonly onWaiting: () => void
}): Uploads => {
  const { push, claim, onWaiting } = options
  const unacknowledged = new Map<string, readonly string[]>()
  /** Actors whose changes someone else uploads. */
  const foreign = new Set<string>()
  const claimed = new Set<string>()
  const waiting = new Map<
    string,
    { readonly change: Change; readonly timer: ReturnType<typeof setTimeout> }
  >()

  /** Each piece for itself: a merged branch may be more than a relay takes as one update. */
  const pushAll = (chunks: readonly Chunk[]): void => {
    for (const piece of piecesOf(chunks)) push(piece)
  }

  const mark = (chunks: readonly Chunk[]): void => {
    for (const chunk of chunks) {
      if (!isChange(chunk)) continue
      unacknowledged.set(chunk.hash, chunk.deps)
      if (claimed.has(chunk.actor) || foreign.has(chunk.actor)) continue
      claimed.add(chunk.actor)
      const actor = fromHex(chunk.actor)
      if (actor !== undefined) claim(actor)
    }
  }

  /** With all that waits before it: no change may reach disk or relay before what it depends on. */
  const sendUpTo = (hash: string): void => {
    const due: Change[] = []
    for (const { change, timer } of waiting.values()) {
      clearTimeout(timer)
      waiting.delete(change.hash)
      due.push(change)
      if (change.hash === hash) break
    }
    mark(due)
    pushAll(due)
    onWaiting()
  }

  const wait = (change: Change): void => {
    const delayMs = WAIT_MIN_MS + Math.random() * WAIT_SPREAD_MS
    waiting.set(change.hash, { change, timer: setTimeout(() => sendUpTo(change.hash), delayMs) })
    onWaiting()
  }

  const drop = (hash: string): void => {
    clearTimeout(waiting.get(hash)?.timer)
    if (waiting.delete(hash)) onWaiting()
  }

  const stopWaiting = (): void => {
    for (const hash of [...waiting.keys()]) drop(hash)
  }

  return {
    take: (chunks) => {
      for (const chunk of chunks) if (isChange(chunk) && foreign.has(chunk.actor)) wait(chunk)
      const ours = chunks.filter((chunk) => !isChange(chunk) || !foreign.has(chunk.actor))
      if (ours.length === 0) return
      for (const hash of ours.filter(isChange).flatMap(({ deps }) => deps))
        if (waiting.has(hash)) sendUpTo(hash)
      mark(ours)
      pushAll(ours)
    },
    mark,
    delivered: ({ hash, actor }, isInHand) => {
      if (!isInHand || unacknowledged.has(hash)) foreign.add(actor)
      drop(hash)
    },
    acknowledged: (chunks) => {
      for (const chunk of chunks) if (isChange(chunk)) unacknowledged.delete(chunk.hash)
    },
    waiting: () => waiting.size,
    stopWaiting,
    unsettled: () =>
      new Map([
        ...unacknowledged,
        ...[...waiting.values()].map(({ change }) => [change.hash, change.deps] as const),
      ]),
    close: () => {
      // The other tab may be about to close, too.
      const left = [...waiting.values()].map(({ change }) => change)
      stopWaiting()
      pushAll(left)
    },
  }
}
