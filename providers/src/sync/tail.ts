/**
 * What lies on top of the active snapshot, opened: with it a snapshot by somebody else can be compared with the document.
 * It is forgotten when it grows too large, and then no comparison is made until a snapshot covers everything.
 */
import type { Content } from './content.ts'

export interface Tail {
  /** `chain` is a key of `chainKey`. */
  add(chain: string, seq: number, content: Content): void
  /** What is left when everything up to these positions, by chain key, is covered; `undefined`: it is not known. */
  cover(positions: ReadonlyMap<string, number>): readonly Content[] | undefined
  isEmpty(): boolean
  reset(): void
}

interface Piece {
  readonly chain: string
  readonly seq: number
  readonly content: Content
}

const MAX_BYTES = 4 * 1024 * 1024
const MAX_PIECES = 20_000

export const createTail = (): Tail => {
  let pieces: Piece[] = []
  let bytes = 0
  /** Last positions, by chain, of what was forgotten. */
  let forgotten = new Map<string, number>()

  const reset = (): void => {
    pieces = []
    bytes = 0
    forgotten = new Map()
  }

  const forget = (): void => {
    for (const { chain, seq } of pieces) forgotten.set(chain, Math.max(seq, forgotten.get(chain) ?? -1))
    pieces = []
    bytes = 0
  }

  return {
    add: (chain, seq, content) => {
      pieces.push({ chain, seq, content })
      bytes += content.payload.length
      if (bytes > MAX_BYTES || pieces.length > MAX_PIECES) forget()
    },
    cover: (positions) => {
      const isAbove = (chain: string, seq: number): boolean => seq > (positions.get(chain) ?? -1)
      pieces = pieces.filter(({ chain, seq }) => isAbove(chain, seq))
      bytes = pieces.reduce((sum, { content }) => sum + content.payload.length, 0)
      forgotten = new Map([...forgotten].filter(([chain, seq]) => isAbove(chain, seq)))
      return forgotten.size > 0 ? undefined : pieces.map(({ content }) => content)
    },
    isEmpty: () => pieces.length === 0 && forgotten.size === 0,
    reset,
  }
}
