/** Sets of (client, clock): half-open clock ranges per Yjs client, as state vectors cannot say "all but the middle". */
import { indexOfEnd } from './structs.ts'

export interface Range {
  readonly start: number
  readonly end: number
}

/** Ranges of many clients, by client id. */
export type RangesByClient = ReadonlyMap<number, readonly Range[]>

export interface Ranges {
  add(client: number, start: number, end: number): void
  /** The parts of [start, end) that are not in the set, ascending. */
  gaps(client: number, start: number, end: number): readonly Range[]
  /** The parts of [start, end) that are in the set, ascending. */
  held(client: number, start: number, end: number): readonly Range[]
}

interface Row {
  ranges: Range[]
  sorted: boolean
}

export const createRanges = (): Ranges => {
  const rows = new Map<number, Row>()

  const held = (client: number, start: number, end: number): readonly Range[] => {
    const row = rows.get(client)
    if (row === undefined) return []
    if (!row.sorted) {
      row.ranges = merge(row.ranges)
      row.sorted = true
    }
    const parts: Range[] = []
    for (let i = indexOfEnd(row.ranges, start); i < row.ranges.length; i++) {
      const range = row.ranges[i]
      if (range === undefined || range.start >= end) break
      parts.push({ start: Math.max(range.start, start), end: Math.min(range.end, end) })
    }
    return parts
  }

  return {
    add: (client, start, end) => {
      if (start >= end) return
      const row = rows.get(client)
      if (row === undefined) {
        rows.set(client, { ranges: [{ start, end }], sorted: true })
        return
      }
      const last = row.ranges.at(-1)
      // Content mostly arrives in order, so that most ranges only make the last one longer.
      if (last !== undefined && last.start <= start && start <= last.end) {
        row.ranges[row.ranges.length - 1] = { start: last.start, end: Math.max(last.end, end) }
        return
      }
      row.sorted &&= last === undefined || last.end < start
      row.ranges.push({ start, end })
    },
    held,
    gaps: (client, start, end) => subtract({ start, end }, held(client, start, end)),
  }
}

/** `whole` without `parts`, which are ascending and disjoint. */
export const subtract = (whole: Range, parts: readonly Range[]): readonly Range[] => {
  const left: Range[] = []
  let at = whole.start
  for (const part of parts) {
    if (part.start > at) left.push({ start: at, end: part.start })
    at = Math.max(at, part.end)
  }
  if (at < whole.end) left.push({ start: at, end: whole.end })
  return left
}

/** Sorted, and with all that touch or overlap joined. */
export const merge = (ranges: readonly Range[]): Range[] => {
  const merged: Range[] = []
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last !== undefined && range.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
    } else {
      merged.push(range)
    }
  }
  return merged
}
