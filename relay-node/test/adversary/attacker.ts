/** Somebody with valid keys at the other end of a connection to the relay, who says what it likes. */
import {
  type Cursor,
  createReader,
  decodeToClient,
  EMPTY_DIGEST,
  encodeToRelay,
  type Tails,
  type ToClient,
  type ToRelay,
} from '../../../providers/src/protocol/index.ts'
import type { Connection } from '../../src/relay.ts'
import type { HostileWriter } from './hostile-writer.ts'
import type { RelayUnderTest } from './relay-under-test.ts'

/** First bytes of the frames that it has to read. */
const [HELLO, OPENED, DELIVER] = [129, 130, 131]
const PART_OF_LOAD = 1

export interface Attacker {
  readonly connection: Connection
  isOpen(): boolean
  /** Says it as it should be said: packed, on the right channel. */
  say(frame: ToRelay): Uint8Array
  channel(): number
  /** Where it stands in the log. */
  cursor(): Cursor
  /** What it would open with now, under this cursor; `undefined` while the relay has not greeted it. */
  opening(cursor?: Cursor): ToRelay | undefined
  leave(): void
  lag(bytes: number): void
}

export const createAttacker = (target: RelayUnderTest, writer: HostileWriter): Attacker => {
  const { vault } = writer
  const tails: Tails = new Map()
  let isOpen = true
  let channel = 1
  let buffered = 0
  let cursor: Cursor = { logId: new Uint8Array(16), version: 0, digest: EMPTY_DIGEST }
  let greeting: (ToClient & { readonly type: 'hello' }) | undefined
  const connection = target.relay.connect({
    send: (bytes) => {
      const reader = createReader(bytes.subarray(1))
      if (bytes[0] === DELIVER) {
        const [, flags, , , version, digest] = [
          ...[reader.varint(), reader.u8(), reader.varint(), reader.varint(), reader.varint()],
          reader.bytes(16),
        ] as const
        if (flags !== PART_OF_LOAD) cursor = { ...cursor, version, digest: digest.slice() }
      }
      if (bytes[0] !== HELLO && bytes[0] !== OPENED) return
      const frame = decodeToClient(bytes, () => vault.docId)
      if (!frame.ok) throw new Error(`the relay sent a broken frame: ${frame.error}`)
      if (frame.value.type === 'hello') greeting = { ...frame.value }
      if (frame.value.type !== 'opened') return
      channel = frame.value.channel
      cursor = { ...cursor, logId: frame.value.logId.slice() }
    },
    buffered: () => buffered,
    close: () => {
      isOpen = false
    },
  })
  return {
    connection,
    isOpen: () => isOpen,
    say: (frame) => encodeToRelay(frame, tails),
    channel: () => channel,
    cursor: () => cursor,
    opening: (cursor) => {
      if (greeting === undefined) return undefined
      const certificate = writer.certificate()
      return {
        ...{ type: 'open', attempt: 1, create: true, genesis: vault.genesis, certificate, cursor },
        ...vault.prove(greeting.relayKey, greeting.nonce, certificate),
      }
    },
    leave: () => {
      isOpen = false
      connection.disconnect()
    },
    lag: (bytes) => {
      buffered = bytes
      if (bytes === 0) connection.drained()
    },
  }
}
