/**
 * After a commit: what it brought goes to everyone who is live, in one ordered queue per subscriber. The frame is
 * encoded once for all who pushed nothing in it; those who did get acks in the places of their own envelopes.
 */
import { CLOSE } from 'sealsync/protocol'
import { type Place, plainFrames, type Step } from './deliveries.ts'
import type { Document } from './document.ts'
import type { Outcome } from './draft.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { Subscriber } from './subscriber.ts'

/** `from` is where the log was before these outcomes; the document is already past them. */
export const fanOut = (
  document: Document,
  outcomes: readonly Outcome[],
  { from, limits }: { readonly from: Place; readonly limits: RelayLimits },
): void => {
  const involved = new Set(outcomes.map(({ subscriber }) => subscriber))
  const isNew = outcomes.some(({ type }) => type === 'accepted')
  const framesFor = (subscriber: Subscriber | undefined): readonly Uint8Array[] =>
    plainFrames({
      channel: document.channel,
      from,
      steps: stepsFor(outcomes, subscriber, from),
      last: document.log.version,
      frameBytes: limits.deliverBytes,
    })
  let shared: readonly Uint8Array[] | undefined
  for (const subscriber of document.subscribers) {
    const isInvolved = involved.has(subscriber)
    if (!isInvolved && !isNew) continue
    if (!subscriber.live || subscriber.link.isLagging()) {
      subscriber.live = false
      if (isInvolved) keepFor(subscriber, outcomes, { from, limits })
      subscriber.link.wake(subscriber)
      continue
    }
    if (!isInvolved) shared ??= framesFor(undefined)
    for (const frame of (isInvolved ? framesFor(subscriber) : shared) ?? []) subscriber.link.send(frame)
    subscriber.at = document.log.version
    subscriber.digest = document.log.digest
  }
}

const stepsFor = (
  outcomes: readonly Outcome[],
  subscriber: Subscriber | undefined,
  from: Place,
): readonly Step[] => {
  const steps: Step[] = []
  let place = from
  for (const outcome of outcomes) {
    if (outcome.type === 'answer') {
      if (outcome.subscriber === subscriber)
        steps.push({ content: { type: 'item', item: outcome.item }, ...place })
      continue
    }
    const { version, digest, certificate, envelope } = outcome
    if (outcome.subscriber === subscriber) {
      steps.push({ content: { type: 'item', item: { type: 'ack', id: envelope.id } }, version, digest })
    } else {
      if (certificate !== undefined) steps.push({ content: { type: 'certificate', certificate }, ...place })
      steps.push({ content: envelope, version, digest })
    }
    place = { version, digest }
  }
  return steps
}

/** For a subscriber that is not live: answers wait for their version, own envelopes are remembered as such. */
const keepFor = (
  subscriber: Subscriber,
  outcomes: readonly Outcome[],
  { from, limits }: { readonly from: Place; readonly limits: RelayLimits },
): void => {
  let { version } = from
  for (const outcome of outcomes) {
    if (outcome.type === 'accepted') version = outcome.version
    if (outcome.subscriber !== subscriber) continue
    if (outcome.type === 'answer') subscriber.answers.push({ version, item: outcome.item })
    else if (subscriber.own.size < limits.waitingAnswers) subscriber.own.add(version)
  }
  if (subscriber.answers.length > limits.waitingAnswers) {
    subscriber.link.fail(CLOSE.tooManyRequests, 'pushes without reading the answers')
  }
}
