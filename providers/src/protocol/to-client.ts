/** Frames from a relay to its client, as bytes. The first byte tells the type. */
import { createReader, createWriter, type Reader } from '../bytes.ts'
import { err, ok, type Result } from '../result.ts'
import { encodeCertificate } from './certificate.ts'
import { encodeSigned } from './ephemeral.ts'
import type { DocIdOf, LoadPart, ToClient } from './frame.ts'
import { readCertificate, readIds, readPassing } from './frame-parts.ts'
import { readItems, readText, writeItems, writeText } from './item.ts'
import { LIMITS } from './limits.ts'

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
        .varint(frame.piece)
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
      const piece = reader.varint()
      const [after, through, digest] = [reader.varint(), reader.varint(), reader.bytes(16)]
      const docId = docIdOfChannel(channel)
      if (load === 'none' && piece !== 0) return undefined
      if (flags > 7 || load === undefined || docId === undefined || through < after) return undefined
      const items = readItems(reader, docId)
      return {
        type: 'deliver',
        channel,
        load,
        piece,
        after,
        through,
        digest,
        caughtUp: (flags & 4) !== 0,
        items,
      }
    }
    case DOWN.ephemeral: {
      const [channel, connection] = [reader.varint(), reader.varint()]
      const ephemeral = readPassing(reader, docIdOfChannel(channel))
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
