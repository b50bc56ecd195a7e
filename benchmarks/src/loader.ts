/**
 * One cold load in a fresh process. Outside of the measured span: loading of modules, start of libsodium. Inside:
 * everything from `new SealsyncProvider` until all is applied, so keys, connection, frames, checks, opening, Yjs.
 */
import { cryptoReady } from 'sealsync/protocol'
import { SealsyncProvider } from 'sealsync/yjs'
import * as Y from 'yjs'
import { type Room, TEXT } from './room.ts'
import { starter } from './worker.ts'

export interface LoadOrder extends Room {
  readonly type: 'load'
}

export interface Loaded {
  readonly type: 'loaded'
  /** User and system time of all threads. */
  readonly cpuMs: number
  readonly wallMs: number
  /** Of the document's frames; the greeting of the connection and WebSocket headers are not among them. */
  readonly bytes: number
  /** Peak of the process. */
  readonly residentMb: number
  readonly text: string
  /** The document as an update V2. */
  readonly state: Uint8Array
}

const parent = starter<Loaded, LoadOrder>()

const load = async ({ url, secret, room }: LoadOrder): Promise<void> => {
  const doc = new Y.Doc()
  const text = doc.getText(TEXT)
  let bytes = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const provider = new SealsyncProvider(url, room, doc, { secret, create: false, snapshot: false })
  provider.on('frame', (frame) => {
    if (frame.direction === 'received') bytes += frame.bytes.length
  })
  await new Promise<void>((resolve) => {
    provider.on('sync', (isSynced) => {
      if (isSynced) resolve()
    })
  })
  const { user, system } = process.cpuUsage(cpu)
  const wallMs = performance.now() - startedAt
  const residentMb = process.resourceUsage().maxRSS / 1024
  provider.destroy()
  const state = Y.encodeStateAsUpdateV2(doc)
  const cpuMs = (user + system) / 1000
  parent.send({ type: 'loaded', cpuMs, wallMs, bytes, residentMb, text: text.toString(), state })
}

await cryptoReady
// Node loads its WebSocket when it is first looked at; that is a module load as well.
if (typeof WebSocket === 'undefined') throw new Error('this Node has no WebSocket')
parent.listen((order) => void load(order))
