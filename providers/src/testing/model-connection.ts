/** One connection of the model relay: says hello, opens documents, and hands frames on (docs/protocol.md, 12 and 14.2). */
import { toHex } from '../bytes.ts'
import type { Verify } from '../crypto.ts'
import {
  CLOSE,
  decodeToRelay,
  deviceProofParts,
  encodeToClient,
  type Genesis,
  isAdmitted,
  LIMITS,
  openedDocId,
  PROTOCOL_VERSION,
  readProofParts,
  type Tails,
  type ToClient,
  type ToRelay,
} from '../protocol/index.ts'
import { START } from './delivery.ts'
import type { ModelDocument } from './model-document.ts'
import type { Reader, Say, Script } from './script.ts'
import { type Subscriber, show } from './subscriber.ts'

/** The other end of a connection: a socket, or what plays one. */
export interface ModelPeer {
  /** Hands over one whole frame. */
  send(bytes: Uint8Array): void
  /** Ends the connection; nothing is sent afterwards. */
  close(code: number, reason: string): void
}

export interface ModelConnection {
  /** One whole frame from the peer; its answers have been sent when this returns. */
  receive(bytes: Uint8Array): void
  /** The peer is gone. */
  disconnect(): void
}

type Opening = ToRelay & { readonly type: 'open' }

export const createModelConnection = (options: {
  readonly number: number
  readonly name: string
  readonly peer: ModelPeer
  readonly relayKey: Uint8Array
  readonly nonce: Uint8Array
  readonly verify: Verify
  readonly lies: () => Script
  /** Runs something later; a delay of 0 is not asked for. */
  readonly after: (delayMs: number, run: () => void) => void
  readonly find: (docId: Uint8Array, genesis: Genesis, create: boolean) => ModelDocument | undefined
  /** It has left documents. */
  readonly onLeave: () => void
  readonly onEnd: () => void
}): ModelConnection & { drop(code: number, reason: string): void } => {
  const { number, name, peer, relayKey, nonce, verify, lies } = options
  const open = new Map<string, { readonly document: ModelDocument; readonly subscriber: Subscriber }>()
  // Also of documents that were closed: frames may still be on their way.
  const channels = new Map<number, Uint8Array>()
  const tails: Tails = new Map()
  const itself: Reader = { name, connection: number, document: undefined, author: undefined }
  let state: 'silent' | 'greeted' | 'opened' | 'ended' = 'silent'

  const hand: Say = (said, delayMs = 0) => {
    const bytes = said instanceof Uint8Array ? said : encodeToClient(said)
    const send = (): void => {
      if (state !== 'ended') peer.send(bytes)
    }
    if (delayMs > 0) options.after(delayMs, send)
    else send()
  }

  const say = (frame: ToClient, reader: Reader = itself): void => {
    const { outgoing } = lies()
    if (outgoing === undefined) hand(frame)
    else outgoing(frame, reader, hand)
  }

  const end = (): void => {
    if (state === 'ended') return
    state = 'ended'
    for (const { document, subscriber } of open.values()) document.leave(subscriber)
    open.clear()
    options.onLeave()
    options.onEnd()
  }

  const drop = (code: number, reason: string): void => {
    if (state === 'ended') return
    end()
    peer.close(code, reason)
  }

  const handle = (frame: ToRelay): void => {
    switch (frame.type) {
      case 'hello':
        greet(frame)
        return
      case 'open':
        openDocument(frame)
        return
      case 'push':
        if (frame.items.some(({ type }) => type === 'ack' || type === 'refused'))
          drop(CLOSE.malformed, 'acks and refusals come from the relay')
        else on(frame.channel, (document, subscriber) => document.push(subscriber, frame.items))
        return
      case 'ephemeral':
        on(frame.channel, (document, subscriber) => document.forward(subscriber, frame.ephemeral))
        return
      case 'fetch':
        on(frame.channel, (document, subscriber) => document.fetch(subscriber, frame.ids))
        return
      case 'close':
        on(frame.channel, (document, subscriber) => {
          open.delete(toHex(document.docId))
          document.leave(subscriber)
          options.onLeave()
        })
        return
      case 'ping':
        say({ type: 'pong', token: frame.token })
    }
  }

  /** Nothing, when the channel was closed a moment ago: the client cannot know yet. */
  const on = (channel: number, run: (document: ModelDocument, subscriber: Subscriber) => void): void => {
    const opened = open.get(toHex(channels.get(channel) ?? new Uint8Array(0)))
    if (opened !== undefined) run(opened.document, opened.subscriber)
  }

  const greet = ({ minVersion, maxVersion }: ToRelay & { readonly type: 'hello' }): void => {
    const version = Math.min(maxVersion, PROTOCOL_VERSION)
    if (version < minVersion || version < 1) {
      drop(CLOSE.unsupportedVersion, `this relay speaks version ${PROTOCOL_VERSION}`)
      return
    }
    state = 'greeted'
    say({ type: 'hello', version, relayKey, nonce })
  }

  const isProven = ({ genesis, certificate, deviceProof, readProof }: Opening, docId: Uint8Array): boolean =>
    isAdmitted(certificate, docId, genesis, verify) &&
    verify(
      'device-proof',
      deviceProof,
      certificate.author,
      ...deviceProofParts(relayKey, nonce, certificate),
    ) &&
    verify('read-proof', readProof, genesis.readKey, ...readProofParts(relayKey, nonce, certificate))

  const openDocument = (opening: Opening): void => {
    const docId = openedDocId(opening.genesis)
    const key = toHex(docId)
    const earlier = open.get(key)
    const refuse = (code: number, reason: string): void => {
      open.delete(key)
      if (earlier !== undefined) earlier.document.leave(earlier.subscriber)
      say({ type: 'closed', docId, code, reason })
    }
    if (!isProven(opening, docId)) {
      refuse(CLOSE.forbidden, 'certificate or proof does not verify')
      return
    }
    if (earlier === undefined && open.size >= LIMITS.documents) {
      refuse(CLOSE.tooManyRequests, `at most ${LIMITS.documents} documents per connection`)
      return
    }
    state = 'opened'
    const document = options.find(docId, opening.genesis, opening.create)
    if (document === undefined) {
      refuse(CLOSE.notFound, 'nothing is stored under this document id')
      return
    }
    const { certificate, attempt, cursor } = opening
    const reader: Reader = { ...itself, document: key, author: toHex(certificate.author) }
    const subscriber: Subscriber = {
      reader,
      certificate,
      shown: new Map(),
      served: [],
      place: START,
      introduced: new Set(),
      send: (frame) => say(frame, reader),
    }
    show(subscriber, certificate)
    channels.set(document.channel, docId)
    open.set(key, { document, subscriber })
    document.join(subscriber, { attempt, cursor, earlier: earlier?.subscriber })
  }

  return {
    receive: (bytes) => {
      if (state === 'ended') return
      if (bytes.length > (state === 'opened' ? LIMITS.frameBytes : LIMITS.greetingBytes)) {
        drop(CLOSE.tooLarge, 'the frame is too large')
        return
      }
      const frame = decodeToRelay(bytes, (channel) => channels.get(channel), tails)
      if (!frame.ok) drop(CLOSE.malformed, frame.error)
      else if ((frame.value.type === 'hello') !== (state === 'silent'))
        drop(CLOSE.malformed, 'hello comes first, and once')
      else handle(frame.value)
    },
    disconnect: end,
    drop,
  }
}
