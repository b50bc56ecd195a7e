/** What the relay is known to hold of a document, as far as hashes tell. */
import type { Change, Chunk } from './chunk.ts'
import { advanceHeads } from './heads.ts'

export interface Known {
  add(chunks: readonly Chunk[]): void
  has(hash: string): boolean
  /**
   * Heads that the relay holds with all that leads to them. What it holds beyond is left out: a change whose
   * dependencies it may lack says nothing about those.
   */
  heads(): readonly string[]
}

export const createKnown = (): Known => {
  const hashes = new Set<string>()
  /** Held with all that leads to them. */
  const grounded = new Set<string>()
  let loose: Change[] = []
  let heads: readonly string[] = []

  const ground = (chunk: Chunk): void => {
    if (chunk.type === 'change') grounded.add(chunk.hash)
    if (chunk.type === 'document') for (const head of chunk.heads) grounded.add(head)
    heads = advanceHeads(heads, [chunk])
  }

  return {
    add: (chunks) => {
      for (const chunk of chunks) {
        if (chunk.type === 'other') continue
        if (chunk.type === 'document') for (const head of chunk.heads) hashes.add(head)
        else hashes.add(chunk.hash)
        if (chunk.type === 'document' || chunk.deps.every((dep) => grounded.has(dep))) ground(chunk)
        else loose.push(chunk)
      }
    },
    has: (hash) => hashes.has(hash),
    heads: () => {
      for (let before = -1; before !== loose.length; ) {
        before = loose.length
        loose = loose.filter((change) => {
          if (!change.deps.every((dep) => grounded.has(dep))) return true
          ground(change)
          return false
        })
      }
      return heads
    },
  }
}
