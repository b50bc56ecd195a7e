/**
 * Questions to a Repo and its answers, told in Automerge's sync protocol by hand (docs/automerge.md). Three rules make
 * that safe without a document of our own:
 *
 * - After a message whose `lastSync` names a change that the Repo cannot know, it forgets what it has sent and answers
 *   with a *reset*. From then on it is *silent* about its changes until asked.
 * - Among the heads that we show is a new *mark* each time, a change that it cannot know either. It always answers, and
 *   the answer needs that mark: no other message is taken for it.
 * - Automerge drops, without a word, what it cannot parse and all that stands behind that. So whatever is delivered to
 *   a silent Repo is asked for by name: what it then still needs, it did not take.
 */
import type { Chunk } from './chunk.ts'
import { frontier } from './heads.ts'
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
  /** Hands chunks to a Repo that does not tell its changes on its own, and finds out which of them it did not take. */
  deliver(chunks: readonly Chunk[], done: (rejected: readonly Chunk[]) => void): void
  close(): void
}

/** The hash of no change. */
const UNKNOWN = 'ff'.repeat(32)
/** Below 2⁵³ marks in a process; a real hash does not end like that. */
const markOf = (count: number): string => 'ff'.repeat(24) + count.toString(16).padStart(16, '0')
export const REPLY_MS = 1_000
const MAX_REPLY_MS = 30_000

export const isReset = ({ changes, need, have }: SyncMessage): boolean =>
  changes.length === 0 &&
  need.length === 0 &&
  have.length === 1 &&
  have[0]?.lastSync.length === 0 &&
  have[0].entries === 0

const isNeeded = (chunk: Chunk, need: Heads): boolean => {
  if (chunk.type === 'change') return need.includes(chunk.hash)
  return chunk.type === 'document' && chunk.heads.some((head) => need.includes(head))
}

export const createExchange = (
  standing: Standing,
  options: { readonly emit: (data: Uint8Array) => void; readonly onLost: () => void },
): Exchange => {
  const { emit, onLost } = options
  let expectation: Heard | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let marks = 0

  const nextMark = (): string => {
    marks += 1
    return markOf(marks)
  }

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

  const silence = (then: () => void, replyMs = REPLY_MS): void => {
    standing.isOpen = false
    if (standing.isSilent) {
      then()
      return
    }
    say({ heads: [], have: [[UNKNOWN]] })
    expect(
      (message) => {
        if (!isReset(message)) return false
        settle()
        standing.isSilent = true
        then()
        return true
      },
      () => silence(then, Math.min(2 * replyMs, MAX_REPLY_MS)),
      replyMs,
    )
  }

  const question = (since: Heads, tell: (chunks: readonly Chunk[]) => void): void => {
    const mark = nextMark()
    standing.claimed = [mark]
    say({ heads: standing.claimed, have: [since] })
    expect(
      (message, chunks) => {
        if (!message.need.includes(mark)) return false
        settle()
        standing.isOpen = true
        standing.isSilent = false
        standing.held = message.heads
        standing.told = message.heads
        tell(chunks)
        return true
      },
      // It does not know all of `since`, and says so in a message that could as well be about an edit.
      () =>
        probe(since, ({ need, heads }) => {
          // A change that waits for another is not needed, that other is; then only its heads are beyond doubt.
          const isWaiting = need.some((hash) => !since.includes(hash))
          const isKnown = (head: string): boolean => (isWaiting ? heads.includes(head) : !need.includes(head))
          if (standing.told.some((head) => since.includes(head) && need.includes(head))) onLost()
          else silence(() => question(since.filter(isKnown), tell))
        }),
    )
  }

  /** Which of these heads does it need, and what are its own? */
  const probe = (
    since: Heads,
    then: (answer: Pick<SyncMessage, 'need' | 'heads'>) => void,
    replyMs = REPLY_MS,
  ): void => {
    const mark = nextMark()
    standing.isSilent = false
    say({ heads: [...since, mark], have: [] })
    expect(
      ({ need, heads }) => {
        if (!need.includes(mark)) return false
        settle()
        then({ need: need.filter((hash) => hash !== mark), heads })
        return true
      },
      () => probe(since, then, Math.min(2 * replyMs, MAX_REPLY_MS)),
      replyMs,
    )
  }

  const deliver = (chunks: readonly Chunk[], done: (rejected: readonly Chunk[]) => void): void => {
    const mark = nextMark()
    const bisect = (): void => {
      if (chunks.length === 1) {
        done(chunks)
        return
      }
      const middle = Math.ceil(chunks.length / 2)
      deliver(chunks.slice(0, middle), (first) =>
        deliver(chunks.slice(middle), (second) => done([...first, ...second])),
      )
    }
    standing.isSilent = false
    say({ heads: [...frontier(chunks), mark], have: [], changes: chunks.map(({ bytes }) => bytes) })
    expect(
      ({ need }) => {
        if (!need.includes(mark)) return false
        settle()
        if (chunks.some((chunk) => isNeeded(chunk, need))) bisect()
        else done([])
        return true
      },
      // It throws, and therefore says nothing.
      bisect,
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
