/** Lists of change hashes as Automerge writes them: a varint count, then 32 bytes each. Here they are lower-case hex. */
import { fromHex, type Reader, toHex, type Writer } from '../bytes.ts'

export const HASH_BYTES = 32

/** Reads a list of hashes; fails the reader when it is cut off. */
export const readHashes = (reader: Reader): readonly string[] => {
  const hashes: string[] = []
  for (let left = reader.varint(); left > 0 && reader.sound(); left--) {
    hashes.push(toHex(reader.bytes(HASH_BYTES)))
  }
  return hashes
}

/** Writes hashes in ascending order, as Automerge does: it takes lists in another order for other lists. */
export const writeHashes = (writer: Writer, hashes: readonly string[]): Writer => {
  writer.varint(hashes.length)
  for (const hash of [...hashes].sort()) writer.bytes(bytesFromHash(hash))
  return writer
}

const bytesFromHash = (hash: string): Uint8Array => {
  const bytes = fromHex(hash)
  if (bytes?.length === HASH_BYTES) return bytes
  throw new TypeError(`"${hash}" is not a change hash: give 64 lower-case hex digits`)
}
