/** Whether two copies of the same clocks of one Yjs client tell the same, however each of them is cut into structs. */
import * as Y from 'yjs'
import { equalBytes } from '../bytes.ts'
import { isSameText, mayBeSame } from './same-value.ts'

export type Struct = Y.Item | Y.GC

/**
 * Compares where both lie within `start` and `end`. `mine` may be part of a document; `theirs` was only decoded. What
 * was deleted may have lost its content on either side, and below something deleted everything else as well: that is
 * never different.
 */
export const isSameStruct = (mine: Struct, theirs: Struct, start: number, end: number): boolean => {
  if (!('content' in mine) || !('content' in theirs)) return true
  if (!isSamePlace(mine, theirs, start)) return false
  const [from, other] = [start - mine.id.clock, start - theirs.id.clock]
  return isSameContent({ content: mine.content, from }, { content: theirs.content, from: other }, end - start)
}

/** What a part of a struct stands behind is the part before it; everything else it has from the whole. */
const isSamePlace = (mine: Y.Item, theirs: Y.Item, clock: number): boolean => {
  if (!Y.compareIDs(mine.rightOrigin, theirs.rightOrigin)) return false
  const starts = [mine.id.clock === clock, theirs.id.clock === clock] as const
  if (!starts[0] && !starts[1]) return true
  const origin = starts[0] ? mine.origin : Y.createID(mine.id.client, clock - 1)
  const other = starts[1] ? theirs.origin : Y.createID(mine.id.client, clock - 1)
  if (!Y.compareIDs(origin, other)) return false
  // With an origin the parent follows from it, and decoded structs do not tell it.
  if (origin !== null || mine.rightOrigin !== null) return true
  return isSameParent(mine.parent, theirs.parent) && mine.parentSub === theirs.parentSub
}

/** A type, or, before it is integrated, the id of its item or the name of its root. */
const isSameParent = (mine: unknown, theirs: unknown): boolean => {
  if (mine instanceof Y.AbstractType) {
    if (theirs instanceof Y.ID) return mine._item !== null && Y.compareIDs(mine._item.id, theirs)
    return mine._item === null && typeof theirs === 'string' && mine.doc?.share.get(theirs) === mine
  }
  if (mine instanceof Y.ID) return theirs instanceof Y.ID && Y.compareIDs(mine, theirs)
  return mine === theirs
}

interface Part {
  readonly content: Y.Item['content']
  readonly from: number
}

const isSameContent = (a: Part, b: Part, length: number): boolean => {
  const [mine, theirs] = [a.content, b.content]
  if (mine instanceof Y.ContentDeleted || theirs instanceof Y.ContentDeleted) return true
  if (mine.getRef() !== theirs.getRef()) return false
  if (mine instanceof Y.ContentString && theirs instanceof Y.ContentString) {
    return isSameText(cut(mine.str, a.from, length), cut(theirs.str, b.from, length))
  }
  if (mine instanceof Y.ContentAny && theirs instanceof Y.ContentAny) {
    return areSameValues(cut(mine.arr, a.from, length), cut(theirs.arr, b.from, length))
  }
  if (mine instanceof Y.ContentJSON && theirs instanceof Y.ContentJSON) {
    return areSameValues(cut(mine.arr, a.from, length), cut(theirs.arr, b.from, length))
  }
  if (mine instanceof Y.ContentFormat && theirs instanceof Y.ContentFormat) {
    return mine.key === theirs.key && mayBeSame(mine.value, theirs.value)
  }
  if (mine instanceof Y.ContentEmbed && theirs instanceof Y.ContentEmbed) {
    return mayBeSame(mine.embed, theirs.embed)
  }
  if (mine instanceof Y.ContentType && theirs instanceof Y.ContentType) {
    return isSameType(mine.type, theirs.type)
  }
  if (mine instanceof Y.ContentDoc && theirs instanceof Y.ContentDoc) return mine.doc.guid === theirs.doc.guid
  // Bytes: see `mayBeSame`.
  return true
}

interface Sliceable<Whole> {
  readonly length: number
  slice(start: number, end: number): Whole
}

const cut = <Whole extends Sliceable<Whole>>(whole: Whole, from: number, length: number): Whole =>
  from === 0 && length === whole.length ? whole : whole.slice(from, from + length)

const areSameValues = (mine: readonly unknown[], theirs: readonly unknown[]): boolean =>
  mine.every((value, i) => mayBeSame(value, theirs[i]))

/** What a type is, is what it writes: an app may have derived a class of its own. */
const isSameType = (mine: Y.ContentType['type'], theirs: Y.ContentType['type']): boolean => {
  if (mine.constructor === theirs.constructor && !('nodeName' in mine) && !('hookName' in mine)) return true
  return equalBytes(kindOf(mine), kindOf(theirs))
}

const kindOf = (type: Y.ContentType['type']): Uint8Array => {
  const encoder = new Y.UpdateEncoderV1()
  type._write(encoder)
  return encoder.toUint8Array()
}
