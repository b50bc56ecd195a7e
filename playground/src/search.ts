/** Looks for typed words in bytes, the way somebody who has copied the wire would. */
import type { Frame, PlainDocument } from './wire.ts'

export type Finding =
  | { readonly type: 'nothing-typed' }
  | {
      readonly type: 'searched'
      readonly words: string
      readonly bytes: number
      readonly frames: number
      /** How many of the frames contain the words, or one of them. */
      readonly hits: number
      /** The same search over the document in this window: a search that finds nothing anywhere would prove nothing. */
      readonly isInDocument: boolean
    }

// Shorter words turn up in random bytes by chance.
const MIN_LENGTH = 4

const utf16 = (text: string): Uint8Array =>
  new Uint8Array(Uint16Array.from(text, (char) => char.charCodeAt(0)).buffer)

const includes = (bytes: Uint8Array, needle: Uint8Array): boolean => {
  for (let at = bytes.indexOf(needle[0] ?? 0); at !== -1; at = bytes.indexOf(needle[0] ?? 0, at + 1)) {
    if (needle.every((byte, i) => bytes[at + i] === byte)) return true
  }
  return false
}

export const findWords = (typed: string, frames: readonly Frame[], plainDocument: PlainDocument): Finding => {
  const words = typed.split(/\s+/).filter((word) => word.length >= MIN_LENGTH)
  if (words.length === 0) return { type: 'nothing-typed' }
  const needles = words.flatMap((word) => [new TextEncoder().encode(word), utf16(word)])
  const isIn = (bytes: Uint8Array): boolean => needles.some((needle) => includes(bytes, needle))
  return {
    type: 'searched',
    words: words.join(' '),
    bytes: frames.reduce((sum, { bytes }) => sum + bytes.length, 0),
    frames: frames.length,
    hits: frames.filter(({ bytes }) => isIn(bytes)).length,
    isInDocument: isIn(plainDocument()),
  }
}
