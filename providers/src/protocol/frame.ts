/**
 * Frames: one message between client and relay. The client speaks first, because it knows which versions it can
 * speak and the relay answers with the one it chose; nothing else is understood before. After that every document
 * goes its own way: `open` → `opened`, then what the relay has (`deliver`), while `push` and `ephemeral` go up.
 * A document is named by its id once, in `open`; the relay answers with a channel, a small number that is the same
 * for all connections of that relay process, so that one encoded frame serves every receiver.
 */
import { createReader, createWriter, type Reader, type Writer } from '../bytes.ts'
import { err, ok, type Result } from '../result.ts'
import { CERTIFICATE_BYTES, type Certificate, decodeCertificate, encodeCertificate } from './certificate.ts'
import { decodeEphemeral, type Ephemeral, encodeSigned } from './ephemeral.ts'
import { decodeGenesis, docIdOf, encodeGenesis, GENESIS_BYTES, type Genesis } from './genesis.ts'
import { type Item, readItems, readText, writeItems, writeText } from './item.ts'
import { LIMITS } from './limits.ts'

/** The only frame version so far. Hello carries ranges so that there can be others. */
export const PROTOCOL_VERSION = 1

/** How far a client has come in one log: everything up to `version` was delivered, acked or declared pruned. */
export interface Cursor {
  /** 16 random bytes made with a document's log; a restored or copied log has another. */
  readonly logId: Uint8Array
  readonly version: number
  /** 16 bytes: the running hash over the ids of all envelopes up to `version`. */
  readonly digest: Uint8Array
}

export type ToRelay =
  | {
      readonly type: 'hello'
      readonly minVersion: number
      readonly maxVersion: number
      readonly token: string
    }
  | {
      readonly type: 'open'
      /** Chosen by the client, echoed by `opened`: what an older opening still has in flight is told apart. */
      readonly attempt: number
      readonly create: boolean
      readonly genesis: Genesis
      readonly certificate: Certificate
      readonly deviceProof: Uint8Array
      readonly readProof: Uint8Array
      readonly cursor: Cursor | undefined
    }
  | { readonly type: 'push'; readonly channel: number; readonly items: readonly Item[] }
  | { readonly type: 'ephemeral'; readonly channel: number; readonly ephemeral: Ephemeral }
  | { readonly type: 'fetch'; readonly channel: number; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'close'; readonly channel: number }
  | { readonly type: 'ping'; readonly token: number }

/** `none`: plain deliveries. `part`, `last`: pieces of one load; the cursor moves only at its last piece. */
export type LoadPart = 'none' | 'part' | 'last'

export type ToClient =
  | {
      readonly type: 'hello'
      readonly version: number
      /** Ed25519 public key of the relay, 32 bytes. */
      readonly relayKey: Uint8Array
      /** 32 random bytes for this connection's proofs. */
      readonly nonce: Uint8Array
    }
  | {
      readonly type: 'opened'
      readonly docId: Uint8Array
      readonly attempt: number
      readonly channel: number
      readonly connection: number
      readonly logId: Uint8Array
      /** The cursor was not of this log, or there was none: a complete load follows. */
      readonly complete: boolean
      /** Nothing has ever been stored in this document here. */
      readonly isNew: boolean
    }
  | {
      readonly type: 'deliver'
      readonly channel: number
      readonly load: LoadPart
      readonly after: number
      readonly through: number
      /** The log's digest at `through`. */
      readonly digest: Uint8Array
      /** Nothing newer was committed when this frame was made. */
      readonly caughtUp: boolean
      readonly items: readonly Item[]
    }
  | {
      readonly type: 'ephemeral'
      readonly channel: number
      readonly connection: number
      readonly ephemeral: Ephemeral
    }
  | {
      readonly type: 'found'
      readonly channel: number
      readonly items: readonly Item[]
      readonly unknown: readonly Uint8Array[]
    }
  | { readonly type: 'closed'; readonly docId: Uint8Array; readonly code: number; readonly reason: string }
  | { readonly type: 'pong'; readonly token: number }
  | {
      readonly type: 'joined'
      readonly channel: number
      readonly connection: number
      readonly certificate: Certificate
    }
  | { readonly type: 'left'; readonly channel: number; readonly connection: number }

/** Which document a channel stands for; `undefined` for a channel that is not open. */
export type DocIdOf = (channel: number) => Uint8Array | undefined

const UP = { hello: 1, open: 2, push: 3, ephemeral: 4, fetch: 5, close: 6, ping: 7 } as const
const DOWN = {
  hello: 129,
  opened: 130,
  deliver: 131,
  ephemeral: 132,
  found: 133,
  closed: 134,
  pong: 135,
  joined: 136,
  left: 137,
} as const
const LOADS: readonly LoadPart[] = ['none', 'part', 'last']

const writeCursor = (writer: Writer, cursor: Cursor): Writer =>
  writer.bytes(cursor.logId).varint(cursor.version).bytes(cursor.digest)

const readCursor = (reader: Reader): Cursor => ({
  logId: reader.bytes(16),
  version: reader.varint(),
  digest: reader.bytes(16),
})

const readCertificate = (reader: Reader): Certificate | undefined => {
  const certificate = decodeCertificate(reader.bytes(CERTIFICATE_BYTES))
  return certificate.ok ? certificate.value : undefined
}

const readEphemeral = (reader: Reader, docId: Uint8Array | undefined): Ephemeral | undefined => {
  const ephemeral = decodeEphemeral(reader.bytes(reader.remaining()))
  if (!ephemeral.ok || docId === undefined) return undefined
  return ephemeral.value.docId.every((byte, i) => byte === docId[i]) ? ephemeral.value : undefined
}

const readIds = (reader: Reader, limit: number): readonly Uint8Array[] => {
  const count = reader.varint()
  if (count > limit || count * 32 > reader.remaining()) reader.fail()
  return Array.from({ length: reader.sound() ? count : 0 }, () => reader.bytes(32))
}

const readFlag = (reader: Reader): boolean => {
  const flag = reader.u8()
  if (flag > 1) reader.fail()
  return flag === 1
}

export const encodeToRelay = (frame: ToRelay): Uint8Array => {
  const writer = createWriter().u8(UP[frame.type])
  switch (frame.type) {
    case 'hello':
      writeText(writer.varint(frame.minVersion).varint(frame.maxVersion), frame.token)
      break
    case 'open':
      writer
        .varint(frame.attempt)
        .u8(frame.create ? 1 : 0)
        .bytes(encodeGenesis(frame.genesis))
        .bytes(encodeCertificate(frame.certificate))
        .bytes(frame.deviceProof)
        .bytes(frame.readProof)
        .u8(frame.cursor === undefined ? 0 : 1)
      if (frame.cursor !== undefined) writeCursor(writer, frame.cursor)
      break
    case 'push':
      writeItems(writer.varint(frame.channel), frame.items)
      break
    case 'ephemeral':
      writer.varint(frame.channel).bytes(encodeSigned(frame.ephemeral))
      break
    case 'fetch':
      writer.varint(frame.channel).varint(frame.ids.length)
      for (const id of frame.ids) writer.bytes(id)
      break
    case 'close':
      writer.varint(frame.channel)
      break
    case 'ping':
      writer.varint(frame.token)
  }
  return writer.done()
}

/** A frame from a client. Never throws; the error says which part was wrong. */
export const decodeToRelay = (bytes: Uint8Array, docIdOfChannel: DocIdOf): Result<ToRelay> => {
  const reader = createReader(bytes)
  const code = reader.u8()
  const frame = readToRelay(reader, code, docIdOfChannel)
  return frame !== undefined && reader.finished() ? ok(frame) : err(`frame ${code}: malformed`)
}

const readToRelay = (reader: Reader, code: number, docIdOfChannel: DocIdOf): ToRelay | undefined => {
  switch (code) {
    case UP.hello: {
      const [minVersion, maxVersion] = [reader.varint(), reader.varint()]
      return { type: 'hello', minVersion, maxVersion, token: readText(reader, LIMITS.tokenBytes) }
    }
    case UP.open: {
      const [attempt, create] = [reader.varint(), readFlag(reader)]
      const genesis = decodeGenesis(reader.bytes(GENESIS_BYTES))
      const certificate = readCertificate(reader)
      const [deviceProof, readProof] = [reader.bytes(64), reader.bytes(64)]
      const cursor = readFlag(reader) ? readCursor(reader) : undefined
      if (!genesis.ok || certificate === undefined) return undefined
      return {
        type: 'open',
        attempt,
        create,
        genesis: genesis.value,
        certificate,
        deviceProof,
        readProof,
        cursor,
      }
    }
    case UP.push: {
      const channel = reader.varint()
      const docId = docIdOfChannel(channel)
      return docId && { type: 'push', channel, items: readItems(reader, docId) }
    }
    case UP.ephemeral: {
      const channel = reader.varint()
      const ephemeral = readEphemeral(reader, docIdOfChannel(channel))
      return ephemeral && { type: 'ephemeral', channel, ephemeral }
    }
    case UP.fetch:
      return { type: 'fetch', channel: reader.varint(), ids: readIds(reader, LIMITS.fetch) }
    case UP.close:
      return { type: 'close', channel: reader.varint() }
    case UP.ping:
      return { type: 'ping', token: reader.varint() }
    default:
      return undefined
  }
}

export const encodeToClient = (frame: ToClient): Uint8Array => {
  const writer = createWriter().u8(DOWN[frame.type])
  switch (frame.type) {
    case 'hello':
      writer.varint(frame.version).bytes(frame.relayKey).bytes(frame.nonce)
      break
    case 'opened':
      writer
        .bytes(frame.docId)
        .varint(frame.attempt)
        .varint(frame.channel)
        .varint(frame.connection)
        .bytes(frame.logId)
        .u8((frame.complete ? 1 : 0) | (frame.isNew ? 2 : 0))
      break
    case 'deliver':
      writer
        .varint(frame.channel)
        .u8(LOADS.indexOf(frame.load) | (frame.caughtUp ? 4 : 0))
        .varint(frame.after)
        .varint(frame.through)
        .bytes(frame.digest)
      writeItems(writer, frame.items)
      break
    case 'ephemeral':
      writer.varint(frame.channel).varint(frame.connection).bytes(encodeSigned(frame.ephemeral))
      break
    case 'found':
      writeItems(writer.varint(frame.channel), frame.items)
      writer.varint(frame.unknown.length)
      for (const id of frame.unknown) writer.bytes(id)
      break
    case 'closed':
      writeText(writer.bytes(frame.docId).u16(frame.code), frame.reason)
      break
    case 'pong':
      writer.varint(frame.token)
      break
    case 'joined':
      writer.varint(frame.channel).varint(frame.connection).bytes(encodeCertificate(frame.certificate))
      break
    case 'left':
      writer.varint(frame.channel).varint(frame.connection)
  }
  return writer.done()
}

/** A frame from the relay. Never throws; the error says which part was wrong. */
export const decodeToClient = (bytes: Uint8Array, docIdOfChannel: DocIdOf): Result<ToClient> => {
  const reader = createReader(bytes)
  const code = reader.u8()
  const frame = readToClient(reader, code, docIdOfChannel)
  return frame !== undefined && reader.finished() ? ok(frame) : err(`frame ${code}: malformed`)
}

const readToClient = (reader: Reader, code: number, docIdOfChannel: DocIdOf): ToClient | undefined => {
  switch (code) {
    case DOWN.hello:
      return { type: 'hello', version: reader.varint(), relayKey: reader.bytes(32), nonce: reader.bytes(32) }
    case DOWN.opened: {
      const docId = reader.bytes(32)
      const [attempt, channel, connection] = [reader.varint(), reader.varint(), reader.varint()]
      const logId = reader.bytes(16)
      const flags = reader.u8()
      if (flags > 3) return undefined
      const [complete, isNew] = [(flags & 1) !== 0, (flags & 2) !== 0]
      return { type: 'opened', docId, attempt, channel, connection, logId, complete, isNew }
    }
    case DOWN.deliver: {
      const channel = reader.varint()
      const flags = reader.u8()
      const load = LOADS[flags & 3]
      const [after, through, digest] = [reader.varint(), reader.varint(), reader.bytes(16)]
      const docId = docIdOfChannel(channel)
      if (flags > 7 || load === undefined || docId === undefined || through < after) return undefined
      const items = readItems(reader, docId)
      return { type: 'deliver', channel, load, after, through, digest, caughtUp: (flags & 4) !== 0, items }
    }
    case DOWN.ephemeral: {
      const [channel, connection] = [reader.varint(), reader.varint()]
      const ephemeral = readEphemeral(reader, docIdOfChannel(channel))
      return ephemeral && { type: 'ephemeral', channel, connection, ephemeral }
    }
    case DOWN.found: {
      const channel = reader.varint()
      const docId = docIdOfChannel(channel)
      if (docId === undefined) return undefined
      return {
        type: 'found',
        channel,
        items: readItems(reader, docId),
        unknown: readIds(reader, LIMITS.fetch),
      }
    }
    case DOWN.closed: {
      const [docId, closeCode] = [reader.bytes(32), reader.u16()]
      return { type: 'closed', docId, code: closeCode, reason: readText(reader, LIMITS.reasonBytes) }
    }
    case DOWN.pong:
      return { type: 'pong', token: reader.varint() }
    case DOWN.joined: {
      const [channel, connection] = [reader.varint(), reader.varint()]
      const certificate = readCertificate(reader)
      return certificate && { type: 'joined', channel, connection, certificate }
    }
    case DOWN.left:
      return { type: 'left', channel: reader.varint(), connection: reader.varint() }
    default:
      return undefined
  }
}

/** The document that an `open` frame names. */
export const openedDocId = (genesis: Genesis): Uint8Array => docIdOf(encodeGenesis(genesis))
