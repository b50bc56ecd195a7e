/** Content of the core that is storage chunks of Automerge, one behind the other: what `Automerge.loadIncremental` takes. */
import { concat } from '../bytes.ts'
import type { Content } from '../sync/content.ts'
import { type Chunk, readChunks } from './chunk.ts'

export const AUTOMERGE_CHUNKS = 3
/** What is told at once of a large document: well below what a relay takes as one update. */
const PIECE_BYTES = 1024 * 1024

export const contentOf = (chunks: readonly Chunk[]): Content => ({
  encoding: AUTOMERGE_CHUNKS,
  payload: concat(...chunks.map(({ bytes }) => bytes)),
})

/** In pieces that fit into an update each, unless one chunk is larger. */
export const piecesOf = (chunks: readonly Chunk[]): readonly Content[] => {
  const pieces: Chunk[][] = []
  let bytes = PIECE_BYTES
  for (const chunk of chunks) {
    bytes += chunk.bytes.length
    if (bytes > PIECE_BYTES) {
      pieces.push([])
      bytes = chunk.bytes.length
    }
    pieces.at(-1)?.push(chunk)
  }
  return pieces.map(contentOf)
}

/** `undefined` for another encoding, or chunks that are damaged. */
export const chunksOf = ({ encoding, payload }: Content): readonly Chunk[] | undefined => {
  const read = encoding === AUTOMERGE_CHUNKS ? readChunks(payload) : undefined
  return read?.ok ? read.value : undefined
}
