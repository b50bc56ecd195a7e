/** A WebSocket that counts: what a process puts on the wire and takes from it. */
export interface SocketMeter {
  readonly WebSocket: new (url: string) => WebSocket
  /** Bytes of all messages with their WebSocket headers; without TCP's, TLS's, and the handshake. */
  sent(): number
  received(): number
}

const MASK_BYTES = 4

export const createSocketMeter = (): SocketMeter => {
  let sent = 0
  let received = 0
  // A class, because a WebSocket is one.
  class MeteredSocket extends WebSocket {
    constructor(url: string) {
      super(url)
      this.addEventListener('message', ({ data }) => {
        const bytes = sizeOf(data)
        received += headerOf(bytes) + bytes
      })
    }
    override send(data: Parameters<WebSocket['send']>[0]): void {
      const bytes = sizeOf(data)
      sent += headerOf(bytes) + MASK_BYTES + bytes
      super.send(data)
    }
  }
  return { WebSocket: MeteredSocket, sent: () => sent, received: () => received }
}

const sizeOf = (data: unknown): number => {
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data.byteLength
  throw new TypeError('only bytes are sent and received')
}

const headerOf = (bytes: number): number => {
  if (bytes < 126) return 2
  return bytes < 65_536 ? 4 : 10
}
