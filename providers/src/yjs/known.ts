/** What the relay is known to hold of a document, and what the document holds beyond it. */
import * as Y from 'yjs'
import { type Decoded, decodeContent, toUpdateV1, UPDATE_V1, UPDATE_V2 } from './encoding.ts'
import { encodeExcerpt } from './excerpt.ts'
import { createRanges, merge, type Range, type Ranges } from './ranges.ts'

export interface Known {
  add(decoded: Decoded): void
  /** All of `doc` that is not known, as update V1; `undefined` when that is nothing. */
  beyond(doc: Y.Doc): Uint8Array | undefined
}

export const createKnown = (): Known => {
  const structs = createRanges()
  const deletions = createRanges()

  /** Deletions that must be told: neither known nor a consequence of the structs themselves. */
  const untold = (struct: Y.Item | Y.GC): readonly Range[] => {
    if (!struct.deleted || isConsequence(struct)) return []
    const { client, clock } = struct.id
    const end = clock + struct.length
    // A struct without content tells its own deletion; a copy sent while it had content does not.
    const told = isHollow(struct) ? structs.held(client, clock, end) : [{ start: clock, end }]
    return told.flatMap((part) => deletions.gaps(client, part.start, part.end))
  }

  const beyond = (doc: Y.Doc): Uint8Array | undefined => {
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
      parts.unshift(encodeExcerpt(doc, { structs: newStructs, deletions: newDeletions }))
    }
    return parts.length > 1 ? Y.mergeUpdates(parts) : parts[0]
  }

  return {
    add: (decoded) => {
      for (const struct of decoded.structs) {
        if (isSkip(struct)) continue
        const { client, clock } = struct.id
        structs.add(client, clock, clock + struct.length)
        if (isHollow(struct)) deletions.add(client, clock, clock + struct.length)
      }
      for (const [client, items] of decoded.ds.clients) {
        for (const { clock, len } of items) deletions.add(client, clock, clock + len)
      }
    },
    beyond,
  }
}

/**
 * True when everybody who holds the same structs deletes this one without being told: it stands below something
 * deleted, or a later value of the same key replaced it. Concurrent edits do that all the time, on every replica.
 */
const isConsequence = (struct: Y.Item | Y.GC): boolean => {
  // Yjs turns into GC structs only what stood below something deleted.
  if (!('content' in struct)) return true
  if (struct.parentSub !== null && struct.right !== null) return true
  const parent = struct.parent
  return parent instanceof Y.AbstractType && parent._item !== null && parent._item.deleted
}

const DELETED_CONTENT = 1

/** True when a struct was written without its content, as a collecting client writes what is deleted. */
const isHollow = (struct: Y.Item | Y.GC | Y.Skip): boolean =>
  !('content' in struct) || struct.content.getRef() === DELETED_CONTENT

const isSkip = (struct: Y.Item | Y.GC | Y.Skip): boolean => struct instanceof Y.Skip

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
