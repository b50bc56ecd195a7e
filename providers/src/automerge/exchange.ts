/**
 * Questions to a Repo and its answers, told in Automerge's sync protocol by hand (docs/automerge.md). Three rules make
 * that safe without a document of our own:
 *
 * - After a message whose `lastSync` names a change that the Repo cannot know, it forgets what it has sent and answers
 *   with a *reset*. From then on it is *silent* about its changes until asked, so no answer is taken for another.
 * - It always answers a question: one of our heads is a change that it cannot know either.
 * - One thing at a time.
 */
import type { Chunk } from './chunk.ts'
import { encodeSyncMessage, type SyncMessage, type SyncMessageParts } from './sync-message.ts'

export type Heads = readonly string[]
type Heard = (message: SyncMessage, chunks: readonly Chunk[]) => boolean

/** What is known of the Repo. */
export interface Standing {
  /** It tells its changes on its own, as they are made. */
  isOpen: boolean
  /** It tells nothing until asked, and remembers nothing as sent. */
  isSilent: boolean
  /** In hand with all that leads to them, and known to the Repo. */
  held: Heads
  /** What the Repo believes that we hold for good. */
  claimed: Heads
  /** The heads of its document that it told last. */
  told: Heads
}

export interface Exchange {
  say(parts: SyncMessageParts): void
  /** `heard` is asked about each message and says whether it was that; `late`: none came. */
  expect(heard: Heard, late: () => void, replyMs?: number): void
  /** It came. */
  settle(): void
  isExpecting(): boolean
  heard: Heard
  /** The Repo forgets what it has sent, and falls silent. */
  silence(then: () => void): void
  /** Asks a silent Repo for everything after `since`; it is open from the answer on. */
  question(since: Heads, tell: (chunks: readonly Chunk[]) => void): void
  /** Hands chunks to a Repo that is silent, or has not met us. */
  deliver(chunks: readonly Chunk[], done: (rejected: readonly Chunk[]) => void): void
  close(): void
}

/** The hash of no change. */
export const UNKNOWN: string = 'ff'.repeat(32)
export const REPLY_MS = 1_000
const MAX_REPLY_MS = 30_000

export const isReset = ({ changes, need, have }: SyncMessage): boolean =>
  changes.length === 0 &&
  need.length === 0 &&
  have.length === 1 &&
  have[0]?.lastSync.length === 0 &&
  have[0].entries === 0

export const createExchange = (
  standing: Standing,
  options: { readonly emit: (data: Uint8Array) => void; readonly onLost: () => void },
): Exchange => {
  const { emit, onLost } = options
  let expectation: Heard | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const say = (parts: SyncMessageParts): void => emit(encodeSyncMessage(parts))

  const expect = (heard: Heard, late: () => void, replyMs = REPLY_MS): void => {
    clearTimeout(timer)
    expectation = heard
    timer = setTimeout(() => {
      expectation = undefined
      late()
    }, replyMs)
  }

  const settle = (): void => {
    clearTimeout(timer)
    expectation = undefined
  }

  const expectReset = (then: () => void, late: () => void, replyMs = REPLY_MS): void =>
    expect(
      (message) => {
        if (!isReset(message)) return false
        settle()
        standing.isSilent = true
        then()
        return true
      },
      late,
      replyMs,
    )

  const silence = (then: () => void, replyMs = REPLY_MS): void => {
    standing.isOpen = false
    if (standing.isSilent) {
      then()
      return
    }
    say({ heads: [], have: [[UNKNOWN]] })
    expectReset(then, () => silence(then, Math.min(2 * replyMs, MAX_REPLY_MS)), replyMs)
  }

  const question = (since: Heads, tell: (chunks: readonly Chunk[]) => void): void => {
    standing.claimed = [UNKNOWN]
    say({ heads: standing.claimed, have: [since] })
    expect(
      (message, chunks) => {
        // A local edit of a silent Repo looks the same as the answer that it does not know all of `since`.
        if (isReset(message)) return false
        settle()
        standing.isOpen = true
        standing.isSilent = false
        standing.held = message.heads
        standing.told = message.heads
        tell(chunks)
        return true
      },
      () =>
        probe(since, (known) => {
          standing.isSilent = false
          if (standing.told.some((head) => since.includes(head) && !known.includes(head))) onLost()
          else silence(() => question(known, tell))
        }),
    )
  }

  /** Which of these heads does it know? */
  const probe = (heads: Heads, then: (known: Heads) => void): void => {
    say({ heads, have: [] })
    expect(
      ({ need }) => {
        if (need.length === 0) return false
        settle()
        const known = heads.filter((head) => !need.includes(head))
        then(known.length < heads.length ? known : [])
        return true
      },
      () => then([]),
    )
  }

  const deliver = (chunks: readonly Chunk[], done: (rejected: readonly Chunk[]) => void): void => {
    // Without heads it forgets what it has sent.
    const heads = standing.isSilent ? standing.claimed : []
    say({ heads, have: [[UNKNOWN]], changes: chunks.map(({ bytes }) => bytes) })
    expectReset(
      () => done([]),
      // It throws, and therefore says nothing: one of them is not what Automerge takes.
      () => {
        standing.isSilent = false
        silence(() => {
          if (chunks.length === 1) {
            done(chunks)
            return
          }
          const middle = Math.ceil(chunks.length / 2)
          deliver(chunks.slice(0, middle), (first) =>
            deliver(chunks.slice(middle), (second) => done([...first, ...second])),
          )
        })
      },
    )
  }

  return {
    say,
    expect,
    settle,
    isExpecting: () => expectation !== undefined,
    heard: (message, chunks) => expectation?.(message, chunks) ?? false,
    silence,
    question,
    deliver,
    close: settle,
  }
}
