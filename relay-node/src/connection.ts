/** One connection: says hello, opens documents, and hands each frame to the room that knows what to do with it. */
import {
  CLOSE,
  decodeToRelay,
  encodeToClient,
  openedDocId,
  PROTOCOL_VERSION,
  type ToClient,
  type ToRelay,
  toHex,
  type Verify,
} from 'sealsync/protocol'
import { type Greeting, type Opening, openingProblem } from './admission.ts'
import type { CatchUp } from './catch-up.ts'
import { createChannels } from './channels.ts'
import type { Committer } from './committer.ts'
import { type Document, ownCertificate } from './document.ts'
import type { Documents } from './documents.ts'
import { createFlow, type Peer } from './flow.ts'
import { openDocument, type Start } from './opening.ts'
import { forward, join, leave, replace } from './presence.ts'
import { pushesOf, show } from './pushes.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { Store } from './store/store.ts'
import { createSubscriber, type Link, type Subscriber } from './subscriber.ts'
import { createWorker } from './worker.ts'

/** What the relay wants to hear about a peer. None of it throws, whatever the peer sends. */
export interface Connection {
  /** One whole frame. */
  receive(bytes: Uint8Array): void
  /** Bytes of the largest frame that it would take now. */
  frameLimit(): number
  /** The peer has few unsent bytes again. */
  drained(): void
  /** Ends it with a code, for an offence that only its carrier can see. */
  drop(code: number, reason: string): void
  /** The connection is gone. */
  disconnect(): void
}

export interface ConnectionOptions {
  readonly number: number
  readonly peer: Peer
  readonly nonce: Uint8Array
  /** Rejects while the store cannot be read. */
  readonly relayKey: () => Promise<Uint8Array>
  readonly store: Store
  readonly verify: Verify
  readonly limits: RelayLimits
  readonly documents: Documents
  readonly committer: Committer
  readonly catchUp: CatchUp
  /** Runs something after the current turn. */
  readonly defer: (run: () => void) => void
  /** Counts work that has begun; call the result when it is over. */
  readonly begin: () => () => void
  /** Called once when the connection ends; with a code when the relay ended it. */
  readonly onEnd: (code: number | undefined, reason: string) => void
  readonly onFailure: (error: unknown) => void
}

export const createConnection = (options: ConnectionOptions): Connection => {
  const { limits, documents } = options
  const subscribers = new Map<string, Subscriber>()
  // A later opening of the same document takes the place of an earlier one.
  const openings = new Map<string, Opening>()
  const channels = createChannels(2 * limits.documents)
  let greeting: Greeting | undefined
  let state: 'silent' | 'greeting' | 'greeted' | 'opened' | 'ended' = 'silent'
  const flow = createFlow(options.peer, limits, () => fail(CLOSE.silent, 'the peer does not read'))

  const frameLimit = (): number => (state === 'opened' ? limits.frameBytes : limits.greetingBytes)

  const receive = (bytes: Uint8Array): void => {
    if (state === 'ended') return
    if (bytes.length > frameLimit()) {
      fail(CLOSE.tooLarge, 'the frame is too large')
      return
    }
    const frame = decodeToRelay(bytes, channels.docIdOf, channels.tails)
    if (!frame.ok) {
      fail(CLOSE.malformed, frame.error)
      return
    }
    handle(frame.value)
  }

  const handle = (frame: ToRelay): void => {
    if ((frame.type === 'hello') !== (state === 'silent') || state === 'greeting') {
      fail(CLOSE.malformed, 'hello comes first, once, and waits for its answer')
      return
    }
    switch (frame.type) {
      case 'hello':
        greet(frame)
        break
      case 'open':
        open(frame)
        break
      case 'push':
        withSubscriber(frame.channel, (subscriber) => push(subscriber, frame))
        break
      case 'ephemeral':
        withSubscriber(frame.channel, (subscriber) => forward(subscriber, frame.ephemeral))
        break
      case 'fetch':
        withSubscriber(frame.channel, (subscriber) => fetch(subscriber, frame.ids))
        break
      case 'close':
        close(frame.channel)
        break
      case 'ping':
        reply({ type: 'pong', token: frame.token })
        break
    }
  }

  const greet = ({ minVersion, maxVersion }: ToRelay & { readonly type: 'hello' }): void => {
    const version = Math.min(maxVersion, PROTOCOL_VERSION)
    if (version < minVersion || version < 1) {
      fail(CLOSE.unsupportedVersion, `this relay speaks version ${PROTOCOL_VERSION}`)
      return
    }
    state = 'greeting'
    const finish = options.begin()
    options
      .relayKey()
      .then((relayKey) => {
        if (state !== 'greeting') return
        state = 'greeted'
        greeting = { relayKey, nonce: options.nonce }
        reply({ type: 'hello', version, ...greeting })
      })
      .catch(() => fail(CLOSE.unavailable, 'the relay cannot read its key at the moment'))
      .finally(finish)
  }

  const open = (opening: Opening): void => {
    const docId = openedDocId(opening.genesis)
    const key = toHex(docId)
    if (greeting === undefined) return
    const problem = openingProblem(opening, docId, { ...greeting, verify: options.verify })
    if (problem !== undefined) {
      closeDocument(docId, CLOSE.forbidden, problem)
      return
    }
    const others = new Set([...subscribers.keys(), ...openings.keys()])
    if (!others.has(key) && others.size >= limits.documents) {
      closeDocument(docId, CLOSE.tooManyRequests, `at most ${limits.documents} documents per connection`)
      return
    }
    state = 'opened'
    openings.set(key, opening)
    const finish = options.begin()
    void openDocument(opening, docId, options)
      .then((opened) => {
        const isCurrent = openings.get(key) === opening
        if (opened.type === 'ready' && !isCurrent) documents.release(opened.document)
        if (!isCurrent) return
        openings.delete(key)
        if (opened.type === 'refused') closeDocument(docId, opened.code, opened.reason)
        else subscribe(opening, opened.document, opened.start)
      })
      .catch((error: unknown) => {
        options.onFailure(error)
        if (openings.get(key) === opening) closeDocument(docId, CLOSE.unavailable, UNREADABLE)
      })
      .finally(finish)
  }

  const subscribe = (opening: Opening, document: Document, { complete, ...start }: Start): void => {
    const certificate = ownCertificate(opening.certificate)
    const subscriber = createSubscriber({ link, document, certificate, ...start })
    show(subscriber, certificate, limits)
    channels.set(document.channel, document.docId)
    const { docId, channel, log } = document
    const { attempt } = opening
    const names = { docId, attempt, channel, connection: options.number, logId: log.logId }
    reply({ type: 'opened', ...names, complete, isNew: log.version === 0 })
    const earlier = subscribers.get(document.key)
    subscribers.set(document.key, subscriber)
    if (earlier === undefined) join(subscriber)
    else {
      retire(earlier)
      replace(earlier, subscriber)
    }
    worker.wake(subscriber)
  }

  const push = (subscriber: Subscriber, { items }: ToRelay & { readonly type: 'push' }): void => {
    const pushes = pushesOf(subscriber, items, limits)
    if (pushes === undefined) {
      fail(CLOSE.malformed, 'acks and refusals come from the relay')
      return
    }
    flow.pushed(pushes.reduce((sum, { bytes }) => sum + bytes, 0))
    options.committer.push(pushes)
  }

  const fetch = (subscriber: Subscriber, ids: readonly Uint8Array[]): void => {
    if (subscriber.fetches.length + ids.length > limits.waitingFetches) {
      fail(CLOSE.tooManyRequests, 'fetches without reading the answers')
      return
    }
    // An empty fetch is answered at once, and like any other: with what was found, which is nothing.
    if (ids.length === 0)
      reply({ type: 'found', channel: subscriber.document.channel, items: [], unknown: [] })
    for (const id of ids) subscriber.fetches.push(id.slice())
    if (ids.length > 0) worker.wake(subscriber)
  }

  /** Calls `run` if the channel is open. If not, it was closed a moment ago: the client cannot know yet. */
  const withSubscriber = (channel: number, run: (subscriber: Subscriber) => void): void => {
    const docId = channels.docIdOf(channel)
    const subscriber = docId && subscribers.get(toHex(docId))
    if (subscriber?.document.channel === channel) run(subscriber)
  }

  const close = (channel: number): void => {
    const docId = channels.docIdOf(channel)
    if (docId === undefined) return
    openings.delete(toHex(docId))
    withSubscriber(channel, detach)
  }

  const closeDocument = (docId: Uint8Array, code: number, reason: string): void => {
    const key = toHex(docId)
    openings.delete(key)
    const subscriber = subscribers.get(key)
    if (subscriber !== undefined) detach(subscriber)
    reply({ type: 'closed', docId, code, reason })
  }

  const detach = (subscriber: Subscriber): void => {
    subscribers.delete(subscriber.document.key)
    leave(subscriber)
    retire(subscriber)
  }

  const retire = (subscriber: Subscriber): void => {
    subscriber.isGone = true
    documents.release(subscriber.document)
  }

  const reply = (frame: ToClient): void => send(encodeToClient(frame))

  const send = (bytes: Uint8Array): void => {
    if (state !== 'ended') flow.send(bytes)
  }

  const end = (code: number | undefined, reason: string): void => {
    if (state === 'ended') return
    state = 'ended'
    openings.clear()
    for (const subscriber of subscribers.values()) detach(subscriber)
    options.onEnd(code, reason)
  }

  const fail = (code: number, reason: string): void => {
    if (state === 'ended') return
    end(code, reason)
    options.peer.close(code, reason)
  }

  const link: Link = {
    number: options.number,
    send,
    fail,
    isLagging: flow.isLagging,
    settled: flow.settled,
    wake: (subscriber) => worker.wake(subscriber),
  }

  const worker = createWorker({
    catchUp: options.catchUp,
    isLagging: flow.isLagging,
    begin: options.begin,
    defer: options.defer,
    onFailure: (subscriber, error) => {
      options.onFailure(error)
      if (!subscriber.isGone) closeDocument(subscriber.document.docId, CLOSE.unavailable, UNREADABLE)
    },
  })

  return {
    receive,
    frameLimit,
    drop: fail,
    drained: () => {
      flow.drained()
      worker.resume()
    },
    disconnect: () => end(undefined, 'the peer has gone'),
  }
}

const UNREADABLE = 'the relay cannot read this document at the moment'
