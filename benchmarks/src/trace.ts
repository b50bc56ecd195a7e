/** The recorded sessions of `data/`, and how their edits are typed into a Yjs text. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Text } from 'yjs'

/** At a position, so many characters are deleted and this is inserted. */
export type Patch = readonly [position: number, deleted: number, inserted: string]

export interface Trace {
  readonly endContent: string
  /** One per keystroke. */
  readonly edits: readonly Patch[]
}

/** A transaction of one of several authors. Its positions refer to the merged state of its parents. */
export interface SharedEdit {
  readonly agent: number
  /** Indexes of earlier transactions. */
  readonly parents: readonly number[]
  readonly patches: readonly Patch[]
}

export interface SharedTrace {
  readonly endContent: string
  readonly edits: readonly SharedEdit[]
}

/** Sessions of one author. */
export const TRACES = ['automerge-paper'] as const
export type TraceName = (typeof TRACES)[number]

/** Throws for a session that does not begin with an empty text. */
export const readTrace = (name: TraceName): Trace => {
  const { startContent, endContent, txns } = read(name)
  if (startContent !== '') throw new Error(`${name}: only sessions that begin empty can be replayed`)
  return { endContent: text(endContent), edits: inUnits(list(txns).flatMap(patches)) }
}

/** The session of two authors who typed at the same time. */
export const readSharedTrace = (name: 'friendsforever'): SharedTrace => {
  const { endContent, txns } = read(name)
  const edits = list(txns).map((txn) => ({
    agent: number(field(txn, 'agent')),
    parents: list(field(txn, 'parents')).map(number),
    patches: patches(txn),
  }))
  // To convert them one would have to merge first; no session at hand needs it.
  if (edits.some((edit) => edit.patches.some(isAstral))) throw new Error(`${name}: positions are code points`)
  return { endContent: text(endContent), edits }
}

/** Code points, which the recordings count, to UTF-16 units, which Yjs counts. */
export const inUnits = (edits: readonly Patch[]): readonly Patch[] => {
  if (!edits.some(isAstral)) return edits
  const points: string[] = []
  const units = (from: number, to: number): number => points.slice(from, to).join('').length
  return edits.map(([position, deleted, inserted]): Patch => {
    const patch = [units(0, position), units(position, position + deleted), inserted] as const
    points.splice(position, deleted, ...inserted)
    return patch
  })
}

/** Types one patch; within a transaction, so that it becomes one update. */
export const applyPatch = (target: Text, [position, deleted, inserted]: Patch): void => {
  if (deleted > 0) target.delete(position, deleted)
  if (inserted !== '') target.insert(position, inserted)
}

/** What the first `count` edits leave, by plain string surgery. */
export const textAfter = ({ edits }: Trace, count: number): string => {
  // Two stacks that meet at the caret: it rarely goes far.
  const left: string[] = []
  const right: string[] = []
  for (const [position, deleted, inserted] of edits.slice(0, count)) {
    while (left.length > position) right.push(left.pop() ?? '')
    while (left.length < position) left.push(right.pop() ?? '')
    right.length -= deleted
    for (const unit of inserted.split('')) left.push(unit)
  }
  return left.join('') + right.reverse().join('')
}

const isAstral = ([, , inserted]: Patch): boolean => /[\u{10000}-\u{10ffff}]/u.test(inserted)

const read = (name: string): Record<string, unknown> => {
  const packed = readFileSync(new URL(`../data/${name}.json.gz`, import.meta.url))
  const parsed: unknown = JSON.parse(gunzipSync(packed).toString('utf8'))
  return record(parsed)
}

const patches = (txn: unknown): readonly Patch[] =>
  list(field(txn, 'patches')).map((patch) => {
    const [position, deleted, inserted] = list(patch)
    return [number(position), number(deleted), text(inserted)]
  })

const record = (value: unknown): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) throw new TypeError('trace: expected an object')
  return { ...value }
}

const field = (value: unknown, name: string): unknown => record(value)[name]

const list = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new TypeError('trace: expected a list')
  return value
}

const number = (value: unknown): number => {
  if (typeof value !== 'number') throw new TypeError('trace: expected a number')
  return value
}

const text = (value: unknown): string => {
  if (typeof value !== 'string') throw new TypeError('trace: expected a text')
  return value
}
