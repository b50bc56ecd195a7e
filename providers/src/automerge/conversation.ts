/**
 * One document's talk with the Repo, in which we play a peer that holds what the relay holds, and keep no document.
 * A message of the Repo counts as complete only if all of its heads are in hand: told by it, or delivered to it. What
 * it tells between a question and its answer is left aside and asked for afterwards.
 */
import { type Chunk, readChunks } from './chunk.ts'
import { createExchange, type Heads, isReset, REPLY_MS, type Standing } from './exchange.ts'
import { advanceHeads, frontier } from './heads.ts'
import { decodeSyncMessage, type SyncMessage } from './sync-message.ts'

export interface Conversation {
  /** A `sync` or `request` message; false when it cannot be read. */
  received(data: Uint8Array): boolean
  /** Asks the Repo for all that it holds, unless something was asked or delivered before. Idempotent. */
  start(): void
  /** Hands chunks over. `isDurable`: the relay holds them. `done` hears which of them the Repo cannot take. */
  deliver(chunks: readonly Chunk[], isDurable: boolean, done: (rejected: readonly Chunk[]) => void): void
  /** All that the Repo holds after these heads, each of which it must know. */
  ask(since: () => Heads, asksWhole: boolean, tell: (chunks: readonly Chunk[]) => void): void
  /** The whole document as one chunk, and behind it what waits for something missing; `undefined`: no answer. */
  whole(tell: (chunks: readonly Chunk[] | undefined) => void): void
  /** The heads of its document, all that was delivered included; each of them was told or delivered. */
  heads(tell: (heads: Heads) => void): void
  /** `isSaved` may have become true. */
  acknowledge(): void
  close(): void
}

export interface ConversationOptions {
  readonly emit: (data: Uint8Array) => void
  /** Changes of the Repo that nobody asked for, each message once. */
  readonly onChanges: (chunks: readonly Chunk[]) => void
  /** Whether this change was delivered to the Repo, or told by it. */
  readonly isInHand: (hash: string) => boolean
  /** Whether the relay holds all that the Repo has told so far. */
  readonly isSaved: () => boolean
  /** The Repo has lost what it once held: all has to be delivered anew. */
  readonly onLost: () => void
  readonly ackThrottleMs: number
  /** How long delivering took the Repo, ms. */
  readonly onDelivered: (tookMs: number) => void
}

type Task =
  | {
      readonly type: 'deliver'
      readonly chunks: readonly Chunk[]
      readonly isDurable: boolean
      readonly done: (rejected: readonly Chunk[]) => void
    }
  | {
      readonly type: 'ask'
      readonly since: () => Heads
      readonly asksWhole: boolean
      readonly tell: (chunks: readonly Chunk[]) => void
    }
  | { readonly type: 'whole'; readonly tell: (chunks: readonly Chunk[] | undefined) => void }
  | { readonly type: 'heads'; readonly tell: (heads: Heads) => void }

type Delivery = Extract<Task, { type: 'deliver' }>

export const createConversation = (options: ConversationOptions): Conversation => {
  const { emit, onChanges, isInHand, isSaved, onLost, ackThrottleMs, onDelivered } = options
  const standing: Standing = { isOpen: false, isSilent: false, held: [], claimed: [], told: [] }
  let tasks: Task[] = []
  let isStarted = false
  let isBusy = false
  let isClosed = false
  let ackTimer: ReturnType<typeof setTimeout> | undefined

  const { say, expect, settle, isExpecting, heard, silence, question, ...exchange } = createExchange(
    standing,
    {
      emit,
      onLost,
    },
  )

  const tellChanges = (chunks: readonly Chunk[]): void => {
    if (chunks.length > 0) onChanges(chunks)
  }

  /** A message of its own accord. */
  const listen = (message: SyncMessage, chunks: readonly Chunk[]): void => {
    if (!isStarted) return
    tellChanges(chunks)
    if (standing.isOpen && message.heads.every((head) => standing.held.includes(head) || isInHand(head))) {
      standing.held = message.heads
      standing.told = message.heads
      speak()
      return
    }
    // It speaks of changes that it has not told: it takes them for told, or has only just met us.
    standing.isOpen = false
    standing.isSilent = false
    if (!isBusy) next()
  }

  /** Tells the Repo what the relay holds. That costs it a walk through the document, so not often. */
  const speak = (): void => {
    if (ackTimer !== undefined || isBusy || !standing.isOpen || isClosed) return
    const { held, claimed } = standing
    const isNews = held.length !== claimed.length || held.some((head) => !claimed.includes(head))
    if (!isNews || !isSaved()) return
    standing.claimed = held
    say({ heads: held, have: [held] })
    ackTimer = setTimeout(() => {
      ackTimer = undefined
      speak()
    }, ackThrottleMs)
  }

  const finish = ({ chunks, done }: Delivery, rejected: readonly Chunk[]): void => {
    const taken = rejected.length === 0 ? chunks : chunks.filter((chunk) => !rejected.includes(chunk))
    if (!standing.isOpen) standing.held = advanceHeads(standing.held, taken)
    done(rejected)
    next()
  }

  const deliver = (task: Delivery): void => {
    const { chunks, isDurable } = task
    const startedAt = Date.now()
    const end = (rejected: readonly Chunk[]): void => {
      onDelivered(Date.now() - startedAt)
      finish(task, rejected)
    }
    if (isDurable) standing.claimed = advanceHeads(standing.claimed, chunks)
    if (!standing.isOpen) {
      exchange.deliver(chunks, end)
      return
    }
    const newest = frontier(chunks)
    const isTaken = (message: SyncMessage, told: readonly Chunk[]): boolean =>
      newest.some((hash) => message.heads.includes(hash)) ||
      told.some((chunk) => chunk.type === 'change' && chunk.deps.some((dep) => newest.includes(dep)))
    const again = (): void => {
      standing.isOpen = false
      exchange.deliver(chunks, end)
    }
    say({
      heads: standing.claimed,
      have: [advanceHeads(standing.held, chunks)],
      changes: chunks.map(({ bytes }) => bytes),
    })
    expect(
      (message, told) => {
        if (isReset(message)) {
          // It does not know all of them now: not taken, or what they depend on is missing.
          settle()
          again()
          return true
        }
        listen(message, told)
        if (!isTaken(message, told) || !isExpecting()) return true
        settle()
        end([])
        return true
      },
      // All of it was known already, or the Repo threw.
      again,
    )
  }

  const takeWhole = (tell: (chunks: readonly Chunk[] | undefined) => void, triesLeft = 1): void => {
    say({ heads: [], have: [[]], asksWhole: true })
    expect(
      (message, chunks) => {
        if (!chunks.some(({ type }) => type === 'document')) {
          listen(message, chunks)
          return true
        }
        settle()
        // It may hold edits that the Repo has not told yet and now takes for told: they are asked for once more.
        standing.isOpen = false
        standing.isSilent = false
        tell(chunks)
        next()
        return true
      },
      () => {
        if (triesLeft > 0) {
          takeWhole(tell, triesLeft - 1)
          return
        }
        standing.isOpen = false
        standing.isSilent = false
        tell(undefined)
        next()
      },
      2 * REPLY_MS,
    )
  }

  const ask = (task: Extract<Task, { type: 'ask' }>): void => {
    const since = task.since()
    const tell = (chunks: readonly Chunk[]): void => {
      task.tell(chunks)
      next()
    }
    if (!task.asksWhole || since.length > 0) {
      silence(() => question(since, tell))
      return
    }
    silence(() =>
      takeWhole((chunks) => {
        if (chunks === undefined) tasks.unshift({ ...task, asksWhole: false })
        else {
          standing.held = frontier(chunks)
          task.tell(chunks)
        }
      }),
    )
  }

  const next = (): void => {
    if (isClosed) return
    const task = tasks.shift()
    isBusy = task !== undefined || !standing.isOpen
    switch (task?.type) {
      case 'deliver':
        deliver(task)
        return
      case 'ask':
        ask(task)
        return
      case 'whole':
        takeWhole(task.tell)
        return
      case 'heads':
        catchUp(() => task.tell(standing.told))
        return
      case undefined:
        if (!standing.isOpen) catchUp()
        else speak()
    }
  }

  /** Whatever it did not tell while it was silent. */
  const catchUp = (then?: () => void): void => {
    if (standing.isOpen) {
      then?.()
      next()
      return
    }
    const tell = (chunks: readonly Chunk[]): void => {
      tellChanges(chunks)
      then?.()
    }
    ask({ type: 'ask', since: () => standing.held, asksWhole: false, tell })
  }

  const queue = (task: Task): void => {
    isStarted = true
    tasks.push(task)
    if (!isBusy) next()
  }

  return {
    received: (data) => {
      const message = decodeSyncMessage(data)
      if (!message.ok) return false
      if (message.value.heads.length === 0 && standing.told.length > 0) {
        onLost()
        return true
      }
      const chunks = message.value.changes.flatMap((bytes) => {
        const read = readChunks(bytes)
        return read.ok ? read.value : []
      })
      if (heard(message.value, chunks)) return true
      if (!isBusy) listen(message.value, chunks)
      return true
    },
    start: () => {
      if (isStarted) return
      isStarted = true
      next()
    },
    deliver: (chunks, isDurable, done) => queue({ type: 'deliver', chunks, isDurable, done }),
    ask: (since, asksWhole, tell) => queue({ type: 'ask', since, asksWhole, tell }),
    whole: (tell) => queue({ type: 'whole', tell }),
    heads: (tell) => queue({ type: 'heads', tell }),
    acknowledge: speak,
    close: () => {
      isClosed = true
      tasks = []
      exchange.close()
      clearTimeout(ackTimer)
    },
  }
}
