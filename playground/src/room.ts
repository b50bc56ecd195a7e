/** An open room: the document, its provider, and what of both the page shows. One per page, opened outside of React. */
import { indexedDbStorage } from 'sealsync'
import { SealsyncProvider } from 'sealsync/yjs'
import { Doc } from 'yjs'
import type { RoomLink } from './link.ts'
import { createLog, type Log } from './log.ts'

export interface Frame {
  readonly id: number
  readonly direction: 'sent' | 'received'
  readonly bytes: Uint8Array
}

export interface Alarm {
  readonly id: number
  readonly kind: string
  readonly message: string
}

export interface Room {
  readonly link: RoomLink
  readonly relayUrl: string
  readonly doc: Doc
  readonly provider: SealsyncProvider
  readonly frames: Log<Frame>
  readonly alarms: Log<Alarm>
  /** The words before the caret at the latest keystroke of this window. */
  readonly typed: Log<string>
}

/** Where in the document the editor keeps its text. */
export const FIELD = 'default'

const FRAMES_KEPT = 200
const ALARMS_KEPT = 10

/** Throws a `TypeError` when the secret is mistyped. */
export const openRoom = (link: RoomLink, relayUrl: string, create: boolean): Room => {
  const doc = new Doc()
  const provider = new SealsyncProvider(relayUrl, link.room, doc, {
    secret: link.secret,
    create,
    storage: indexedDbStorage({ name: 'sealsync-playground' }),
  })
  const frames = createLog<Frame>(FRAMES_KEPT)
  const alarms = createLog<Alarm>(ALARMS_KEPT)
  let count = 0
  provider.on('frame', ({ direction, bytes }) => {
    // A copy: the bytes may be a view of a buffer that is used again.
    frames.push({ id: ++count, direction, bytes: bytes.slice() })
  })
  const warn = (kind: string, message: string): void => alarms.push({ id: ++count, kind, message })
  provider.on('alarm', ({ kind, message }) => warn(kind, message))
  provider.on('storage-error', ({ message }) => warn('storage', message))
  return { link, relayUrl, doc, provider, frames, alarms, typed: createLog(1) }
}
