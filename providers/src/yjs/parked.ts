/** What Yjs has parked because something before it is missing: by clock, each place with the struct that came first. */
import type { Received } from '../sync/effects.ts'
import type { Struct } from './same-struct.ts'
import { type ClientRange, indexOfEnd } from './structs.ts'

/** The part of a struct for which it was the first; `received` brought it, unless another provider did. */
export interface ParkedPart extends ClientRange {
  readonly struct: Struct
  readonly received: Received | undefined
}

export interface Parked {
  clients(): Iterable<number>
  /** The parts that overlap these clocks, ascending. */
  overlapping(range: ClientRange): readonly ParkedPart[]
  add(struct: Struct, received: Received | undefined): void
  /** The document has everything of this client below `clock` now. Returns what it got of that from here. */
  release(client: number, clock: number): readonly ParkedPart[]
  /** Forgets what stands at `clock` and behind it. */
  drop(client: number, clock: number): void
}

export const createParked = (): Parked => {
  const rows = new Map<number, ParkedPart[]>()

  const overlapping = ({ client, start, end }: ClientRange): readonly ParkedPart[] => {
    const row = rows.get(client)
    if (row === undefined) return []
    const first = indexOfEnd(row, start)
    let last = first
    while (last < row.length && (row[last]?.start ?? end) < end) last += 1
    return row.slice(first, last)
  }

  const set = (client: number, parts: ParkedPart[]): void => {
    if (parts.length === 0) rows.delete(client)
    else rows.set(client, parts)
  }

  return {
    clients: () => [...rows.keys()],
    overlapping,
    add: (struct, received) => {
      const { client, clock } = struct.id
      const range = { client, start: clock, end: clock + struct.length }
      const row = rows.get(client) ?? []
      const taken = overlapping(range)
      const parts: ParkedPart[] = []
      let start = clock
      for (const part of taken) {
        if (part.start > start) parts.push({ client, start, end: part.start, struct, received })
        parts.push(part)
        start = Math.max(start, part.end)
      }
      if (start < range.end) parts.push({ client, start, end: range.end, struct, received })
      row.splice(indexOfEnd(row, clock), taken.length, ...parts)
      set(client, row)
    },
    release: (client, clock) => {
      const row = rows.get(client) ?? []
      const count = row.findIndex(({ start }) => start >= clock)
      const gone = row.slice(0, count < 0 ? row.length : count)
      const left = gone.flatMap((part) => (part.end > clock ? [{ ...part, start: clock }] : []))
      set(client, [...left, ...row.slice(gone.length)])
      return gone.map((part) => (part.end > clock ? { ...part, end: clock } : part))
    },
    drop: (client, clock) => {
      const kept = (rows.get(client) ?? []).filter(({ start }) => start < clock)
      set(
        client,
        kept.map((part) => (part.end > clock ? { ...part, end: clock } : part)),
      )
    },
  }
}
