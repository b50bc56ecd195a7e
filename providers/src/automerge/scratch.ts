/**
 * Automerge itself, for what only a document can tell: documents that are made, asked and thrown away. Loading one costs
 * as much as finding it does: milliseconds, or more than a second for one of some 260,000 changes.
 */
import { Automerge } from '@automerge/automerge-repo/slim'
import { concat } from '../bytes.ts'
import { type Chunk, isChange, readChunks } from './chunk.ts'

type Scratch = Automerge.Doc<unknown>

const withDocument = <Answer>(
  chunks: readonly Chunk[],
  ask: (doc: Scratch) => Answer,
): Answer | undefined => {
  let doc: Scratch | undefined
  try {
    doc = Automerge.load(concat(...chunks.map(({ bytes }) => bytes)))
    return ask(doc)
  } catch {
    return undefined
  } finally {
    if (doc !== undefined) Automerge.free(doc)
  }
}

/** A Repo may run on another copy of Automerge than the one that is found here, which then was never started. */
const isHere = (): boolean => {
  try {
    Automerge.free(Automerge.init())
    return true
  } catch {
    return false
  }
}

/** Whether these load, with the heads that they name. True where that cannot be found out. */
export const canLoad = (chunks: readonly Chunk[]): boolean => withDocument(chunks, () => true) ?? !isHere()

/** Whether a document of these could be saved and loaded again. True where that cannot be found out. */
export const canSave = (chunks: readonly Chunk[]): boolean => {
  const saved = withDocument(chunks, (doc) => readChunks(Automerge.save(doc)))
  return saved === undefined ? !isHere() : saved.ok && canLoad(saved.value)
}

/** All changes of a document; none if it cannot be loaded. */
export const changesOf = (document: Chunk): readonly Chunk[] => {
  const changes = withDocument([document], (doc) => readChunks(concat(...Automerge.getAllChanges(doc))))
  return changes?.ok ? changes.value.filter(isChange) : []
}
