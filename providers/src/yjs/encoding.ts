/**
 * The two encodings of Yjs content, and the reading of bytes that somebody else wrote. Whatever is applied was read
 * here in full before, so that a broken payload changes nothing: Yjs itself would integrate the front part of it.
 */
import * as Y from 'yjs'
import type { Content } from '../sync/content.ts'

/** Numbers of the registry in docs/protocol.md. */
export const UPDATE_V1 = 1
export const UPDATE_V2 = 2

/** What a payload holds, without applying it. */
export type Decoded = ReturnType<typeof Y.decodeUpdate>

/** Run lengths let a few bytes of V2 claim any number of structs. No document of this size could be opened. */
const MAX_STRUCTS = 2 * 1024 * 1024

type DecoderInput = ConstructorParameters<typeof Y.UpdateDecoderV2>[0]

class BoundedDecoderV2 extends Y.UpdateDecoderV2 {
  private left: number

  constructor(decoder: DecoderInput) {
    super(decoder)
    this.left = Math.max(MAX_STRUCTS, decoder.arr.length)
  }

  override readInfo(): number {
    this.left -= 1
    if (this.left < 0) throw new RangeError('update: too many structs')
    return super.readInfo()
  }
}

/** Applies content that `decodeContent` could read. */
export const applyContent = (doc: Y.Doc, { encoding, payload }: Content, origin: unknown): void => {
  if (encoding === UPDATE_V1) Y.applyUpdate(doc, payload, origin)
  else Y.applyUpdateV2(doc, payload, origin)
}

/** The structs and deletions of a payload; `undefined` when Yjs could not read or integrate it. */
export const decodeContent = ({ encoding, payload }: Content): Decoded | undefined => {
  try {
    if (encoding !== UPDATE_V1 && encoding !== UPDATE_V2) return undefined
    const decoded =
      encoding === UPDATE_V1 ? Y.decodeUpdate(payload) : Y.decodeUpdateV2(payload, BoundedDecoderV2)
    const isSound =
      decoded.structs.every(isWellFormed) && areInOrder(decoded.structs) && areCounted(decoded.ds)
    return isSound ? decoded : undefined
  } catch {
    return undefined
  }
}

/** Yjs fails in the middle of a transaction on structs that are empty or refer to what comes after them. */
const isWellFormed = (struct: Y.Item | Y.GC | Y.Skip): boolean => {
  const { id, length } = struct
  if (length < 1 || !isCounted(id, length)) return false
  if (!('content' in struct)) return true
  return isBehind(struct.origin, id) && isBehind(struct.rightOrigin, id) && isBehind(struct.parent, id)
}

/** Of two blocks for one client Yjs would take the last, and whoever reads them all would take it for both. */
const areInOrder = (structs: Decoded['structs']): boolean => {
  // Most payloads are a keystroke of one client.
  let before: Set<number> | undefined
  let current = structs[0]?.id.client
  let end = structs[0]?.id.clock
  for (const { id, length } of structs) {
    if (id.client !== current) {
      before ??= new Set()
      if (current !== undefined) before.add(current)
      if (before.has(id.client)) return false
      current = id.client
    } else if (id.clock !== end) {
      return false
    }
    end = id.clock + length
  }
  return true
}

/**
 * V2 can say numbers that it cannot read again once Yjs has written them into what waits for something missing: from
 * then on a document with them could neither be compared nor saved.
 */
const MAX_CLOCK = 2 ** 51

const isCounted = ({ client, clock }: Y.ID, length = 1): boolean =>
  Number.isSafeInteger(client) && client >= 0 && clock >= 0 && clock + length <= MAX_CLOCK

const areCounted = ({ clients }: Decoded['ds']): boolean =>
  [...clients].every(([client, items]) =>
    items.every(({ clock, len }) => len >= 0 && isCounted(Y.createID(client, clock), len)),
  )

const isBehind = (reference: Y.Item['parent'], { client, clock }: Y.ID): boolean =>
  !(reference instanceof Y.ID) ||
  (isCounted(reference) && (reference.client !== client || reference.clock < clock))

/** Content as update V1, which is what `Y.mergeUpdates` takes. */
export const toUpdateV1 = ({ encoding, payload }: Content): Uint8Array =>
  encoding === UPDATE_V2 ? Y.convertUpdateFormatV2ToV1(payload) : payload

/** The smaller of the two encodings of an update V1. */
export const smallest = (updateV1: Uint8Array): Content => {
  const updateV2 = Y.convertUpdateFormatV1ToV2(updateV1)
  return updateV2.length < updateV1.length
    ? { encoding: UPDATE_V2, payload: updateV2 }
    : { encoding: UPDATE_V1, payload: updateV1 }
}
