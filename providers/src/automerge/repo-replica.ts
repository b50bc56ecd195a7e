/**
 * One document of a Repo as the core sees it. The Repo holds the document; here is only what is needed to tell what it
 * and the relay have from each other: a bounded memory of hashes, and for the first comparison what the relay delivered.
 */
import { fromHex } from '../bytes.ts'
import type { Replica } from '../client/replica.ts'
import type { Content } from '../sync/content.ts'
import type { Received } from '../sync/effects.ts'
import { type Change, type Chunk, isChange } from './chunk.ts'
import { AUTOMERGE_CHUNKS, chunksOf, contentOf, piecesOf } from './chunk-content.ts'
import { type Conversation, createConversation } from './conversation.ts'
import { createInbox } from './inbox.ts'
import { createKnown, type Known } from './known.ts'
import { createRecent } from './recent.ts'

export interface RepoReplica extends Replica {
  /** A `sync` or `request` message of the Repo about this document; false when it cannot be read. */
  heard(data: Uint8Array): boolean
  /** The Repo holds content, as its first message says. */
  holdsContent(isLarge: boolean): void
  /** The load is over, or cannot be had now: what there is is handed over at once. */
  begin(isOffline: boolean): void
  /** All that was pushed may be saved now. */
  settled(): void
  /** Changes that wait for another tab to upload them. */
  waiting(): number
  close(): void
}

export interface RepoReplicaOptions {
  readonly emit: (data: Uint8Array) => void
  readonly push: (content: Content) => void
  readonly claim: (actor: Uint8Array) => void
  /** How many changes wait for another tab is different now. */
  readonly onWaiting: () => void
  /** Whether all that was pushed is saved. */
  readonly isSaved: () => boolean
  readonly onRejected: (received: Received) => void
  readonly onLost: () => void
  readonly ackThrottleMs: number
  readonly inboundWindowMs: number | 'adaptive'
}

const REMEMBERED = 16_384
/** A document that is larger than this goes up change by change, in pieces. */
const WHOLE_BYTES = 3 * 1024 * 1024
const WAIT_MIN_MS = 200
const WAIT_SPREAD_MS = 300

export const createRepoReplica = (options: RepoReplicaOptions): RepoReplica => {
  const { emit, push, claim, onWaiting, isSaved, onRejected, onLost, ackThrottleMs, inboundWindowMs } =
    options
  /** Changes that the Repo has, or is about to be given. */
  const inHand = createRecent<true>(REMEMBERED)
  /** Which change is the n-th of an actor. */
  const written = createRecent<string>(REMEMBERED)
  const unacknowledged = new Set<string>()
  /** Actors whose changes someone else uploads: another tab of ours, most often. */
  const foreign = new Set<string>()
  const claimed = new Set<string>()
  const waiting = new Map<
    string,
    { readonly change: Change; readonly timer: ReturnType<typeof setTimeout> }
  >()
  /** Applied and not known to the relay: should the Repo park it, nobody else would remember it. */
  let unknown: Chunk[] = []
  let known: Known | undefined
  let holdsContent = false
  let isLarge = false
  /** Content that comes to the Repo after this is an edit. */
  let wasCompared = false

  const inbox = createInbox({
    windowMs: inboundWindowMs,
    deliver: (items, isDurable) => {
      holdsContent = true
      const chunks = items.map(({ chunk }) => chunk)
      conversation.deliver(chunks, isDurable, (rejected) => {
        const guilty = new Set<Received>()
        for (const { chunk, received } of items) {
          if (!rejected.includes(chunk)) continue
          if (isChange(chunk)) inHand.delete(chunk.hash)
          guilty.add(received)
        }
        for (const received of guilty) onRejected(received)
      })
    },
  })

  const remember = (chunk: Chunk): void => {
    if (chunk.type === 'document') for (const head of chunk.heads) inHand.set(head, true)
    if (!isChange(chunk)) return
    inHand.set(chunk.hash, true)
    written.set(`${chunk.actor} ${chunk.seq}`, chunk.hash)
  }

  /** A second change in the same place of an actor would make the Repo refuse all that comes with it. */
  const isConflict = (change: Change): boolean => {
    const first = written.get(`${change.actor} ${change.seq}`)
    return first !== undefined && first !== change.hash
  }

  /** Each piece for itself: a merged branch may be more than a relay takes as one update. */
  const pushAll = (chunks: readonly Chunk[]): void => {
    for (const piece of piecesOf(chunks)) push(piece)
  }

  const upload = (chunks: readonly Chunk[]): void => {
    for (const chunk of chunks) {
      if (!isChange(chunk)) continue
      unacknowledged.add(chunk.hash)
      if (claimed.has(chunk.actor) || foreign.has(chunk.actor)) continue
      claimed.add(chunk.actor)
      const actor = fromHex(chunk.actor)
      if (actor !== undefined) claim(actor)
    }
  }

  /** With all that waits before it: no change may reach disk or relay before what it depends on. */
  const stopWaitingFor = (hash: string): void => {
    const due: Change[] = []
    for (const { change, timer } of waiting.values()) {
      clearTimeout(timer)
      waiting.delete(change.hash)
      due.push(change)
      if (change.hash === hash) break
    }
    upload(due)
    pushAll(due)
    onWaiting()
  }

  const wait = (change: Change): void => {
    const delayMs = WAIT_MIN_MS + Math.random() * WAIT_SPREAD_MS
    waiting.set(change.hash, { change, timer: setTimeout(() => stopWaitingFor(change.hash), delayMs) })
    onWaiting()
  }

  const stopWaiting = (hash: string): void => {
    clearTimeout(waiting.get(hash)?.timer)
    if (waiting.delete(hash)) onWaiting()
  }

  const onChanges = (chunks: readonly Chunk[]): void => {
    holdsContent = true
    const fresh = chunks.filter((chunk) => !isChange(chunk) || !inHand.has(chunk.hash))
    fresh.forEach(remember)
    for (const chunk of fresh) if (isChange(chunk) && foreign.has(chunk.actor)) wait(chunk)
    const ours = fresh.filter((chunk) => !isChange(chunk) || !foreign.has(chunk.actor))
    if (ours.length === 0) return
    for (const hash of ours.filter(isChange).flatMap(({ deps }) => deps))
      if (waiting.has(hash)) stopWaitingFor(hash)
    upload(ours)
    pushAll(ours)
  }

  const conversation: Conversation = createConversation({
    emit,
    onChanges,
    isInHand: inHand.has,
    isSaved: () => waiting.size === 0 && isSaved(),
    onLost,
    ackThrottleMs,
    onDelivered: inbox.took,
  })

  /** Takes what can be taken; false when something in it cannot. */
  const receive = (received: Received, isKnown: boolean): boolean => {
    const chunks = chunksOf(received)
    if (chunks === undefined) return false
    const accepted = chunks.filter((chunk) => !isChange(chunk) || !isConflict(chunk))
    if (isKnown) known?.add(accepted)
    for (const chunk of accepted) {
      if (!isKnown) unknown.push(chunk)
      if (isChange(chunk)) {
        if (isKnown && (!inHand.has(chunk.hash) || unacknowledged.has(chunk.hash))) foreign.add(chunk.actor)
        if (isKnown) stopWaiting(chunk.hash)
        if (inHand.has(chunk.hash)) continue
      }
      remember(chunk)
      inbox.add({ chunk, received }, isKnown)
    }
    return accepted.length === chunks.length
  }

  const collectMissing = (
    relayKnown: Known,
    pending: readonly Content[],
    tell: (contents: readonly Content[]) => void,
  ): void => {
    const onTheWay = new Set(
      pending
        .flatMap((content) => chunksOf(content) ?? [])
        .filter(isChange)
        .map(({ hash }) => hash),
    )
    const isMissing = (chunk: Chunk): boolean =>
      !isChange(chunk) || !(relayKnown.has(chunk.hash) || onTheWay.has(chunk.hash))
    const ask = (asksWhole: boolean): void => {
      inbox.flush()
      const before = new Set(unknown)
      conversation.ask(relayKnown.heads, asksWhole, (chunks) => {
        if (asksWhole && chunks.some(({ bytes }) => bytes.length > WHOLE_BYTES)) {
          ask(false)
          return
        }
        const told = new Set(chunks.filter(isChange).map(({ hash }) => hash))
        const isWhole = chunks.some(({ type }) => type === 'document')
        // What was applied after the Repo was asked belongs to the answer: the core remembers it no longer than until then.
        const isLeftOut = (chunk: Chunk): boolean =>
          isChange(chunk) ? !told.has(chunk.hash) && !(isWhole && before.has(chunk)) : !before.has(chunk)
        const leftOut = unknown.filter(isLeftOut)
        // Whoever asks next asks about another log, and may have to be told them again.
        unknown = leftOut
        const missing = [...chunks, ...leftOut].filter(isMissing)
        missing.forEach(remember)
        for (const hash of [...waiting.keys()]) stopWaiting(hash)
        upload(missing)
        tell(piecesOf(missing))
      })
    }
    ask(isLarge && pending.length === 0)
  }

  return {
    encodings: [AUTOMERGE_CHUNKS],
    merge: (edits) => {
      const [only] = edits
      if (only !== undefined && edits.length === 1) return only
      return contentOf(edits.flatMap((edit) => chunksOf(edit) ?? []))
    },
    isEmpty: () => !holdsContent,
    apply: (batch, isKnown) => batch.flatMap((received, i) => (receive(received, isKnown) ? [] : [i])),
    track: () => {
      known = createKnown()
    },
    missing: (pending) => {
      const relayKnown = known ?? createKnown()
      known = undefined
      inbox.flush()
      wasCompared = true
      if (!holdsContent) return []
      return (tell) => collectMissing(relayKnown, pending, tell)
    },
    capture: (evenIncomplete) => {
      inbox.flush()
      if (!holdsContent) return undefined
      return (tell) =>
        conversation.whole((chunks) => {
          const isWhole = chunks !== undefined && (chunks.length === 1 || evenIncomplete)
          tell(isWhole ? contentOf(chunks) : undefined)
        })
    },
    acknowledged: (content) => {
      for (const chunk of chunksOf(content) ?? []) if (isChange(chunk)) unacknowledged.delete(chunk.hash)
    },
    heard: conversation.received,
    holdsContent: (large) => {
      const isNews = !holdsContent
      holdsContent = true
      isLarge = large
      if (isNews && wasCompared) conversation.start()
    },
    begin: (isOffline) => {
      inbox.open()
      // What is small is kept at once. The rest is in the Repo, and is told when it is known what the relay lacks.
      if (isOffline && holdsContent && !isLarge) conversation.start()
    },
    settled: conversation.acknowledge,
    waiting: () => waiting.size,
    close: () => {
      // The other tab may be about to close, too.
      const left = [...waiting.values()].map(({ change }) => change)
      for (const { hash } of left) stopWaiting(hash)
      pushAll(left)
      inbox.close()
      conversation.close()
    },
  }
}
