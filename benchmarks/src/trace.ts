/** The recorded sessions of `data/`, and how their edits are typed into a Yjs text. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Text } from 'yjs'

/** At a position, so many code points are deleted and this is inserted. */
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

/** Throws for edits whose start is not an empty text. */
export const readTrace = (name: TraceName): Trace => {
  const { startContent, endContent, txns } = read(name)
  if (startContent !== '') throw new Error(`${name}: only sessions that begin empty can be replayed`)
  const edits = list(txns).flatMap((txn) => patches(txn))
  return { endContent: text(endContent), edits }
}

/** The session of two authors who typed at the same time. */
export const readSharedTrace = (name: 'friendsforever'): SharedTrace => {
  const { endContent, txns } = read(name)
  const edits = list(txns).map((txn) => ({
    agent: number(field(txn, 'agent')),
    parents: list(field(txn, 'parents')).map(number),
    patches: patches(txn),
  }))
  return { endContent: text(endContent), edits }
}

/** Types one patch. Inside of a transaction, so that it becomes one update. */
export const applyPatch = (target: Text, [position, deleted, inserted]: Patch): void => {
  const [index, length] = isPlain(target) ? [position, deleted] : inUnits(target.toString(), position, deleted)
  if (length > 0) target.delete(index, length)
  if (inserted !== '') target.insert(index, inserted)
  if (target.length !== 0 && /[\ud800-\udfff]/.test(inserted)) astral.add(target)
}

/** The text after the first `count` edits, by plain string surgery. */
export const textAfter = ({ edits }: Trace, count: number): string => {
  const points: string[] = []
  for (const [position, deleted, inserted] of edits.slice(0, count)) {
    points.splice(position, deleted, ...inserted)
  }
  return points.join('')
}

/** Texts in which a code point may take two UTF-16 units: only there positions need a look at the text. */
const astral = new WeakSet<Text>()

const isPlain = (target: Text): boolean => !astral.has(target)

/** The trace counts code points, Yjs counts UTF-16 units. */
const inUnits = (content: string, position: number, deleted: number): readonly [number, number] => {
  const points = [...content]
  const units = (from: number, to: number): number => points.slice(from, to).join('').length
  return [units(0, position), units(position, position + deleted)]
}

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
