/**
 * What the relay delivers, on its way to the Repo. A Repo says nothing of what it cannot take, and a document that holds
 * content already takes a chunk of a whole document without looking whether it has the heads that it names. So those are
 * loaded aside first; and a second change in a place is held back.
 */
import type { Received, Rejection } from '../sync/effects.ts'
import { hasPlace } from './actors.ts'
import { type Chunk, isChange } from './chunk.ts'
import { chunksOf } from './chunk-content.ts'
import type { Conversation } from './conversation.ts'
import type { Examiner } from './examiner.ts'
import { createInbox, type Inbox, type InboxItem } from './inbox.ts'
import type { Memory } from './memory.ts'

export interface Arrivals extends Omit<Inbox, 'add'> {
  /** False when it cannot be read. What the Repo does not take is rejected later. `isKnown`: the relay has it. */
  take(received: Received, isKnown: boolean): boolean
  /** Whether this payload was refused as a whole. */
  isRefused(payload: Uint8Array): boolean
}

interface Contested extends InboxItem {
  readonly isKnown: boolean
}

export const createArrivals = (options: {
  readonly windowMs: number | 'adaptive'
  readonly memory: Memory
  readonly conversation: Pick<Conversation, 'deliver' | 'whole'>
  readonly examiner: Examiner
  readonly holdsContent: () => boolean
  /** It can be read and fits. `isInHand`: the Repo has it, and is not given it again. */
  readonly onTaken: (chunk: Chunk, isKnown: boolean, isInHand: boolean) => void
  /** The Repo is about to be given something. */
  readonly onDelivering: () => void
  readonly onRejected: (received: Received, reason: Rejection) => void
}): Arrivals => {
  const { memory, conversation, examiner, holdsContent, onTaken, onRejected } = options
  const refused = new WeakSet<Uint8Array>()
  /** Changes of which it is not known yet whether the Repo takes them. */
  const onTheWay = new Set<string>()
  /** They have the place of one that is on its way. */
  let contested: Contested[] = []

  const inbox = createInbox({
    windowMs: options.windowMs,
    deliver: (items, isDurable) => {
      options.onDelivering()
      const chunks = items.map(({ chunk }) => chunk)
      conversation.deliver(chunks, isDurable, (rejected) => {
        for (const chunk of chunks) if (isChange(chunk)) onTheWay.delete(chunk.hash)
        const lost = items.filter(({ chunk }) => rejected.includes(chunk))
        for (const { chunk } of lost) memory.forget(chunk)
        if (lost.length > 0) report(lost)
        const waiting = contested
        contested = []
        for (const { chunk, received, isKnown } of waiting) takeChunk(chunk, received, isKnown)
      })
    },
  })

  /** It is the place of another, or it makes no sense: the Repo does not say which. */
  const report = (lost: readonly InboxItem[]): void => {
    const tell = (document: readonly Chunk[]): void => {
      for (const received of new Set(lost.map((item) => item.received))) {
        const own = lost.filter((item) => item.received === received)
        const isConflict = own.every(({ chunk }) => isChange(chunk) && hasPlace(document, chunk))
        if (own.some(({ chunk }) => chunk.type === 'document')) refused.add(received.payload)
        onRejected(received, isConflict ? { type: 'conflict', other: undefined } : { type: 'unreadable' })
      }
    }
    if (lost.some(({ chunk }) => isChange(chunk))) conversation.whole((chunks) => tell(chunks ?? []))
    else tell([])
  }

  const takeChunk = (chunk: Chunk, received: Received, isKnown: boolean): void => {
    const other = isChange(chunk) ? memory.other(chunk) : undefined
    if (other !== undefined) {
      if (onTheWay.has(other.hash)) contested.push({ chunk, received, isKnown })
      else onRejected(received, { type: 'conflict', other: other.envelopeId })
      return
    }
    const isInHand = isChange(chunk) && memory.has(chunk.hash)
    onTaken(chunk, isKnown, isInHand)
    if (isInHand) return
    memory.remember(chunk, received)
    if (isChange(chunk)) onTheWay.add(chunk.hash)
    inbox.add({ chunk, received }, isKnown)
  }

  /** A Repo without content finds out by itself. One that has the heads already makes nothing of it: that has time. */
  const isSound = (chunk: Chunk, received: Received): boolean => {
    if (chunk.type !== 'document' || !holdsContent()) return true
    const mayWait = received.kind === 'snapshot' && chunk.heads.every(memory.has)
    if (!mayWait || !examiner.isResting()) return examiner.canLoad([chunk])
    examiner.lookLater([chunk], () => {
      refused.add(received.payload)
      onRejected(received, { type: 'unreadable' })
    })
    return true
  }

  return {
    ...inbox,
    take: (received, isKnown) => {
      const chunks = chunksOf(received)
      if (chunks === undefined || !chunks.every((chunk) => isSound(chunk, received))) {
        refused.add(received.payload)
        return false
      }
      for (const chunk of chunks) takeChunk(chunk, received, isKnown)
      return true
    },
    isRefused: (payload) => refused.has(payload),
  }
}
