/**
 * The bytes of one document's file: a header, then one record per write.
 *
 *   "sealsync journal 1\n" ‖ each: body length 4 ‖ first 8 bytes of SHA-256(body) ‖ body
 *   body: each change: key length 1, key ‖ 0 (deleted) or 1 ‖ value length 4, value
 *
 * A record counts as a whole or not at all: whoever dies while appending leaves a torn tail that reading passes over.
 */
import { createHash } from 'node:crypto'
import { concat, createReader, createWriter, utf8 } from '../bytes.ts'
import type { Change } from '../client/storage.ts'

export const JOURNAL_HEADER: Uint8Array = utf8('sealsync journal 1\n')
const PREFIX_BYTES = 12
const CHECK_BYTES = 8

const checkOf = (body: Uint8Array): Uint8Array =>
  createHash('sha256').update(body).digest().subarray(0, CHECK_BYTES)

/** The record of one write. */
export const encodeRecord = (changes: readonly Change[]): Uint8Array => {
  const sizes = changes.map(({ key, value }) => key.length + (value?.length ?? 0) + 6)
  const writer = createWriter(sizes.reduce((sum, size) => sum + size, 0))
  for (const { key, value } of changes) {
    const name = utf8(key)
    writer.u8(name.length).bytes(name)
    if (value === undefined) writer.u8(0)
    else writer.u8(1).u32(value.length).bytes(value)
  }
  const body = writer.done()
  return concat(createWriter(PREFIX_BYTES).u32(body.length).bytes(checkOf(body)).done(), body)
}

const decodeBody = (body: Uint8Array): readonly Change[] | undefined => {
  const reader = createReader(body)
  const changes: Change[] = []
  while (reader.sound() && reader.remaining() > 0) {
    const key = new TextDecoder().decode(reader.bytes(reader.u8()))
    const value = reader.u8() === 1 ? reader.bytes(reader.u32()) : undefined
    changes.push({ key, value })
  }
  return reader.finished() ? changes : undefined
}

interface Framed {
  readonly end: number
  /** `undefined` when the record is not sound. */
  readonly changes: readonly Change[] | undefined
}

const readRecord = (bytes: Uint8Array, at: number): Framed | undefined => {
  const reader = createReader(bytes.subarray(at))
  const [length, check] = [reader.u32(), reader.bytes(CHECK_BYTES)]
  const body = reader.bytes(length)
  if (!reader.sound()) return undefined
  const isSound = Buffer.compare(checkOf(body), check) === 0
  return { end: at + PREFIX_BYTES + length, changes: isSound ? decodeBody(body) : undefined }
}

export type Replayed =
  /** `length`: how many bytes are sound; what follows is a torn tail. Values are views. */
  | { readonly type: 'replayed'; readonly entries: ReadonlyMap<string, Uint8Array>; readonly length: number }
  /** Sound records follow an unsound one: no crash does that. */
  | { readonly type: 'damaged'; readonly at: number }

/** What a journal says. Never throws. */
export const replay = (bytes: Uint8Array): Replayed => {
  const entries = new Map<string, Uint8Array>()
  const header = bytes.subarray(0, JOURNAL_HEADER.length)
  if (Buffer.compare(header, JOURNAL_HEADER.subarray(0, header.length)) !== 0)
    return { type: 'damaged', at: 0 }
  if (header.length < JOURNAL_HEADER.length) return { type: 'replayed', entries, length: 0 }
  for (let at = JOURNAL_HEADER.length; ; ) {
    const record = readRecord(bytes, at)
    if (record?.changes === undefined) {
      const next = record === undefined ? undefined : readRecord(bytes, record.end)
      const isTorn = next?.changes === undefined || next.changes.length === 0
      return isTorn ? { type: 'replayed', entries, length: at } : { type: 'damaged', at }
    }
    for (const { key, value } of record.changes) {
      if (value === undefined) entries.delete(key)
      else entries.set(key, value)
    }
    at = record.end
  }
}

/** A whole journal that says just this. */
export const encodeJournal = (entries: ReadonlyMap<string, Uint8Array>): Uint8Array => {
  const records = [...entries].map(([key, value]) => encodeRecord([{ key, value }]))
  return concat(JOURNAL_HEADER, ...records)
}
