/**
 * A device's way to the network, which can be unplugged: connections end, and others cannot be made. One per process,
 * which hears of it as a page does in a browser: by `online` when it is plugged in again.
 */
import type { Cable } from '../drops.ts'

export interface PluggedCable extends Cable {
  readonly WebSocket: new (url: string) => WebSocket
  /** There is reason to try again now, if it is plugged in: pauses between attempts would only make a test long. */
  hurry(): void
}

/** Nothing listens there. */
const NOWHERE = 'ws://127.0.0.1:9'

export const createCable = (): PluggedCable => {
  const page = new EventTarget()
  Object.assign(globalThis, {
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
  })
  const sockets = new Set<WebSocket>()
  let isPlugged = true
  // A class, because a WebSocket is one.
  class PluggedSocket extends WebSocket {
    constructor(url: string) {
      super(isPlugged ? url : NOWHERE)
      sockets.add(this)
      this.addEventListener('close', () => sockets.delete(this))
    }
  }
  const hurry = (): void => {
    if (isPlugged) page.dispatchEvent(new Event('online'))
  }
  return {
    WebSocket: PluggedSocket,
    connect: () => {
      isPlugged = true
      hurry()
    },
    hurry,
    disconnect: () => {
      isPlugged = false
      for (const socket of sockets) socket.close()
    },
  }
}
