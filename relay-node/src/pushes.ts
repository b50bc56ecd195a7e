/** From the items of a push to single envelopes, and the certificates that come with them. */
import { type Certificate, COMMITMENT_BYTES, type Item, SIGNATURE_BYTES } from 'sealsync/protocol'
import { ownCertificate, sessionKey } from './document.ts'
import type { Push } from './draft.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { Subscriber } from './subscriber.ts'

/** The envelopes of a push in order; `undefined` when it holds what only a relay may send. */
export const pushesOf = (
  subscriber: Subscriber,
  items: readonly Item[],
  limits: RelayLimits,
): readonly Push[] | undefined => {
  const pushes: Push[] = []
  for (const item of items) {
    switch (item.type) {
      case 'certificate':
        show(subscriber, item.certificate, limits)
        break
      case 'updates':
        for (const envelope of item.updates) pushes.push({ subscriber, envelope, bytes: sizeOf(envelope) })
        break
      case 'snapshot':
        pushes.push({ subscriber, envelope: item.snapshot, bytes: sizeOf(item.snapshot) })
        break
      case 'record':
        pushes.push({ subscriber, envelope: item.record, bytes: 1024 })
        break
      case 'chunk':
        pushes.push({ subscriber, envelope: item.chunk, bytes: sizeOf(item.chunk) })
        break
      case 'ack':
      case 'refused':
        return undefined
    }
  }
  return pushes
}

/** Remembers a writer's certificate. It is verified when an envelope first needs it, so that showing many costs nothing. */
export const show = (
  { shown }: Subscriber,
  certificate: Certificate,
  { openSessions }: RelayLimits,
): void => {
  if (certificate.role !== 'writer') return
  // The oldest goes first: its session is stored by now, or its pusher never meant to use it.
  const oldest = shown.size >= openSessions ? shown.keys().next() : undefined
  if (oldest?.done === false) shown.delete(oldest.value)
  shown.set(sessionKey(certificate), ownCertificate(certificate))
}

const sizeOf = (envelope: { readonly header: Uint8Array; readonly ciphertext: Uint8Array }): number =>
  envelope.header.length + COMMITMENT_BYTES + envelope.ciphertext.length + SIGNATURE_BYTES
