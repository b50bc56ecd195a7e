/**
 * The line from this window to the relay: WebSockets that can be unplugged, and that show what goes over them. A page
 * of its own would not have it: it would let the adapter take the browser's WebSocket.
 */
import type { Frame } from '../wire.ts'

export interface Line {
  /** For the adapter's option `WebSocketPolyfill`. */
  readonly Socket: new (
    url: string,
  ) => WebSocket
  connect(): void
  /** Open sockets close, and new ones do not get through. */
  disconnect(): void
}

type Direction = Frame['direction']

export const createLine = (onFrame: (direction: Direction, bytes: Uint8Array) => void): Line => {
  const open = new Set<WebSocket>()
  let isPulled = false

  // A class, since a WebSocket is constructed.
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url)
      if (isPulled) {
        this.close()
        return
      }
      open.add(this)
      this.addEventListener('close', () => open.delete(this))
      this.addEventListener('message', ({ data }) => {
        if (data instanceof ArrayBuffer) onFrame('received', new Uint8Array(data))
      })
    }

    override send(data: Uint8Array<ArrayBuffer>): void {
      // A copy: the bytes may be a view of a buffer that is used again.
      onFrame('sent', data.slice())
      super.send(data)
    }
  }

  return {
    Socket,
    connect: () => {
      isPulled = false
      // As when a cable is put in: whoever waits before trying again need not.
      dispatchEvent(new Event('online'))
    },
    disconnect: () => {
      isPulled = true
      for (const socket of open) socket.close()
    },
  }
}
