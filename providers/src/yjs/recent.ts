/** Which envelope brought what, for those that came lately. */
import type { Piece } from './applying.ts'
import { type ClientRange, includes } from './structs.ts'

export interface Recent {
  add(pieces: readonly Piece[]): void
  /** The first of those remembered that brought it, 32 bytes. */
  find(client: number, clock: number): Uint8Array | undefined
}

/** Some hundred kilobytes; whoever looks one up has a conflict, which is rare. */
const REMEMBERED = 4096

interface Entry {
  readonly envelopeId: Uint8Array
  readonly inserted: readonly ClientRange[]
}

export const createRecent = (): Recent => {
  const entries: Entry[] = []
  let next = 0

  return {
    add: (pieces) => {
      for (const { received, inserted } of pieces.slice(-REMEMBERED)) {
        if (inserted.length === 0) continue
        // A copy: a view would keep the whole frame alive that it came in.
        entries[next] = { envelopeId: received.envelopeId.slice(), inserted }
        next = (next + 1) % REMEMBERED
      }
    },
    find: (client, clock) => {
      const oldestFirst = [...entries.slice(next), ...entries.slice(0, next)]
      return oldestFirst.find(({ inserted }) => includes(inserted, client, clock))?.envelopeId
    },
  }
}
