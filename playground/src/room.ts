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

/** Throws a `TypeError` when the secret is mistyped. */
export const openRoom = (link: RoomLink, relayUrl: string, create: boolean): Room => {
  const doc = new Doc()
  const provider = new SealsyncProvider(relayUrl, link.room, doc, {
    secret: link.secret,
    create,
    storage: indexedDbStorage({ name: 'sealsync-playground' }),
  })
  const frames = createLog<Frame>(FRAMES_KEPT)
  const alarms = createAlarmLog()
  let count = 0
  provider.on('frame', ({ direction, bytes }) => {
    // A copy: the bytes may be a view of a buffer that is used again.
    frames.push({ id: ++count, direction, bytes: bytes.slice() })
  })
  provider.on('alarm', ({ kind, message }) => alarms.warn(kind, message))
  provider.on('storage-error', ({ message }) => alarms.warn('storage', message))
  const plainDocument = (): Uint8Array => encodeStateAsUpdate(doc)
  return { link, relayUrl, doc, provider, frames, alarms, typed: createLog(1), plainDocument, crdt: 'Yjs' }
}
