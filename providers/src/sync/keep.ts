/**
 * What a document's storage holds, key by key. Everything is idempotent: two tabs that share a storage may write the
 * same keys in any order, and a crash between any two writes leaves a state that loads.
 *
 *   state                       cursor: where this client stands, in which log
 *   log/<log id>/<envelope id>  what that log delivered or acknowledged, packed as on the wire
 *   out/<owner>/<number>        edits of one running client that the relay has not acknowledged
 *   device                      the device seed, sealed locally (client/document.ts)
 */
import {
  type Cursor,
  createReader,
  createWriter,
  decodeUpdate,
  encodeUpdate,
  fromHex,
  type Item,
  readItems,
  toHex,
  type Update,
  writeItems,
} from '../protocol/index.ts'
import type { Content } from './content.ts'
import type { Vault } from './vault.ts'

export const STATE_KEY = 'state'
export const LOG_PREFIX = 'log/'

export const logPrefix = (logId: Uint8Array): string => `${LOG_PREFIX}${toHex(logId)}/`

/** Where an entry of a log goes that turned out to have lost it: under an id that no log has. */
export const formerKey = (key: string): string => `${LOG_PREFIX}${'0'.repeat(32)}/${key.split('/')[2] ?? ''}`

export const logKey = (logId: Uint8Array, envelopeId: Uint8Array): string =>
  `${logPrefix(logId)}${toHex(envelopeId)}`

export const logIdOfKey = (key: string): Uint8Array | undefined => fromHex(key.split('/')[1] ?? '')

export const outboxPrefix = (owner: string): string => `out/${owner}/`

export const outboxKey = (owner: string, number: number): string =>
  `${outboxPrefix(owner)}${number.toString().padStart(12, '0')}`

export const encodeState = (cursor: Cursor): Uint8Array =>
  createWriter(48).u8(1).bytes(cursor.logId).varint(cursor.version).bytes(cursor.digest).done()

export const decodeState = (bytes: Uint8Array): Cursor | undefined => {
  const reader = createReader(bytes)
  const version = reader.u8()
  const cursor = { logId: reader.bytes(16), version: reader.varint(), digest: reader.bytes(16) }
  return reader.finished() && version === 1 ? cursor : undefined
}

export const encodeItem = (item: Item): Uint8Array => {
  const writer = createWriter(512)
  writeItems(writer, [item])
  return writer.done()
}

export const decodeItem = (bytes: Uint8Array, docId: Uint8Array): Item | undefined => {
  const reader = createReader(bytes)
  const items = readItems(reader, docId)
  return reader.finished() ? items[0] : undefined
}

const PLAIN = 0
const SEALED = 1

/** An edit that has no place in a chain yet: sealed for this device only. */
export const encodePlainEntry = (
  content: Content,
  claims: readonly Uint8Array[],
  vault: Vault,
): Uint8Array => {
  const writer = createWriter(content.payload.length + 16)
    .u8(content.encoding)
    .u8(claims.length)
  for (const claim of claims) writer.blob(claim)
  const sealed = vault.sealLocal('outbox', writer.bytes(content.payload).done())
  return createWriter(sealed.length + 1)
    .u8(PLAIN)
    .bytes(sealed)
    .done()
}

/** An edit that was sent, or was about to be: its bytes are fixed from then on. */
export const encodeSealedEntry = (update: Update): Uint8Array => {
  const bytes = encodeUpdate(update)
  return createWriter(bytes.length + 1)
    .u8(SEALED)
    .bytes(bytes)
    .done()
}

export type StoredEntry =
  | { readonly type: 'plain'; readonly content: Content; readonly claims: readonly Uint8Array[] }
  | { readonly type: 'sealed'; readonly update: Update }

export const decodeEntry = (bytes: Uint8Array, vault: Vault): StoredEntry | undefined => {
  if (bytes[0] === SEALED) {
    const update = decodeUpdate(bytes.subarray(1))
    return update.ok ? { type: 'sealed', update: update.value } : undefined
  }
  const opened = bytes[0] === PLAIN ? vault.openLocal('outbox', bytes.subarray(1)) : undefined
  if (opened === undefined) return undefined
  const reader = createReader(opened)
  const encoding = reader.u8()
  const claims = Array.from({ length: reader.u8() }, () => reader.blob(255))
  const payload = reader.bytes(reader.remaining())
  return reader.finished() ? { type: 'plain', content: { encoding, payload }, claims } : undefined
}
