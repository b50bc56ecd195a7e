/** One connection: says hello, opens documents, and hands each frame to the room that knows what to do with it. */
import {
  type Certificate,
  CLOSE,
  decodeToRelay,
  encodeCertificate,
  encodeToClient,
  equalBytes,
  openedDocId,
  PROTOCOL_VERSION,
  type ToClient,
  type ToRelay,
  toHex,
  type Verify,
} from 'sealsync/protocol'
import { type Opening, openingProblem } from './admission.ts'
import type { CatchUp } from './catch-up.ts'
import { createChannels } from './channels.ts'
import type { Committer } from './committer.ts'
import { ownCertificate } from './document.ts'
import type { Documents } from './documents.ts'
import { openDocument, type Start } from './opening.ts'
import { forward, join, leave, replace } from './presence.ts'
import { pushesOf, show } from './pushes.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { Store } from './store/store.ts'
import { createSubscriber, type Link, type Subscriber } from './subscriber.ts'
import { createWorker } from './worker.ts'

/** The other end of a connection: a socket, or what plays one in a test. */
export interface Peer {
  send(bytes: Uint8Array): void
  /** Bytes that were sent but have not left yet. */
  buffered(): number
  /** Ends the connection; nothing is sent afterwards. */
  close(code: number, reason: string): void
  /** Asks for no more frames until `resume`: too much of what it pushed still waits for its commit. */
  pause?(): void
  resume?(): void
}

/** What the relay wants to hear about a peer. None of it throws, whatever the peer sends. */
export interface Connection {
  /** One whole frame. */
  receive(bytes: Uint8Array): void
  /** The peer has few unsent bytes again. */
  drained(): void
  /** The connection is gone. */
  disconnect(): void
}

export interface ConnectionOptions {
  readonly number: number
  readonly peer: Peer
  readonly nonce: Uint8Array
  readonly relayKey: Uint8Array
  readonly store: Store
  readonly verify: Verify
  readonly limits: RelayLimits
  readonly documents: Documents
  readonly committer: Committer
  readonly catchUp: CatchUp
  /** Counts work that has begun; call the result when it is over. */
  readonly begin: () => () => void
  /** Called once when the connection ends; with a code when the relay ended it. */
  readonly onEnd: (code: number | undefined, reason: string) => void
  readonly onFailure: (error: unknown) => void
}

export const createConnection = (options: ConnectionOptions): Connection & Pick<Link, 'fail'> => {
  const { peer, limits, documents, verify } = options
  const subscribers = new Map<string, Subscriber>()
  // A later opening of the same document takes the place of an earlier one.
  const openings = new Map<string, Opening>()
  const channels = createChannels(2 * limits.documents)
  let state: 'greeting' | 'greeted' | 'opened' | 'ended' = 'greeting'
  let isLagging = false
  let isPaused = false
  let waitingBytes = 0

  const receive = (bytes: Uint8Array): void => {
    if (state === 'ended') return
    if (bytes.length > (state === 'opened' ? limits.frameBytes : limits.greetingBytes)) {
      return fail(CLOSE.tooLarge, 'the frame is too large')
    }
    const frame = decodeToRelay(bytes, channels.docIdOf)
    if (!frame.ok) return fail(CLOSE.malformed, frame.error)
    handle(frame.value)
  }

  const handle = (frame: ToRelay): void => {
    if ((frame.type === 'hello') !== (state === 'greeting')) return fail(CLOSE.malformed, 'hello comes first, and once')
    switch (frame.type) {
      case 'hello':
        return greet(frame)
      case 'open':
        return open(frame)
      case 'push':
        return withSubscriber(frame.channel, (subscriber) => push(subscriber, frame))
      case 'ephemeral':
        return withSubscriber(frame.channel, (subscriber) => forward(subscriber, frame.ephemeral))
      case 'fetch':
        return withSubscriber(frame.channel, (subscriber) => fetch(subscriber, frame.ids))
      case 'close':
        return close(frame.channel)
      case 'ping':
        return reply({ type: 'pong', token: frame.token })
    }
  }

  const greet = ({ minVersion, maxVersion }: ToRelay & { readonly type: 'hello' }): void => {
    const version = Math.min(maxVersion, PROTOCOL_VERSION)
    if (version < minVersion || version < 1) {
      return fail(CLOSE.unsupportedVersion, `this relay speaks version ${PROTOCOL_VERSION}`)
    }
    state = 'greeted'
    reply({ type: 'hello', version, relayKey: options.relayKey, nonce: options.nonce })
  }

  const open = (opening: Opening): void => {
    const docId = openedDocId(opening.genesis)
    const key = toHex(docId)
    const problem = openingProblem(opening, docId, options)
    if (problem !== undefined) return closeDocument(docId, CLOSE.forbidden, problem)
    const others = new Set([...subscribers.keys(), ...openings.keys()])
    if (!others.has(key) && others.size >= limits.documents) {
      return closeDocument(docId, CLOSE.tooManyRequests, `at most ${limits.documents} documents per connection`)
    }
    state = 'opened'
    openings.set(key, opening)
    const end = options.begin()
    void openDocument(opening, docId, options)
      .then((opened) => {
        const isCurrent = openings.get(key) === opening
        if (opened.type === 'ready' && !isCurrent) documents.release(opened.document)
        if (!isCurrent) return
        openings.delete(key)
        if (opened.type === 'refused') closeDocument(docId, opened.code, opened.reason)
        else subscribe(opening, createSubscriberOf(opening, opened.document, opened.start), opened.start.complete)
      })
      .catch((error: unknown) => {
        options.onFailure(error)
        if (openings.get(key) === opening) closeDocument(docId, CLOSE.unavailable, UNREADABLE)
      })
      .finally(end)
  }

  return {}
}
