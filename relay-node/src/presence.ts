/** Who is there, and what they show of themselves: forwarded to all others of a document, never stored. */
import { type Ephemeral, encodeCertificate, encodeToClient, equalBytes, type Heads } from 'sealsync/protocol'
import type { Document } from './document.ts'
import type { Subscriber } from './subscriber.ts'

/** Adds a subscriber: it is told who is there, and everybody else that it came. */
export const join = (subscriber: Subscriber): void => {
  const { document, link } = subscriber
  for (const other of document.subscribers) link.send(joinedFrame(other))
  toAll(document, joinedFrame(subscriber))
  document.subscribers.add(subscriber)
}

/** Puts a subscriber in the place of an earlier one of its connection; in the same session, nobody else need know. */
export const replace = (earlier: Subscriber, subscriber: Subscriber): void => {
  const { document, link } = subscriber
  if (!equalBytes(encodeCertificate(earlier.certificate), encodeCertificate(subscriber.certificate))) {
    leave(earlier)
    join(subscriber)
    return
  }
  document.subscribers.delete(earlier)
  for (const other of document.subscribers) link.send(joinedFrame(other))
  document.subscribers.add(subscriber)
}

/** Removes a subscriber and tells those who stay. */
export const leave = (subscriber: Subscriber): void => {
  const { document, link } = subscriber
  if (!document.subscribers.delete(subscriber)) return
  toAll(document, encodeToClient({ type: 'left', channel: document.channel, connection: link.number }))
}

/**
 * Passes on what a device shows, or says of the heads that it has seen. Only its own: the connection has proven the key, so nobody verifies a signature here.
 * Who lags is left out: what is shown comes again with the next ephemeral, and an event is for who keeps up.
 */
export const forward = (subscriber: Subscriber, ephemeral: Ephemeral | Heads): void => {
  const { document, link, certificate } = subscriber
  if (!equalBytes(ephemeral.author, certificate.author)) return
  const { channel } = document
  let frame: Uint8Array | undefined
  for (const other of document.subscribers) {
    if (other === subscriber || other.link.isLagging()) continue
    frame ??= encodeToClient({ type: 'ephemeral', channel, connection: link.number, ephemeral })
    other.link.send(frame)
  }
}

const joinedFrame = ({ document, link, certificate }: Subscriber): Uint8Array =>
  encodeToClient({ type: 'joined', channel: document.channel, connection: link.number, certificate })

const toAll = (document: Document, frame: Uint8Array): void => {
  for (const { link } of document.subscribers) link.send(frame)
}
