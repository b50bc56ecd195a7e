/** A client over a real WebSocket, for tests of the server. */
import {
  type CloseCode,
  cryptoReady,
  decodeToClient,
  encodeToRelay,
  type Item,
  type ToClient,
  type ToRelay,
  type Update,
  updateItems,
} from 'sealsync/protocol'
import { WebSocket } from 'ws'
import type { Author } from '../src/testing/author.ts'

export interface SocketClient {
  readonly socket: WebSocket
  /** The close code; resolves when the socket is closed. */
  readonly closed: Promise<CloseCode | number>
  send(frame: ToRelay): void
  /** The next frame of a type, past or to come. */
  next<T extends ToClient['type']>(type: T): Promise<ToClient & { type: T }>
  open(author: Author, options?: Partial<ToRelay & { type: 'open' }>): Promise<ToClient & { type: 'opened' }>
  /** Pushes and waits for the ack or refusal of the last. */
  push(...updates: Update[]): Promise<Item>
}

export const connectTo = async (url: string): Promise<SocketClient> => {
  await cryptoReady
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const frames: ToClient[] = []
  const waiting = new Set<() => void>()
  const channels = new Map<number, Uint8Array>()
  let channel = 0
  socket.on('message', (data: Buffer) => {
    const frame = decodeToClient(new Uint8Array(data), (number) => channels.get(number))
    if (!frame.ok) throw new Error(frame.error)
    if (frame.value.type === 'opened') {
      channel = frame.value.channel
      channels.set(channel, frame.value.docId)
    }
    frames.push(frame.value)
    for (const check of waiting) check()
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('open', resolve))

  const take = <F extends ToClient>(fits: (frame: ToClient) => frame is F): Promise<F> =>
    new Promise((resolve) => {
      const check = (): void => {
        const index = frames.findIndex(fits)
        const [frame] = index < 0 ? [] : frames.splice(index, 1)
        if (frame === undefined || !fits(frame)) return
        waiting.delete(check)
        resolve(frame)
      }
      waiting.add(check)
      check()
    })

  const client: SocketClient = {
    socket,
    closed,
    send: (frame) => socket.send(encodeToRelay(frame)),
    next: <T extends ToClient['type']>(type: T) =>
      take((frame): frame is ToClient & { type: T } => frame.type === type),
    open: async (author, options) => {
      client.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
      client.send(author.opening(await client.next('hello'), options))
      return client.next('opened')
    },
    push: async (...updates) => {
      const last = updates.at(-1)
      client.send({ type: 'push', channel, items: updateItems(updates) })
      for (;;) {
        const { items } = await client.next('deliver')
        const answer = items.find(
          (item) => 'id' in item && last !== undefined && `${item.id}` === `${last.id}`,
        )
        if (answer !== undefined) return answer
      }
    },
  }
  return client
}
