/** A line to a simulated relay on which every frame is seen, and may be lost or changed. */
import { documentKeys } from '../../../providers/src/keys/root.ts'
import {
  decodeToClient,
  decodeToRelay,
  encodeToClient,
  type ToClient,
  type ToRelay,
} from '../../../providers/src/protocol/index.ts'
import type { Host } from '../simulation/host.ts'
import { ROOM, SECRET } from '../simulation/tab.ts'

export interface WatchedLine {
  readonly dial: Host['dial']
  /** Sees each frame of the client before it leaves; `false`: it is lost. */
  up: (frame: ToRelay) => boolean
  /** Sees each frame of the relay before it arrives, and says what arrives. */
  down: (frame: ToClient) => ToClient | undefined
  /** Says this to the client, as if the relay had. */
  tell(frame: ToClient): void
}

export const createWatchedLine = (host: Pick<Host, 'dial'>): WatchedLine => {
  const { docId } = documentKeys(SECRET.slice(), ROOM)
  let tell: WatchedLine['tell'] = () => {}
  const line: WatchedLine = {
    up: () => true,
    down: (frame) => frame,
    tell: (frame) => tell(frame),
    dial: (client, latencyMs) => {
      const received = (bytes: Uint8Array): void => {
        const frame = decodeToClient(bytes, () => docId)
        if (!frame.ok) throw new Error(frame.error)
        const arriving = line.down(frame.value)
        if (arriving !== undefined)
          client.received(arriving === frame.value ? bytes : encodeToClient(arriving))
      }
      tell = (frame) => client.received(encodeToClient(frame))
      const wire = host.dial({ ...client, received }, latencyMs)
      if (wire === undefined) return undefined
      const send = (bytes: Uint8Array): void => {
        const frame = decodeToRelay(bytes, () => docId)
        if (!frame.ok) throw new Error(frame.error)
        if (line.up(frame.value)) wire.up.send(bytes)
      }
      return { ...wire, up: { send } }
    },
  }
  return line
}
