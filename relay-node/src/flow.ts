/** What flows between the relay and one peer, and when either side has to wait for the other. */
import type { RelayLimits } from './relay-limits.ts'

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

export interface Flow {
  send(bytes: Uint8Array): void
  /** From the moment the peer has too much unsent until `drained`. */
  isLagging(): boolean
  drained(): void
  /** Bytes were pushed and wait for their commit. */
  pushed(bytes: number): void
  /** They wait no longer. */
  settled(bytes: number): void
}

export const createFlow = (peer: Peer, limits: RelayLimits, onStuck: () => void): Flow => {
  let isLagging = false
  let isPaused = false
  let waitingBytes = 0
  return {
    send: (bytes) => {
      peer.send(bytes)
      if (peer.buffered() > limits.stuckBytes) onStuck()
    },
    isLagging: () => {
      isLagging ||= peer.buffered() > limits.laggingBytes
      return isLagging
    },
    drained: () => {
      isLagging = false
    },
    pushed: (bytes) => {
      waitingBytes += bytes
      if (isPaused || waitingBytes <= limits.waitingBytes) return
      isPaused = true
      peer.pause?.()
    },
    settled: (bytes) => {
      waitingBytes -= bytes
      if (!isPaused || waitingBytes > limits.waitingBytes / 2) return
      isPaused = false
      peer.resume?.()
    },
  }
}
