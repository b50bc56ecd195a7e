/** One WebSocket and the connection that it carries. */
import type { Socket } from 'node:net'
import { CLOSE } from 'sealsync/protocol'
import type { RawData, WebSocket } from 'ws'
import type { Relay } from './relay.ts'
import { createCorkedWriter } from './ws-frame.ts'

export interface RelaySocket {
  /** Asks whether the peer is still there; ends the connection when the last question was not answered. */
  beat(): void
  /** Ends it without further ado. */
  terminate(): void
}

export interface SocketOptions {
  readonly relay: Relay
  readonly socket: WebSocket
  /** What the WebSocket runs on. */
  readonly raw: Socket
  /** Makes WebSocket frames; shared by all sockets of a server. */
  readonly frame: (payload: Uint8Array) => readonly Uint8Array[]
  readonly now: () => number
  readonly onClosed: () => void
  readonly onError: (error: unknown) => void
}

// Far above what a client does (it waits for acks or 50 ms), low enough that one peer cannot starve the others.
const FRAMES_PER_SECOND = 2000
const FRAMES_AT_ONCE = 10_000
const REASON_BYTES = 120
const GOODBYE_MS = 2000
const UNFINISHED = 64 * 1024

/** Ties a socket to a relay until either ends. */
export const serveSocket = (options: SocketOptions): RelaySocket => {
  const { relay, socket, raw, now } = options
  const write = createCorkedWriter(raw)
  let isAnswered = true
  let unfinishedBytes = 0
  let allowance = FRAMES_AT_ONCE
  let countedAt = now()

  const shut = (code: number, reason: string): void => {
    socket.close(code, shortened(reason))
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref()
  }

  const connection = relay.connect({
    send: (bytes) => {
      if (socket.readyState === socket.OPEN) write(options.frame(bytes))
    },
    buffered: () => raw.writableLength,
    close: shut,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  })

  const isTooFast = (): boolean => {
    const at = now()
    allowance = Math.min(FRAMES_AT_ONCE, allowance + ((at - countedAt) * FRAMES_PER_SECOND) / 1000) - 1
    countedAt = at
    return allowance < 0
  }

  const receive = (data: RawData, isBinary: boolean): void => {
    unfinishedBytes = 0
    if (socket.readyState !== socket.OPEN) return
    if (!isBinary) connection.drop(CLOSE.malformed, 'frames are binary')
    else if (isTooFast()) connection.drop(CLOSE.tooManyRequests, 'too many frames')
    else connection.receive(bytesOf(data))
  }

  // Ahead of the WebSocket: a frame that never ends must not fill the memory of those who have not even opened anything.
  raw.prependListener('data', (chunk: Buffer) => {
    unfinishedBytes += chunk.length
    if (unfinishedBytes <= connection.frameLimit() + UNFINISHED) return
    if (socket.readyState === socket.OPEN) connection.drop(CLOSE.tooLarge, 'the frame is too large')
    else if (unfinishedBytes > 4 * connection.frameLimit()) socket.terminate()
  })
  raw.on('drain', () => connection.drained())
  socket.on('message', (data, isBinary) => {
    try {
      receive(data, isBinary)
    } catch (error) {
      // A fault of ours. It must not become everybody's.
      options.onError(error)
      connection.drop(1011, 'internal error')
    }
  })
  socket.on('pong', () => {
    isAnswered = true
  })
  // Broken frames and resets: 'close' follows.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    connection.disconnect()
    options.onClosed()
  })

  return {
    beat: () => {
      if (!isAnswered && !socket.isPaused) return socket.terminate()
      isAnswered = false
      socket.ping()
    },
    terminate: () => socket.terminate(),
  }
}

/** Views, not copies; plain ones, because a Buffer's `slice` does not copy where others' does. */
const bytesOf = (data: RawData): Uint8Array => {
  const whole = Array.isArray(data) ? Buffer.concat(data) : data
  return whole instanceof ArrayBuffer
    ? new Uint8Array(whole)
    : new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength)
}

/** A close reason may have 123 bytes of UTF-8; ours are ASCII. */
const shortened = (reason: string): string => reason.slice(0, REASON_BYTES)
