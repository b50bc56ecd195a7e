/** An open room: the document, its provider, and what of both the page shows. One per page, opened outside of React. */
import { indexedDbStorage } from 'sealsync'
import { SealsyncProvider } from 'sealsync/yjs'
import { Doc, encodeStateAsUpdate } from 'yjs'
import { type AlarmLog, createAlarmLog } from './alarm-log.ts'
import type { RoomLink } from './link.ts'
import { createLog } from './log.ts'
import { FRAMES_KEPT, type Frame, type Wire } from './wire.ts'

export interface Room extends Wire {
  readonly link: RoomLink
  readonly relayUrl: string
  readonly doc: Doc
  readonly provider: SealsyncProvider
  readonly alarms: AlarmLog
}

/** Where in the document the editor keeps its text. */
export const FIELD = 'default'

export interface RoomOptions {
  /** Make the document if the relay does not have it. */
  readonly create: boolean
  /** Whether the editor connects the provider itself, and must see all content arrive. */
  readonly waits: boolean
}

/** Throws a `TypeError` when the secret is mistyped; a room that waits shows it when it is connected. */
export const openRoom = (link: RoomLink, relayUrl: string, { create, waits }: RoomOptions): Room => {
  const doc = new Doc()
  let begin: () => void = () => undefined
  // Until the secret is there, nothing comes from storage either.
  const wanted = new Promise<void>((resolve) => {
    begin = resolve
  })
  const provider = new SealsyncProvider(relayUrl, link.room, doc, {
    secret: waits ? () => wanted.then(() => link.secret) : link.secret,
    connect: !waits,
    create,
    storage: indexedDbStorage({ name: 'sealsync-playground' }),
  })
  provider.once('status', begin)
  const frames = createLog<Frame>(FRAMES_KEPT)
  const alarms = createAlarmLog()
  let count = 0
  provider.on('frame', ({ direction, bytes }) => {
    // A copy: the bytes may be a view of a buffer that is used again.
    const frame = { id: ++count, direction, bytes: bytes.slice() }
    // Later: an editor shows its caret while React renders it, when no other component may change.
    queueMicrotask(() => frames.push(frame))
  })
  provider.on('alarm', ({ kind, message }) => alarms.warn(kind, message))
  provider.on('storage-error', ({ message }) => alarms.warn('storage', message))
  const plainDocument = (): Uint8Array => encodeStateAsUpdate(doc)
  return { link, relayUrl, doc, provider, frames, alarms, typed: createLog(1), plainDocument, crdt: 'Yjs' }
}
