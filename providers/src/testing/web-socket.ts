/** WebSockets that lead to a relay in memory, over a wire that keeps the order and throws dice for the delay. */
import { cryptoReady } from '../crypto.ts'
import type { ModelConnection, ModelPeer } from './model-connection.ts'
import type { Random } from './random.ts'

/** What partysocket, and any other code that was written for the browser's WebSocket, needs of one. */
export interface TestWebSocket extends EventTarget {
  readonly url: string
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number
  /** Messages come as an `ArrayBuffer`, whatever this says. */
  binaryType: string
  send(data: Uint8Array | ArrayBuffer): void
  close(code?: number, reason?: string): void
}

/** Give it to a client as `WebSocketPolyfill`. Every address leads to the relay that it belongs to. */
export type TestWebSocketClass = new (url: string) => TestWebSocket

/** The longest delay of one message, ms. */
const LATENCY_MS = 4

/** Runs what it is given after a random delay, never out of order. */
const createLane = (random: Random): ((run: () => void) => void) => {
  const queue: (() => void)[] = []
  return (run) => {
    queue.push(run)
    setTimeout(() => queue.shift()?.(), random() * LATENCY_MS)
  }
}

/** A class of sockets; a class, because a WebSocket is constructed. */
export const createWebSocketClass = (
  connect: (peer: ModelPeer) => ModelConnection,
  random: Random,
): TestWebSocketClass =>
  class extends EventTarget implements TestWebSocket {
    readonly url: string
    binaryType = 'blob'
    readyState = 0
    readonly #up: (run: () => void) => void = createLane(random)
    readonly #down: (run: () => void) => void = createLane(random)
    #connection: ModelConnection | undefined

    constructor(url: string) {
      super()
      this.url = url
      void cryptoReady.then(() => this.#down(() => this.#open()))
    }

    #open(): void {
      if (this.readyState !== 0) return
      this.readyState = 1
      this.#connection = connect({
        send: (bytes) => {
          const data = bytes.slice().buffer
          this.#down(() => {
            if (this.readyState === 1) this.dispatchEvent(Object.assign(new Event('message'), { data }))
          })
        },
        close: (code, reason) => this.#down(() => this.#end(code, reason)),
      })
      this.dispatchEvent(new Event('open'))
    }

    #end(code: number, reason: string): void {
      if (this.readyState === 3) return
      this.readyState = 3
      this.dispatchEvent(Object.assign(new Event('close'), { code, reason, wasClean: true }))
    }

    send(data: Uint8Array | ArrayBuffer): void {
      const bytes = new Uint8Array(data).slice()
      this.#up(() => this.#connection?.receive(bytes))
    }

    close(code = 1000, reason = ''): void {
      if (this.readyState >= 2) return
      this.readyState = 2
      // What was sent before arrives before.
      this.#up(() => {
        this.#connection?.disconnect()
        this.#end(code, reason)
      })
    }
  }
