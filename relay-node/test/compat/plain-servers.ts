/** Small plain servers, for what the providers of y-websocket and Hocuspocus themselves do with the same app. */
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import * as Y from 'yjs'
import { readMessage, writeMessage } from './plain-message.ts'

export interface PlainServer {
  readonly url: string
  /** Ends every connection with this code. */
  cut(code: number): void
  close(): void
}

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const STATELESS = 5
const SYNC_STATUS = 8
const STEP_1 = 0
const STEP_2 = 1
const AUTHENTICATED = 2

/** Answers, and what all others are to get. */
type Answers = readonly Uint8Array[]

const serve = async (
  answer: (bytes: Uint8Array) => Answers,
  isForOthers: (bytes: Uint8Array) => boolean = () => true,
): Promise<PlainServer> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  server.on('connection', (socket: WebSocket) => {
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data: Buffer) => {
      const bytes = new Uint8Array(data)
      for (const message of answer(bytes)) socket.send(message)
      if (!isForOthers(bytes)) return
      for (const other of server.clients) if (other !== socket) other.send(data)
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    cut: (code) => {
      for (const socket of server.clients) socket.close(code, 'cut')
    },
    close: () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

/** A greeting and a goodbye are for the server alone. */
const isHocuspocusNews = (bytes: Uint8Array): boolean => {
  const message = readMessage(bytes)
  message.text()
  return [SYNC, AWARENESS, STATELESS].includes(message.number())
}

/** What a server says to a message of the sync protocol of Yjs; each begins with `head`. */
const answerSync = (doc: Y.Doc, step: number, payload: Uint8Array, ...head: (number | string)[]): Answers => {
  if (step !== STEP_1) {
    Y.applyUpdate(doc, payload)
    return []
  }
  return [
    writeMessage(...head, SYNC, STEP_2, Y.encodeStateAsUpdate(doc, payload)),
    writeMessage(...head, SYNC, STEP_1, Y.encodeStateVector(doc)),
  ]
}

export const yWebsocketServer = (): Promise<PlainServer> => {
  const doc = new Y.Doc()
  return serve((bytes) => {
    const message = readMessage(bytes)
    return message.number() === SYNC ? answerSync(doc, message.number(), message.bytes()) : []
  })
}

export const hocuspocusServer = (): Promise<PlainServer> => {
  const docs = new Map<string, Y.Doc>()
  return serve((bytes) => {
    const message = readMessage(bytes)
    const name = message.text()
    const type = message.number()
    if (type === AUTH) return [writeMessage(name, AUTH, AUTHENTICATED, 'read-write')]
    if (type !== SYNC) return []
    const doc = docs.get(name) ?? new Y.Doc()
    docs.set(name, doc)
    const step = message.number()
    const answers = answerSync(doc, step, message.bytes(), name)
    return step === STEP_1 ? answers : [writeMessage(name, SYNC_STATUS, 1)]
  }, isHocuspocusNews)
}
