/** Whether two copies of one thing that Yjs carries can be the same, although they took different ways. */

/**
 * Yjs stores and hands out values as they are, so an app can have changed one in place, knowingly or not, and no copy of
 * what it was is left: objects, lists and bytes are compared by their kind alone. And the two encodings write down
 * differently what JSON does not know. False only for what no honest way leads to.
 */
export const mayBeSame = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'string' && typeof b === 'string') return isSameText(a, b)
  if (isScalar(a) && isScalar(b)) return a === b
  const [one, other] = [shapeOf(a), shapeOf(b)]
  return one === undefined || other === undefined || one === other
}

/**
 * Yjs writes U+FFFD for each half of a surrogate pair that is divided, and encoders do so for one that stands alone:
 * who divides what, and when, differs from replica to replica.
 */
export const isSameText = (a: string, b: string): boolean => {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (one === other) continue
    const isReplaced =
      (one === REPLACEMENT && isSurrogate(other)) || (other === REPLACEMENT && isSurrogate(one))
    if (!isReplaced) return false
  }
  return true
}

const REPLACEMENT = 0xfffd

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)

/** `undefined`: it may look otherwise at the other end. */
const shapeOf = (value: unknown): 'scalar' | 'list' | 'object' | undefined => {
  if (isScalar(value)) return 'scalar'
  if (Array.isArray(value)) return 'list'
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return undefined
  return Object.getPrototypeOf(value) === Object.prototype ? 'object' : undefined
}
