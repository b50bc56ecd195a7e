/**
 * WebSockets of one tab, over the simulated wires of a relay: delayed, cut, and in bad times with frames of the relay
 * lost, doubled or swapped on a link that stays up. A real WebSocket does none of the last three; a client that lives
 * through them needs no luck.
 */
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Wire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import type { Host } from '../simulation/host.ts'

export interface TabNetwork {
  readonly WebSocketPolyfill: new (url: string) => object
  /** Ends every socket, as bad radio does. */
  cut(): void
  /** Whether new sockets get through. */
  isOnline: boolean
  /** Frames in both directions that are no heartbeats. */
  frames(): number
}

const PING = 7
const PONG = 135

export const createTabNetwork = (deps: {
  readonly clock: Clock
  readonly random: Random
  readonly host: Host
  readonly latencyMs: number
  /** How many frames of the relay are doubled, and how many change places with the next one. */
  readonly frameMess: number
  readonly isHealed: () => boolean
}): TabNetwork => {
  const { clock, random, host, latencyMs, frameMess, isHealed } = deps
  const sockets = new Set<FuzzSocket>()
  let frames = 0

  // The one class: a WebSocket is constructed.
  class FuzzSocket extends EventTarget {
    readonly url: string
    binaryType = 'blob'
    readyState = 0
    #wire: Wire | undefined
    #held: Uint8Array | undefined

    constructor(url: string) {
      super()
      this.url = url
      clock.after(1 + random() * latencyMs, () => this.#open())
    }

    #open(): void {
      if (this.readyState !== 0) return
      const isThrough = network.isOnline && (isHealed() || random.chance(0.8))
      this.#wire = isThrough
        ? host.dial({ received: (bytes) => this.#received(bytes), dropped: () => this.end(1006) }, latencyMs)
        : undefined
      if (this.#wire === undefined) {
        this.dispatchEvent(Object.assign(new Event('error'), { error: new Error('refused') }))
        this.end(1006)
        return
      }
      this.readyState = 1
      sockets.add(this)
      this.dispatchEvent(new Event('open'))
    }

    #received(bytes: Uint8Array): void {
      if (frameMess > 0 && !isHealed()) {
        if (this.#held === undefined && random.chance(frameMess)) {
          this.#held = bytes
          return
        }
        if (random.chance(frameMess)) this.#hand(bytes)
      }
      this.#hand(bytes)
      const late = this.#held
      this.#held = undefined
      if (late !== undefined) this.#hand(late)
    }

    #hand(bytes: Uint8Array): void {
      if (this.readyState !== 1) return
      if (bytes[0] !== PONG) frames += 1
      this.dispatchEvent(Object.assign(new Event('message'), { data: bytes.slice().buffer }))
    }

    end(code: number): void {
      if (this.readyState === 3) return
      this.readyState = 3
      sockets.delete(this)
      this.#wire?.cut()
      queueMicrotask(() => this.dispatchEvent(Object.assign(new Event('close'), { code, reason: '' })))
    }

    send(data: Uint8Array): void {
      if (this.readyState !== 1) return
      if (data[0] !== PING) frames += 1
      this.#wire?.up.send(data.slice())
    }

    close(code = 1000): void {
      this.end(code)
    }
  }

  const network: TabNetwork = {
    WebSocketPolyfill: FuzzSocket,
    cut: () => {
      for (const socket of [...sockets]) socket.end(1006)
    },
    isOnline: true,
    frames: () => frames,
  }
  return network
}
