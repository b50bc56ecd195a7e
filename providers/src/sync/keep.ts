/**
 * What a document's storage holds, key by key. Everything is idempotent: two tabs that share a storage may write the
 * same keys in any order, and a crash between any two writes leaves a state that loads.
 *
 *   state                       cursor: where this client stands, in which log
 *   log/<log id>/<envelope id>  what that log delivered or acknowledged, packed as on the wire; a snapshot with its chunks
 *   out/<owner>/<number>        edits of one running client that the relay has not acknowledged
 *   heads                       what others have named and this client has not got, sealed locally
 *   device                      the device seed, sealed locally (client/document.ts)
 */
import {
  type Chunk,
  type Cursor,
  createReader,
  createWriter,
  decodeUpdate,
  encodeUpdate,
  equalBytes,
  fromHex,
  type Item,
  type Reader,
  readItems,
  type SessionName,
  toHex,
  type Update,
  type Writer,
  writeItems,
} from '../protocol/index.ts'
import type { Content } from './content.ts'
import type { Vault } from './vault.ts'

export const STATE_KEY = 'state'
export const HEADS_KEY = 'heads'
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

/** Somebody's word, in the log of this id, for an envelope at a position of a chain. */
export interface KeptHead {
  readonly by: SessionName
  readonly at: SessionName & { readonly seq: number }
  readonly id: Uint8Array
}

const writeName = (writer: Writer, { author, session }: SessionName): Writer =>
  writer.bytes(author).bytes(session)

const readName = (reader: Reader): SessionName => ({ author: reader.bytes(32), session: reader.bytes(8) })

export const encodeHeads = (logId: Uint8Array, heads: readonly KeptHead[], vault: Vault): Uint8Array => {
  const writer = createWriter(32 + 120 * heads.length)
    .u8(1)
    .bytes(logId)
    .varint(heads.length)
  for (const { by, at, id } of heads) writeName(writeName(writer, by), at).u53(at.seq).bytes(id)
  return vault.sealLocal(HEADS_KEY, writer.done())
}

/** None when they are of another log, or cannot be read. */
export const decodeHeads = (sealed: Uint8Array, logId: Uint8Array, vault: Vault): readonly KeptHead[] => {
  const reader = createReader(vault.openLocal(HEADS_KEY, sealed) ?? new Uint8Array(0))
  const isOurs = reader.u8() === 1 && equalBytes(reader.bytes(16), logId)
  const count = reader.varint()
  if (count * 120 > reader.remaining()) reader.fail()
  const heads = Array.from({ length: reader.sound() ? count : 0 }, (): KeptHead => {
    const [by, at] = [readName(reader), readName(reader)]
    return { by, at: { ...at, seq: reader.u53() }, id: reader.bytes(32) }
  })
  return reader.finished() && isOurs ? heads : []
}

/** What stands under one key: updates, or a snapshot with its chunks. */
export interface KeptItem {
  readonly item: Item
  readonly chunks: readonly Chunk[]
}

export const encodeItem = (item: Item, chunks: readonly Chunk[] = []): Uint8Array => {
  const writer = createWriter(512)
  writeItems(writer, [item, ...chunks.map((chunk): Item => ({ type: 'chunk', chunk }))])
  return writer.done()
}

export const decodeItem = (bytes: Uint8Array, docId: Uint8Array): KeptItem | undefined => {
  const reader = createReader(bytes)
  const [item, ...others] = readItems(reader, docId)
  if (!reader.finished() || item === undefined) return undefined
  return { item, chunks: others.flatMap((other) => (other.type === 'chunk' ? [other.chunk] : [])) }
}

const PLAIN = 2
const SEALED = 3

/** An edit that has no place in a chain yet: sealed for this device only. */
export const encodePlainEntry = (
  { content, claims, edits }: Omit<Extract<StoredEntry, { type: 'plain' }>, 'type'>,
  vault: Vault,
): Uint8Array => {
  const writer = createWriter(content.payload.length + 16)
    .u8(content.encoding)
    .varint(edits)
    .u8(claims.length)
  for (const claim of claims) writer.blob(claim)
  const sealed = vault.sealLocal('outbox', writer.bytes(content.payload).done())
  return createWriter(sealed.length + 1)
    .u8(PLAIN)
    .bytes(sealed)
    .done()
}

/** An edit that was sent, or was about to be: its bytes are fixed from then on. */
export const encodeSealedEntry = (update: Update, edits: number): Uint8Array => {
  const bytes = encodeUpdate(update)
  return createWriter(bytes.length + 10)
    .u8(SEALED)
    .varint(edits)
    .bytes(bytes)
    .done()
}

/** `edits`: of the app, how many it holds. */
export type StoredEntry =
  | {
      readonly type: 'plain'
      readonly content: Content
      readonly claims: readonly Uint8Array[]
      readonly edits: number
    }
  | { readonly type: 'sealed'; readonly update: Update; readonly edits: number }

export const decodeEntry = (bytes: Uint8Array, vault: Vault): StoredEntry | undefined => {
  if (bytes[0] === SEALED) {
    const reader = createReader(bytes.subarray(1))
    const edits = reader.varint()
    const update = decodeUpdate(reader.bytes(reader.remaining()))
    return update.ok && reader.finished() ? { type: 'sealed', update: update.value, edits } : undefined
  }
  const opened = bytes[0] === PLAIN ? vault.openLocal('outbox', bytes.subarray(1)) : undefined
  if (opened === undefined) return undefined
  const reader = createReader(opened)
  const encoding = reader.u8()
  const edits = reader.varint()
  const claims = Array.from({ length: reader.u8() }, () => reader.blob(255))
  const payload = reader.bytes(reader.remaining())
  return reader.finished() ? { type: 'plain', content: { encoding, payload }, claims, edits } : undefined
}
