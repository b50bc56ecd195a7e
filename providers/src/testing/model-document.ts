/** One document of the model relay: its log, and everybody who has it open. */
import { equalBytes } from '../bytes.ts'
import {
  type Cursor,
  type Ephemeral,
  encodeCertificate,
  type Heads,
  type Item,
  nextDigest,
} from '../protocol/index.ts'
import {
  contentOf,
  foundFrames,
  loadFrames,
  loadOf,
  needsLoad,
  type Place,
  placeOf,
  placesOf,
  plainFrames,
  START,
  type Step,
} from './delivery.ts'
import {
  type Answer,
  copyLog,
  createLog,
  type Entry,
  type Log,
  openIn,
  pruneLog,
  type Rules,
  sessionKey,
  take,
} from './relay-log.ts'
import type { Reader, Script } from './script.ts'
import { envelopesOf, freshOf, type Subscriber, show } from './subscriber.ts'

export interface ModelDocument {
  readonly docId: Uint8Array
  readonly channel: number
  isStored(): boolean
  /** Something was stored in it once, whatever the log was set back to. */
  wasStored(): boolean
  /** Nobody has it open. */
  isIdle(): boolean
  /** Subscribes, in the place of an earlier subscriber of the same connection. */
  join(
    subscriber: Subscriber,
    opening: {
      readonly attempt: number
      readonly cursor: Cursor | undefined
      readonly earlier: Subscriber | undefined
    },
  ): void
  leave(subscriber: Subscriber): void
  push(subscriber: Subscriber, items: readonly Item[]): void
  forward(subscriber: Subscriber, ephemeral: Ephemeral | Heads): void
  fetch(subscriber: Subscriber, ids: readonly Uint8Array[]): void
  /** Delivers what is shown only now. */
  reconsider(): void
  entries(): readonly Entry[]
  prune(): void
  setBack(to: number, newLogId: (() => Uint8Array) | undefined): void
}

const MAIN = 'main'

export const createModelDocument = ({
  channel,
  logId,
  lies,
  ...rules
}: Rules & {
  readonly channel: number
  readonly logId: Uint8Array
  readonly lies: () => Script
}): ModelDocument => {
  const { docId, verify } = rules
  const main = createLog(logId)
  const logs = new Map<string, Log>([[MAIN, main]])
  const subscribers = new Set<Subscriber>()
  let hasBeenStored = false

  const mainLog = (): Log => logs.get(MAIN) ?? main

  const logFor = (reader: Reader): Log => {
    const name = lies().branch?.(reader) ?? MAIN
    const log = logs.get(name) ?? copyLog(mainLog(), mainLog().entries.length)
    logs.set(name, log)
    return log
  }

  const shownTo = (reader: Reader): readonly Entry[] => {
    const { entries } = logFor(reader)
    return lies().view?.(entries, reader) ?? entries
  }

  const meets = (one: Subscriber, other: Subscriber): boolean =>
    lies().meets?.(one.reader, other.reader) ?? true

  const othersOf = (subscriber: Subscriber): readonly Subscriber[] =>
    [...subscribers].filter((other) => other !== subscriber)

  const tellJoined = (to: Subscriber, of: Subscriber): void => {
    const { certificate, reader } = of
    if (meets(to, of)) to.send({ type: 'joined', channel, connection: reader.connection, certificate })
  }

  const tellLeft = (of: Subscriber): void => {
    const { connection } = of.reader
    for (const other of othersOf(of)) if (meets(other, of)) other.send({ type: 'left', channel, connection })
  }

  /** The steps that bring entries, each behind the certificate of a session that this reader does not know. */
  const stepsTo = (
    subscriber: Subscriber,
    entries: readonly Entry[],
    { isLive }: { readonly isLive: boolean },
  ): readonly Step[] => {
    const { introduced, reader } = subscriber
    return entries.flatMap((entry) => {
      const { envelope, certificate } = entry
      const before = subscriber.place
      const version = before.version + 1
      const place = { version, digest: nextDigest(before.digest, envelope.id) }
      subscriber.place = place
      if (isLive && entry.connection === reader.connection)
        return [{ content: { type: 'ack', id: envelope.id }, ...place }]
      const isFirst = envelope.type === 'snapshot' || envelope.seq === 0
      const isNews = !introduced.has(sessionKey(envelope)) || (isLive && isFirst)
      introduced.add(sessionKey(envelope))
      const step = { content: contentOf(entry), ...place }
      return isNews ? [{ content: { type: 'certificate', certificate }, ...before }, step] : [step]
    })
  }

  const greet = (subscriber: Subscriber): readonly Step[] =>
    [...openIn(subscriber.served)].map(([key, certificate]) => {
      subscriber.introduced.add(key)
      return { content: { type: 'certificate', certificate }, ...subscriber.place }
    })

  const catchUp = (subscriber: Subscriber, from: Place, isComplete: boolean): void => {
    const { served } = subscriber
    const to = placesOf(served).at(-1) ?? START
    subscriber.place = from
    const greeting = greet(subscriber)
    const isLoad = isComplete || needsLoad(served, from.version)
    const entries = isLoad ? loadOf(served, from.version) : served.slice(from.version)
    const sound = entries.filter(({ isPruned }) => !isPruned)
    const steps = [...greeting, ...stepsTo(subscriber, sound, { isLive: false })]
    subscriber.place = to
    const frames = isLoad
      ? loadFrames(
          { channel, from, to },
          steps.map(({ content }) => content),
          verify,
        )
      : plainFrames({ channel, from, last: to.version }, steps)
    for (const frame of frames) subscriber.send(frame)
  }

  /** Delivers what has become visible through each of these pushes, and the pusher's answers in between. */
  const deliverAfter = (
    pusher: Subscriber | undefined,
    pushes: readonly (() => Answer | undefined)[],
  ): void => {
    const due = new Map<Subscriber, { readonly from: Place; readonly steps: Step[] }>()
    for (const one of subscribers) due.set(one, { from: one.place, steps: [] })
    for (const push of pushes) {
      const answer = push()
      if (answer !== undefined && pusher !== undefined)
        due.get(pusher)?.steps.push({ content: answer, ...pusher.place })
      for (const [one, { steps }] of due) {
        const fresh = freshOf(shownTo(one.reader), one.served).filter(({ isPruned }) => !isPruned)
        one.served.push(...fresh)
        steps.push(...stepsTo(one, fresh, { isLive: true }))
      }
    }
    for (const [one, { from, steps }] of due) {
      if (steps.length === 0) continue
      for (const frame of plainFrames({ channel, from, last: one.place.version }, steps)) one.send(frame)
    }
  }

  return {
    docId,
    channel,
    isStored: () => mainLog().entries.length > 0,
    wasStored: () => hasBeenStored,
    isIdle: () => subscribers.size === 0,
    join: (subscriber, { attempt, cursor, earlier }) => {
      const { reader, certificate } = subscriber
      const log = logFor(reader)
      subscriber.served = [...shownTo(reader)]
      const from = placeOf(cursor, log.logId, subscriber.served)
      subscriber.send({
        type: 'opened',
        docId,
        attempt,
        channel,
        connection: reader.connection,
        logId: log.logId,
        complete: from === undefined,
        isNew: subscriber.served.length === 0,
      })
      const isSame =
        earlier !== undefined &&
        equalBytes(encodeCertificate(earlier.certificate), encodeCertificate(certificate))
      if (earlier !== undefined) subscribers.delete(earlier)
      if (earlier !== undefined && !isSame) tellLeft(earlier)
      for (const other of subscribers) {
        tellJoined(subscriber, other)
        if (!isSame) tellJoined(other, subscriber)
      }
      subscribers.add(subscriber)
      catchUp(subscriber, from ?? START, from === undefined)
    },
    leave: (subscriber) => {
      if (subscribers.delete(subscriber)) tellLeft(subscriber)
    },
    push: (subscriber, items) => {
      const { reader, shown, certificate } = subscriber
      const { name, connection } = reader
      const { author, role } = certificate
      const pusher = { name, connection, author, isWriter: role === 'writer', shown }
      const pushes: (() => Answer | undefined)[] = []
      for (const item of items) {
        if (item.type === 'certificate') show(subscriber, item.certificate)
        for (const envelope of envelopesOf(item)) {
          pushes.push(() => {
            const taken = take(logFor(reader), envelope, pusher, rules)
            hasBeenStored ||= taken.type === 'stored'
            return taken.type === 'answer' ? taken.item : undefined
          })
        }
      }
      deliverAfter(subscriber, pushes)
    },
    forward: (subscriber, ephemeral) => {
      if (!equalBytes(ephemeral.author, subscriber.certificate.author)) return
      const { connection } = subscriber.reader
      for (const other of othersOf(subscriber))
        if (meets(other, subscriber)) other.send({ type: 'ephemeral', channel, connection, ephemeral })
    },
    fetch: (subscriber, ids) => {
      const { reader } = subscriber
      const log = logFor(reader)
      const entries = lies().finds?.(log.entries, reader) ?? log.entries
      for (const frame of foundFrames(channel, ids, { ...log, entries })) subscriber.send(frame)
    },
    reconsider: () => deliverAfter(undefined, [() => undefined]),
    entries: () => mainLog().entries,
    prune: () => {
      for (const log of logs.values()) pruneLog(log)
    },
    setBack: (to, newLogId) => {
      for (const [name, log] of logs) logs.set(name, copyLog(log, to, newLogId?.() ?? log.logId))
    },
  }
}
