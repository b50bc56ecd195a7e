/**
 * The bytes that y-protocols makes of awareness states: count varint ‖ each: client id varint, clock varint, JSON of
 * the state with its length as varint. Read strictly here, because y-protocols throws in the middle of applying.
 */
import { createReader, createWriter, utf8 } from '../bytes.ts'

export interface AwarenessEntry {
  readonly clientId: number
  readonly clock: number
  /** JSON of an object, or `null`. */
  readonly state: string
}

const MAX_STATE_BYTES = 64 * 1024

/** `undefined` when the bytes are not a sound awareness update. */
export const decodeAwarenessUpdate = (bytes: Uint8Array): readonly AwarenessEntry[] | undefined => {
  const reader = createReader(bytes)
  const entries: AwarenessEntry[] = []
  for (let left = reader.varint(); left > 0 && reader.sound(); left--) {
    const clientId = reader.varint()
    const clock = reader.varint()
    entries.push({ clientId, clock, state: new TextDecoder().decode(reader.blob(MAX_STATE_BYTES)) })
  }
  return reader.finished() && entries.every(({ state }) => isState(state)) ? entries : undefined
}

export const encodeAwarenessEntries = (entries: readonly AwarenessEntry[]): Uint8Array => {
  const writer = createWriter().varint(entries.length)
  for (const { clientId, clock, state } of entries) writer.varint(clientId).varint(clock).blob(utf8(state))
  return writer.done()
}

const isState = (json: string): boolean => {
  try {
    const state: unknown = JSON.parse(json)
    return typeof state === 'object' && !Array.isArray(state)
  } catch {
    return false
  }
}
