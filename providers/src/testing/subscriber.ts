/** One document on one connection of the model relay: what it has shown, and what it was shown. */
import { equalBytes, toHex } from '../bytes.ts'
import type { Certificate, Item, ToClient } from '../protocol/index.ts'
import type { Place } from './delivery.ts'
import { type Entry, type Pushed, sessionKey } from './relay-log.ts'
import type { Reader } from './script.ts'

export interface Subscriber {
  readonly reader: Reader
  readonly certificate: Certificate
  /** Writers' certificates that were shown on this connection, by session. */
  readonly shown: Map<string, Certificate>
  /** What it was shown of the log, and where that leads. */
  served: Entry[]
  place: Place
  /** Sessions whose certificates it was sent. */
  readonly introduced: Set<string>
  send(frame: ToClient): void
}

/** Remembers a writer's certificate; it is judged when an envelope first needs it. */
export const show = ({ shown }: Subscriber, certificate: Certificate): void => {
  if (certificate.role === 'writer') shown.set(sessionKey(certificate), certificate)
}

/** What is to be stored of an item. */
export const envelopesOf = (item: Item): readonly Pushed[] => {
  switch (item.type) {
    case 'updates':
      return item.updates
    case 'snapshot':
      return [item.snapshot]
    case 'record':
      return [item.record]
    case 'chunk':
      return [item.chunk]
    case 'certificate':
    case 'ack':
    case 'refused':
      return []
  }
}

/** What of the log, as it is shown now, was not served yet. */
export const freshOf = (shown: readonly Entry[], served: readonly Entry[]): readonly Entry[] => {
  const isSame = (one: Entry, other: Entry | undefined): boolean =>
    one === other || (other !== undefined && equalBytes(one.envelope.id, other.envelope.id))
  if (served.every((entry, i) => isSame(entry, shown[i]))) return shown.slice(served.length)
  // A lie has begun or ended meanwhile: whatever was not served yet, as often as it is shown.
  const times = new Map<string, number>()
  for (const { envelope } of served) times.set(toHex(envelope.id), (times.get(toHex(envelope.id)) ?? 0) + 1)
  return shown.filter(({ envelope }) => {
    const left = times.get(toHex(envelope.id)) ?? 0
    times.set(toHex(envelope.id), left - 1)
    return left <= 0
  })
}
