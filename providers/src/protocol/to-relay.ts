/** Frames from a client to its relay, as bytes. The first byte tells the type. */
import { createReader, createWriter, type Reader, type Writer } from '../bytes.ts'
import { err, ok, type Result } from '../result.ts'
import { encodeCertificate } from './certificate.ts'
import { encodeSigned } from './ephemeral.ts'
import type { Cursor, DocIdOf, ToRelay } from './frame.ts'
import { readCertificate, readFlag, readIds, readPassing } from './frame-parts.ts'
import { decodeGenesis, encodeGenesis, GENESIS_BYTES } from './genesis.ts'
import { readItems, readText, type Tails, writeItems, writeText } from './item.ts'
import { LIMITS } from './limits.ts'

const UP = { hello: 1, open: 2, push: 3, ephemeral: 4, fetch: 5, close: 6, ping: 7 } as const

const writeCursor = (writer: Writer, cursor: Cursor): Writer =>
  writer.bytes(cursor.logId).varint(cursor.version).bytes(cursor.digest)

const readCursor = (reader: Reader): Cursor => ({
  logId: reader.bytes(16),
  version: reader.varint(),
  digest: reader.bytes(16),
})

/** `tails`: of this connection; without it every push says all. */
export const encodeToRelay = (frame: ToRelay, tails?: Tails): Uint8Array => {
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
      writeItems(writer.varint(frame.channel), frame.items, tails && { tails, channel: frame.channel })
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

/** A frame from a client. Never throws; the error says which part was wrong. `tails`: of this connection. */
export const decodeToRelay = (bytes: Uint8Array, docIdOfChannel: DocIdOf, tails?: Tails): Result<ToRelay> => {
  const reader = createReader(bytes)
  const code = reader.u8()
  const frame = readToRelay(reader, code, { docIdOfChannel, tails })
  return frame !== undefined && reader.finished() ? ok(frame) : err(`frame ${code}: malformed`)
}

const readToRelay = (
  reader: Reader,
  code: number,
  { docIdOfChannel, tails }: { readonly docIdOfChannel: DocIdOf; readonly tails: Tails | undefined },
): ToRelay | undefined => {
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
      return docId && { type: 'push', channel, items: readItems(reader, docId, tails && { tails, channel }) }
    }
    case UP.ephemeral: {
      const channel = reader.varint()
      const ephemeral = readPassing(reader, docIdOfChannel(channel))
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
