/**
 * One document of a Repo as the core sees it. The Repo holds the document; here is only what is needed to tell what it
 * and the relay have from each other: a bounded memory of hashes, and for the first comparison what the relay delivered.
 */
import type { Replica } from '../client/replica.ts'
import type { Content } from '../sync/content.ts'
import type { Received, Rejection } from '../sync/effects.ts'
import { createArrivals } from './arrivals.ts'
import { createAuditor } from './auditor.ts'
import { type Chunk, isChange } from './chunk.ts'
import { AUTOMERGE_CHUNKS, chunksOf, contentOf, piecesOf } from './chunk-content.ts'
import { createCompaction } from './compaction.ts'
import { type Conversation, createConversation } from './conversation.ts'
import { createExaminer } from './examiner.ts'
import { createKnown, type Known } from './known.ts'
import { createMemory } from './memory.ts'
import { createUploads } from './uploads.ts'

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
  readonly onRejected: (received: Received, reason: Rejection) => void
  readonly onLost: () => void
  readonly ackThrottleMs: number
  readonly inboundWindowMs: number | 'adaptive'
}

/** A document that is larger than this goes up change by change, in pieces. */
const WHOLE_BYTES = 3 * 1024 * 1024

export const createRepoReplica = (options: RepoReplicaOptions): RepoReplica => {
  const { emit, isSaved, onRejected, onLost, ackThrottleMs, inboundWindowMs } = options
  const memory = createMemory()
  const examiner = createExaminer()
  const uploads = createUploads(options)
  /** Applied and not known to the relay: should the Repo park it, nobody else would remember it. */
  let unknown: Chunk[] = []
  let known: Known | undefined
  let holdsContent = false
  let isLarge = false
  /** Content that comes to the Repo after this is an edit. */
  let wasCompared = false

  const onChanges = (chunks: readonly Chunk[]): void => {
    holdsContent = true
    const fresh = chunks.filter((chunk) => !isChange(chunk) || !memory.has(chunk.hash))
    for (const chunk of fresh) memory.remember(chunk)
    auditor.saw(fresh)
    uploads.take(fresh)
  }

  const conversation: Conversation = createConversation({
    emit,
    onChanges,
    isInHand: memory.has,
    isSaved: () => uploads.waiting() === 0 && isSaved(),
    onLost,
    ackThrottleMs,
    onDelivered: (tookMs) => inbox.took(tookMs),
  })
  const auditor = createAuditor({ conversation, isInHand: memory.has, onNews: onChanges })
  const compaction = createCompaction({
    conversation,
    history: memory.history,
    examiner,
    onSpoiling: (received) => onRejected(received, { type: 'spoiling' }),
  })
  const inbox = createArrivals({
    windowMs: inboundWindowMs,
    memory,
    conversation,
    examiner,
    holdsContent: () => holdsContent,
    onTaken: (chunk, isKnown, isInHand) => {
      auditor.saw([chunk])
      if (isKnown) known?.add([chunk])
      else unknown.push(chunk)
      if (isKnown && isChange(chunk)) uploads.delivered(chunk, isInHand)
    },
    onDelivering: () => {
      holdsContent = true
    },
    onRejected,
  })

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
        for (const chunk of missing) memory.remember(chunk)
        uploads.stopWaiting()
        uploads.mark(missing)
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
    apply: (batch, isKnown) => batch.flatMap((received, i) => (inbox.take(received, isKnown) ? [] : [i])),
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
      if (!holdsContent || compaction.isResting()) return undefined
      return (tell) => compaction.capture(evenIncomplete, tell)
    },
    beyond: (contents) => {
      inbox.flush()
      if (!holdsContent) return []
      const end = memory.history.end()
      const sound = contents.filter(({ payload }) => !inbox.isRefused(payload))
      return (tell) =>
        auditor.beyond(sound, uploads.unsettled(), (missing) => {
          const chunks = (of: readonly Content[]): readonly Chunk[] =>
            of.flatMap((one) => chunksOf(one) ?? [])
          for (const chunk of chunks(missing)) memory.remember(chunk)
          const isTaken = (chunk: Chunk): boolean => !memory.isForgotten(chunk)
          if (missing.length === 0) memory.history.renew(chunks(sound).filter(isTaken), end)
          tell(missing)
        })
    },
    acknowledged: (content) => uploads.acknowledged(chunksOf(content) ?? []),
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
    waiting: uploads.waiting,
    close: () => {
      uploads.close()
      inbox.close()
      examiner.close()
      compaction.close()
      conversation.close()
    },
  }
}
