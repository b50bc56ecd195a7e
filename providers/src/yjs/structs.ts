/** Yjs structs as they stand in a store or in a payload: by clock, ascending. */
import * as Y from 'yjs'
import type { Decoded } from './encoding.ts'
import type { Struct } from './same-struct.ts'

/** Clocks of one Yjs client: from `start` up to, and without, `end`. */
export interface ClientRange {
  readonly client: number
  readonly start: number
  readonly end: number
}

export const includes = (ranges: readonly ClientRange[], client: number, clock: number): boolean =>
  ranges.some((range) => range.client === client && range.start <= clock && clock < range.end)

export const isSkip = (struct: Decoded['structs'][number]): struct is Y.Skip => struct instanceof Y.Skip

export const endOf = ({ id, length }: Decoded['structs'][number]): number => id.clock + length

/** The index of the struct that holds `clock`, or of the first one behind it. */
export const indexOfClock = (structs: readonly Struct[], clock: number): number =>
  search(structs.length, (index) => {
    const struct = structs[index]
    return struct !== undefined && endOf(struct) <= clock
  })

/** The index of the range that holds `clock`, or of the first one behind it. */
export const indexOfEnd = (ranges: readonly { readonly end: number }[], clock: number): number =>
  search(ranges.length, (index) => (ranges[index]?.end ?? 0) <= clock)

/** The first index that is not before what is looked for. */
const search = (length: number, isBefore: (index: number) => boolean): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(middle)) low = middle + 1
    else high = middle
  }
  return low
}
