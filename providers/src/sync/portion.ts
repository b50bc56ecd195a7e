/** How many edits become one entry of the outbox, and in the end one envelope. */
import type { Content } from './content.ts'

/** What entries have in common with what they are merged to. */
interface Part {
  readonly content: Content
  /** Edits of the app. */
  readonly edits: number
  readonly claims: readonly Uint8Array[]
}

export interface Portion<Entry extends Part> {
  /** Takes an entry, unless it would be too much; the first is never too much. */
  take(entry: Entry): boolean
  readonly entries: readonly Entry[]
  /** No other can be taken. */
  isFull(): boolean
}

/** Yjs merges in quadratic time. */
export const PORTION_EDITS = 100
const PORTION_BYTES = 256 * 1024
/** An update counts its claims in one byte. */
export const MAX_CLAIMS = 255

/** `reads`: encodings that can be merged; content in any other stays alone, as a newer version has left it. */
export const createPortion = <Entry extends Part>(
  mostEdits: number,
  reads: readonly number[],
): Portion<Entry> => {
  const entries: Entry[] = []
  let edits = 0
  let bytes = 0
  let claims = 0
  let isAlone = false
  return {
    entries,
    take: (entry) => {
      const isForeign = !reads.includes(entry.content.encoding)
      const isTooMuch =
        edits + entry.edits > mostEdits ||
        bytes + entry.content.payload.length > PORTION_BYTES ||
        claims + entry.claims.length > MAX_CLAIMS
      if (entries.length > 0 && (isAlone || isForeign || isTooMuch)) return false
      entries.push(entry)
      edits += entry.edits
      bytes += entry.content.payload.length
      claims += entry.claims.length
      isAlone = isForeign
      return true
    },
    isFull: () => isAlone || edits >= mostEdits || bytes >= PORTION_BYTES || claims >= MAX_CLAIMS,
  }
}
