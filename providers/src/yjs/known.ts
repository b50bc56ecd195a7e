/** What the relay is known to hold of a document, and what the document holds beyond it. */
import * as Y from 'yjs'
import { type Decoded, decodeContent, toUpdateV1, UPDATE_V1, UPDATE_V2 } from './encoding.ts'
import { encodeExcerpts } from './excerpt.ts'
import { createRanges, merge, type Range, type Ranges, subtract } from './ranges.ts'
import { isSkip } from './structs.ts'

export interface Known {
  add(decoded: Decoded): void
  /** All of `doc` that is not known, as updates V1 of about `maxBytes` at most, unless one struct is larger. */
  beyond(doc: Y.Doc, maxBytes: number): readonly Uint8Array[]
}

export const createKnown = (): Known => {
  const structs = createRanges()
  const deletions = createRanges()
  /** Clocks that were told as structs of their own. */
  const single = createRanges()

  /** Deletions that must be told: neither known nor a consequence of the structs themselves. */
  const untold = (struct: Y.Item | Y.GC): readonly Range[] => {
    // Yjs turns into GC structs only what stands below something deleted.
    if (!struct.deleted || !('content' in struct)) return []
    const isBelow = isBelowDeleted(struct)
    if (isBelow && struct.parentSub === null) return []
    const { client, clock } = struct.id
    const end = clock + struct.length
    // A struct that is sent without its content does not tell its deletion to whoever has a copy with content already.
    const told = [...deletions.held(client, clock, end)]
    if (struct.parentSub !== null) {
      // Values of a key replace each other on every replica, unless they travel joined to one struct.
      const replacedEnd = isBelow || struct.right !== null ? end : end - 1
      if (struct.length > 1) told.push(...single.held(client, clock, replacedEnd))
      else if (replacedEnd === end) return []
    }
    return subtract({ start: clock, end }, merge(told))
  }

  const beyond = (doc: Y.Doc, maxBytes: number): readonly Uint8Array[] => {
    const newStructs = new Map<number, readonly Range[]>()
    const newDeletions = new Map<number, readonly Range[]>()
    for (const [client, held] of doc.store.clients) {
      const last = held.at(-1)
      const gaps = last === undefined ? [] : structs.gaps(client, 0, last.id.clock + last.length)
      if (gaps.length > 0) newStructs.set(client, gaps)
      const deleted = merge(held.flatMap(untold))
      if (deleted.length > 0) newDeletions.set(client, deleted)
    }
    const parts = pendingOf(doc).filter((update) => !includes(structs, deletions, update))
    if (newStructs.size > 0 || newDeletions.size > 0) {
      parts.unshift(...encodeExcerpts(doc, { structs: newStructs, deletions: newDeletions }, maxBytes))
    }
    return parts
  }

  return {
    add: (decoded) => {
      for (const struct of decoded.structs) {
        if (isSkip(struct)) continue
        const { client, clock } = struct.id
        structs.add(client, clock, clock + struct.length)
        if (struct.length === 1) single.add(client, clock, clock + 1)
      }
      for (const [client, items] of decoded.ds.clients) {
        for (const { clock, len } of items) deletions.add(client, clock, clock + len)
      }
    },
    beyond,
  }
}

/** What stands below something deleted is deleted by everybody who holds it, without being told. */
const isBelowDeleted = ({ parent }: Y.Item): boolean =>
  parent instanceof Y.AbstractType && parent._item !== null && parent._item.deleted

/**
 * What Yjs has parked because something before it is missing. It would be integrated under our name later, when
 * nobody takes it for a new edit any more, so it goes along now.
 */
const pendingOf = ({ store }: Y.Doc): Uint8Array[] =>
  [store.pendingStructs?.update, store.pendingDs ?? undefined].flatMap((payload) =>
    payload === undefined ? [] : [toUpdateV1({ encoding: UPDATE_V2, payload })],
  )

const includes = (structs: Ranges, deletions: Ranges, payload: Uint8Array): boolean => {
  const decoded = decodeContent({ encoding: UPDATE_V1, payload })
  if (decoded === undefined) return true
  const hasStructs = decoded.structs.every(
    (struct) =>
      isSkip(struct) ||
      structs.gaps(struct.id.client, struct.id.clock, struct.id.clock + struct.length).length === 0,
  )
  if (!hasStructs) return false
  return [...decoded.ds.clients].every(([client, items]) =>
    items.every(({ clock, len }) => deletions.gaps(client, clock, clock + len).length === 0),
  )
}
