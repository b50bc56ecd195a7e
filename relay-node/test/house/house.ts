/** Real relays in memory, one per host name, and WebSockets that lead to them: a test can pull the plug. */
import { cryptoReady, randomBytes, verify } from 'sealsync/protocol'
import { createRelay, type Relay } from '../../src/relay.ts'
import { createMemoryStore } from '../../src/store/memory.ts'

export interface House {
  /** The one at relay.test. */
  readonly relay: Relay
  readonly WebSocketPolyfill: new (url: string) => object
  /** Addresses that were connected to, in order. */
  readonly urls: string[]
  /** Sockets that are open now. */
  open(): number
  /** Whether new sockets get through. */
  isUp: boolean
  /** Connections that lead nowhere: nothing arrives, nothing is closed. */
  isFrozen: boolean
  /** Ends every socket with this code. */
  cut(code?: number): void
  /** All relays lose everything, and their sockets. */
  wipe(): void
}

export const createHouse = async (): Promise<House> => {
  await cryptoReady
  const relays = new Map<string, Relay>()
  const relayAt = (host: string): Relay => {
    const relay =
      relays.get(host) ??
      createRelay({
        store: createMemoryStore(),
        verify,
        now: Date.now,
        random: randomBytes,
        defer: queueMicrotask,
      })
    relays.set(host, relay)
    return relay
  }
  const sockets = new Set<HouseSocket>()

  // The one class: a WebSocket is constructed.
  class HouseSocket extends EventTarget {
    readonly url: string
    binaryType = 'blob'
    readyState = 0
    #connection: ReturnType<Relay['connect']> | undefined

    constructor(url: string) {
      super()
      this.url = url
      house.urls.push(url)
      queueMicrotask(() => this.#open())
    }

    #open(): void {
      if (this.readyState !== 0) return
      if (!house.isUp) {
        this.dispatchEvent(Object.assign(new Event('error'), { error: new Error('refused') }))
        this.end(1006)
        return
      }
      this.readyState = 1
      sockets.add(this)
      this.#connection = relayAt(new URL(this.url).host).connect({
        send: (bytes) => {
          const data = bytes.slice().buffer
          queueMicrotask(() => {
            if (this.readyState === 1 && !house.isFrozen) {
              this.dispatchEvent(Object.assign(new Event('message'), { data }))
            }
          })
        },
        buffered: () => 0,
        close: (code) => this.end(code),
      })
      this.dispatchEvent(new Event('open'))
    }

    end(code: number): void {
      if (this.readyState === 3) return
      this.readyState = 3
      sockets.delete(this)
      this.#connection?.disconnect()
      queueMicrotask(() => this.dispatchEvent(Object.assign(new Event('close'), { code, reason: '' })))
    }

    send(data: Uint8Array): void {
      const bytes = data.slice()
      const connection = this.#connection
      queueMicrotask(() => {
        if (!house.isFrozen) connection?.receive(bytes)
      })
    }

    close(code = 1000): void {
      // What was sent before arrives before.
      queueMicrotask(() => this.end(code))
    }
  }

  const house: House = {
    get relay() {
      return relayAt('relay.test')
    },
    WebSocketPolyfill: HouseSocket,
    urls: [],
    isUp: true,
    isFrozen: false,
    open: () => sockets.size,
    cut: (code = 1006) => {
      for (const socket of [...sockets]) socket.end(code)
    },
    wipe: () => {
      house.cut()
      relays.clear()
    },
  }
  return house
}
