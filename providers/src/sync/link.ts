/**
 * One connection to a relay, shared by many documents: greeting, routing and heartbeat. As the session, it only
 * decides; the client room owns the socket. Nothing a relay sends is fatal here: what cannot be read costs the
 * connection, and the next one starts afresh.
 */
import {
  CLOSE,
  decodeToClient,
  encodeToRelay,
  LIMITS,
  PROTOCOL_VERSION,
  type Tails,
  type ToClient,
  type ToRelay,
  toHex,
  unreachable,
} from '../protocol/index.ts'
import { createChannels } from './channels.ts'
import type { Input } from './effects.ts'
import { createHeartbeat } from './heartbeat.ts'

export type LinkInput =
  /** The socket is open; `token` is the access token for this connection, or empty. */
  | { readonly type: 'opened'; readonly token: string }
  | { readonly type: 'closed' }
  | { readonly type: 'received'; readonly bytes: Uint8Array }
  /** A document that wants to be synced; once per id. */
  | { readonly type: 'attach'; readonly docId: Uint8Array }
  | { readonly type: 'detach'; readonly docId: Uint8Array }
  /** A frame of an attached document. */
  | { readonly type: 'transmit'; readonly docId: Uint8Array; readonly frame: ToRelay }
  /** The device may have slept or changed networks: is the relay still there? */
  | { readonly type: 'probe' }
  | { readonly type: 'woke' }

export type LinkEffect =
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** The relay has answered the greeting. */
  | { readonly type: 'greeted' }
  /** An input for the session of a document; `docId` in hex. */
  | { readonly type: 'route'; readonly docId: string; readonly input: Input }
  /** Bytes that went to or came from the relay about one document. */
  | {
      readonly type: 'trace'
      readonly docId: string
      readonly direction: 'sent' | 'received'
      readonly bytes: Uint8Array
    }
  /** Close the socket; try again unless the code's band says that this cannot help. */
  | { readonly type: 'drop'; readonly code: number; readonly reason: string }

export interface Link {
  step(input: LinkInput, now: number): readonly LinkEffect[]
  wakeAt(): number | undefined
}

const GREETING_MS = 10_000
/** Not in the permanent band: an evil or faulty relay may be replaced by a good one. */
const UNREADABLE = 4500

type Phase =
  | { readonly type: 'down' }
  | { readonly type: 'greeting'; readonly until: number }
  | { readonly type: 'up'; readonly relayKey: Uint8Array; readonly nonce: Uint8Array }

export const createLink = (): Link => {
  const channels = createChannels()
  const tails: Tails = new Map()
  let phase: Phase = { type: 'down' }
  let effects: LinkEffect[] = []

  const emit = (effect: LinkEffect): void => {
    effects.push(effect)
  }

  const send = (frame: ToRelay, docId?: string): void => {
    const bytes = encodeToRelay(frame, tails)
    emit({ type: 'send', bytes })
    if (docId !== undefined) emit({ type: 'trace', docId, direction: 'sent', bytes })
  }

  const heartbeat = createHeartbeat((token) => send({ type: 'ping', token }))

  const down = (): void => {
    const wasUp = phase.type === 'up'
    phase = { type: 'down' }
    channels.reset()
    tails.clear()
    if (!wasUp) return
    for (const docId of channels.keys()) emit({ type: 'route', docId, input: { type: 'disconnected' } })
  }

  const drop = (code: number, reason: string): void => {
    emit({ type: 'drop', code, reason })
    down()
  }

  const connect = (key: string): void => {
    if (phase.type !== 'up') return
    const { relayKey, nonce } = phase
    emit({ type: 'route', docId: key, input: { type: 'connected', relayKey, nonce } })
  }

  const greeted = (frame: Extract<ToClient, { type: 'hello' }>): void => {
    if (phase.type !== 'greeting') {
      drop(UNREADABLE, 'the relay greeted twice')
    } else if (frame.version !== PROTOCOL_VERSION) {
      drop(CLOSE.unsupportedVersion, `the relay chose protocol version ${frame.version}`)
    } else {
      phase = { type: 'up', relayKey: frame.relayKey.slice(), nonce: frame.nonce.slice() }
      emit({ type: 'greeted' })
      for (const key of channels.keys()) connect(key)
    }
  }

  const route = (
    key: string,
    frame: Extract<Input, { type: 'received' }>['frame'],
    bytes: Uint8Array,
  ): void => {
    emit({ type: 'trace', docId: key, direction: 'received', bytes })
    emit({ type: 'route', docId: key, input: { type: 'received', frame } })
  }

  const opened = (frame: Extract<ToClient, { type: 'opened' }>, bytes: Uint8Array): void => {
    const opening = channels.opened(frame.docId, frame.attempt, frame.channel)
    switch (opening.type) {
      case 'expected':
        route(toHex(frame.docId), { ...frame, attempt: opening.attempt }, bytes)
        return
      case 'abandoned':
        send({ type: 'close', channel: frame.channel })
        return
      case 'conflict':
        drop(UNREADABLE, 'the relay gave one channel to two documents')
        return
      case 'stale':
        return
      default:
        unreachable(opening)
    }
  }

  const closed = (frame: Extract<ToClient, { type: 'closed' }>, bytes: Uint8Array): void => {
    if (!channels.isAttached(frame.docId)) return
    channels.closed(frame.docId)
    route(toHex(frame.docId), frame, bytes)
  }

  const dispatch = (frame: Exclude<ToClient, { type: 'hello' }>, bytes: Uint8Array): void => {
    switch (frame.type) {
      case 'opened':
        opened(frame, bytes)
        return
      case 'closed':
        closed(frame, bytes)
        return
      case 'pong':
        heartbeat.answered(frame.token)
        return
      case 'deliver':
      case 'ephemeral':
      case 'found':
      case 'joined':
      case 'left': {
        const document = channels.find(frame.channel)
        if (document !== undefined) route(document.key, frame, bytes)
        return
      }
      default:
        unreachable(frame)
    }
  }

  const received = (bytes: Uint8Array, now: number): void => {
    if (phase.type === 'down') return
    heartbeat.heard(now)
    if (bytes.length > LIMITS.frameBytes) {
      drop(UNREADABLE, 'the relay sent too large a frame')
      return
    }
    let isForNobody = false
    const frame = decodeToClient(bytes, (channel) => {
      const document = channels.find(channel)
      if (document === undefined) isForNobody = true
      return document?.docId
    })
    if (!frame.ok) {
      // For nobody: in flight when its document was closed here; without the document it cannot even be read.
      if (!isForNobody) drop(UNREADABLE, frame.error)
    } else if (frame.value.type === 'hello') greeted(frame.value)
    else if (phase.type === 'up') dispatch(frame.value, bytes)
    else drop(UNREADABLE, 'the relay spoke before its greeting')
  }

  const detach = (docId: Uint8Array): void => {
    const channel = channels.detach(docId)
    if (channel !== undefined) send({ type: 'close', channel })
  }

  const transmit = (docId: Uint8Array, frame: ToRelay): void => {
    if (phase.type !== 'up' || !channels.isAttached(docId)) return
    const isOpen = frame.type === 'open'
    send(isOpen ? { ...frame, attempt: channels.opening(docId, frame.attempt) } : frame, toHex(docId))
  }

  const handle = (input: LinkInput, now: number): void => {
    switch (input.type) {
      case 'opened':
        down()
        phase = { type: 'greeting', until: now + GREETING_MS }
        heartbeat.begin(now)
        send({
          type: 'hello',
          minVersion: PROTOCOL_VERSION,
          maxVersion: PROTOCOL_VERSION,
          token: input.token,
        })
        return
      case 'closed':
        down()
        return
      case 'received':
        received(input.bytes, now)
        return
      case 'attach':
        channels.attach(input.docId)
        connect(toHex(input.docId))
        return
      case 'detach':
        detach(input.docId)
        return
      case 'transmit':
        transmit(input.docId, input.frame)
        return
      case 'probe':
        if (phase.type === 'up') heartbeat.probe(now)
        return
      case 'woke':
        return
      default:
        unreachable(input)
    }
  }

  const evaluate = (now: number): void => {
    if (phase.type === 'greeting' && phase.until <= now) drop(CLOSE.silent, 'the relay does not greet')
    if (phase.type === 'up' && heartbeat.check(now) === 'dead')
      drop(CLOSE.silent, 'the relay does not answer')
  }

  return {
    step: (input, now) => {
      effects = []
      handle(input, now)
      evaluate(now)
      return effects
    },
    wakeAt: () => {
      if (phase.type === 'greeting') return phase.until
      if (phase.type === 'up') return heartbeat.wakeAt()
      return undefined
    },
  }
}
