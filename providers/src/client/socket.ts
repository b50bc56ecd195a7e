/**
 * The WebSocket: partysocket reconnects it, and what partysocket leaves out is here: full jitter, a pause that can be
 * ended, fresh address and token at each attempt, and silence on codes that say that trying again cannot help.
 * Nothing is queued: a session knows what it has not got acknowledged, a socket does not.
 */
import ReconnectingWebSocket from 'partysocket/ws'
import { isPermanent } from '../protocol/close.ts'
import { now } from './clock.ts'

/** A WebSocket constructor: the browser's, Node's, or that of `ws`. */
export type WebSocketConstructor = new (url: string) => object

/** Where to connect, and with which access token (may be empty). */
interface Address {
  readonly url: string
  readonly token: string
}

/** How an attempt or a connection ended: a code and a text of WebSocket, and whose doing it was. */
export interface Ending {
  readonly code: number
  readonly reason: string
  readonly final: boolean
  readonly isLocal: boolean
}

export interface SocketOptions {
  /** Asked at each attempt. */
  readonly address: () => Promise<Address>
  readonly WebSocketPolyfill: WebSocketConstructor | undefined
  /** A number in [0, 1). */
  readonly dice: () => number
  readonly onAttempt: () => void
  readonly onOpen: (token: string) => void
  /** A message that is not binary comes as no bytes at all. */
  readonly onMessage: (bytes: Uint8Array) => void
  /**
   * An attempt failed or a connection ended; `final`: no other will follow by itself; `isLocal`: `close` or `drop` ended
   * it, not the relay or the network.
   */
  readonly onEnd: (end: Ending) => void
  /** Address or token could not be had, or the socket reports an error; it tries again. */
  readonly onError: (error: Error) => void
}

export interface Socket {
  /** Starts connecting, also after `close`. */
  open(): void
  close(code: number, reason: string): void
  /** Ends this connection and tries again, unless the code is a permanent one. */
  drop(code: number, reason: string): void
  /** True when the bytes were handed to an open socket. */
  send(bytes: Uint8Array): boolean
  /** The connection proved to be good: after it the pauses begin short again. */
  settle(): void
  /** Ends the pause before the next attempt, if one is under way. */
  hurry(): void
}

const NORMAL = 1000
/** A connection that was never made, or ended without a word. */
const LOST = 1006
const BASE_DELAY_MS = 500
const MAX_DELAY_MS = 30_000
const CONNECT_MS = 10_000
/** How long the app may take for a token. */
const ADDRESS_MS = 30_000
/** A connection that ends sooner counts as a failed attempt. */
const GOOD_AFTER_MS = 5_000

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))

/** Throws where there is no WebSocket to use. */
export const requireWebSocket = (polyfill: WebSocketConstructor | undefined): void => {
  if (polyfill !== undefined || typeof WebSocket !== 'undefined') return
  throw new TypeError(
    'there is no global WebSocket here: pass WebSocketPolyfill, for example the class of "ws"',
  )
}

export const createSocket = (options: SocketOptions): Socket => {
  const { address, WebSocketPolyfill, dice, onAttempt, onOpen, onMessage, onEnd, onError } = options
  let phase: 'stopped' | 'waiting' | 'connecting' | 'open' = 'stopped'
  let failures = 0
  let settledAt: number | undefined
  let token = ''
  /** Counts openings: an address that was asked for before the last one is stale. */
  let run = 0
  let answered = 0
  let isLocal = false
  let wake: () => void = () => undefined

  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = delayMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, delayMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  /** The app's answer, unless it takes too long, or the socket is closed or hurried meanwhile. */
  const askAddress = async (): Promise<Address | undefined> => {
    const late = pause(ADDRESS_MS)
    const asked = address()
    const answer = await Promise.race([asked, late.then(() => undefined)]).finally(() => wake())
    if (answer === undefined) asked.catch(() => undefined)
    return answer
  }

  // partysocket calls this before each attempt and waits for as long as it takes.
  const nextUrl = async (): Promise<string> => {
    for (;;) {
      const mine = run
      if (phase === 'stopped') {
        await pause(Number.POSITIVE_INFINITY)
        continue
      }
      if (failures > 0) await pause(dice() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (failures - 1)))
      if (mine !== run) continue
      phase = 'connecting'
      onAttempt()
      try {
        const answer = await askAddress()
        if (mine !== run) continue
        if (answer === undefined)
          throw new Error(`the relay's address or token took more than ${ADDRESS_MS} ms`)
        token = answer.token
        answered = mine
        return answer.url
      } catch (error) {
        if (mine !== run) continue
        onError(asError(error))
        ended(LOST, 'no address or token')
      }
    }
  }

  const ended = (code: number, reason: string): void => {
    if (phase !== 'connecting' && phase !== 'open') return
    const wasGood = settledAt !== undefined && now() - settledAt >= GOOD_AFTER_MS
    failures = wasGood ? 1 : Math.min(failures + 1, 10)
    settledAt = undefined
    phase = isPermanent(code) ? 'stopped' : 'waiting'
    onEnd({ code, reason, final: phase === 'stopped', isLocal })
  }

  /** partysocket may tell of the end before `end` returns. */
  const endHere = (end: () => void, code: number, reason: string): void => {
    isLocal = true
    end()
    ended(code, reason)
    isLocal = false
  }

  const socket = new ReconnectingWebSocket(nextUrl, null, {
    ...(WebSocketPolyfill === undefined ? {} : { WebSocket: WebSocketPolyfill }),
    startClosed: true,
    maxEnqueuedMessages: 0,
    connectionTimeout: CONNECT_MS,
    // The pauses are those of nextUrl: these can neither be ended early nor differ between clients.
    minReconnectionDelay: 0,
    maxReconnectionDelay: 0,
    shouldReconnectOnClose: ({ code }) => !isPermanent(code),
  })
  socket.binaryType = 'arraybuffer'
  // Properties instead of listeners: those get clones, and a cloned close event has lost its code in browsers.
  socket.onopen = () => {
    if (phase !== 'connecting' || answered !== run) {
      // Closed and opened again in the very moment in which partysocket took the old address.
      socket.reconnect()
      return
    }
    phase = 'open'
    onOpen(token)
  }
  socket.onmessage = ({ data }) => {
    if (phase === 'open') onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(0))
  }
  socket.onclose = ({ code, reason }) => {
    // partysocket calls an attempt that failed a normal end; one that we end ourselves has another number by now.
    const hasFailed = phase === 'connecting' && answered === run && code === NORMAL
    ended(hasFailed ? LOST : code, reason)
  }
  socket.onerror = (event) => {
    onError(asError('error' in event ? event.error : 'the WebSocket failed'))
  }

  return {
    open: () => {
      if (phase !== 'stopped') return
      run += 1
      failures = 0
      phase = 'waiting'
      wake()
      socket.reconnect()
      onAttempt()
    },
    close: (code, reason) => {
      if (phase === 'stopped') return
      run += 1
      endHere(() => socket.close(code, reason), code, reason)
      phase = 'stopped'
      wake()
    },
    drop: (code, reason) => {
      if (phase !== 'open') return
      const isLast = isPermanent(code)
      endHere(() => (isLast ? socket.close(code, reason) : socket.reconnect(code, reason)), code, reason)
    },
    // A copy: what is sent may be masked in place, and developer tools look at the original.
    send: (bytes) => phase === 'open' && socket.send(new Uint8Array(bytes)),
    settle: () => {
      settledAt = now()
    },
    hurry: () => {
      if (phase !== 'waiting') return
      failures = 0
      wake()
    },
  }
}
