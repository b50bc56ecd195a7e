/**
 * Keeps one content at one place. Yjs takes what has a client id and clock that it knows for what it knows, unseen: with
 * two contents for one place, documents would part for good while their state vectors are equal. Whatever came first
 * stays. Of a payload that differs from it, everything of that client is refused from the first struct that differs on:
 * it was made on top of something else. The rest of the payload, of other clients too, has nothing to do with that.
 */
import * as Y from 'yjs'
import type { Received } from '../sync/effects.ts'
import { type Decoded, decodeContent, UPDATE_V2 } from './encoding.ts'
import { createParked, type ParkedPart } from './parked.ts'
import { encodeWithout } from './remainder.ts'
import { isSameStruct, type Struct } from './same-struct.ts'
import { type ClientRange, endOf, indexOfClock, isSkip } from './structs.ts'

export interface Conflict {
  readonly client: number
  /** Everything of this client from here on is refused. */
  readonly from: number
  /** Where it differs from what is there. */
  readonly at: number
  /** What is there is parked itself, and came with this. */
  readonly parked?: Received | undefined
}

interface Inspection {
  readonly conflicts: readonly Conflict[]
  /** Clocks that the payload has something for, and that are not refused. */
  readonly told: readonly ClientRange[]
  /** Those of them that the document does not have yet. */
  readonly fresh: readonly ClientRange[]
}

/** What was parked, and is refused now, because something else has taken its place since. */
interface Evicted {
  readonly received: Received
  readonly conflict: Conflict
}

export interface Guard {
  /** Before a batch: looks at what others did to the document meanwhile, the app or another provider. */
  begin(): readonly Evicted[]
  /** Before a payload is applied; nothing is applied in between. */
  inspect(decoded: Decoded): Inspection
  /** After that. Returns what was parked and is part of the document now. */
  settle(decoded: Decoded, inspection: Inspection, received: Received): readonly ParkedPart[]
  /** After Yjs was made to try again what it has parked. */
  retried(): readonly ParkedPart[]
}

const NOTHING: readonly never[] = []

/** One that is being gathered. */
interface OpenRange {
  readonly client: number
  readonly start: number
  end: number
}

export const createGuard = (doc: Y.Doc): Guard => {
  const { store } = doc
  const parked = createParked()
  /** What Yjs had parked when we looked last. */
  let seen: Uint8Array | undefined

  const heldOf = (client: number): number => Y.getState(store, client)

  const release = (): readonly ParkedPart[] => {
    const released: ParkedPart[] = []
    for (const client of parked.clients()) {
      released.push(...parked.release(client, heldOf(client)))
      if (store.pendingStructs === null) parked.drop(client, 0)
    }
    return released
  }

  /** Where what is parked differs from what the document has at its place. */
  const outdated = (client: number): Conflict | undefined => {
    const end = heldOf(client)
    const mine = store.clients.get(client) ?? []
    for (const part of parked.overlapping({ client, start: 0, end })) {
      const index = indexOfClock(mine, part.start)
      const at = differenceFrom(mine, index, part.struct, part.start, Math.min(end, part.end))
      if (at !== undefined) return { client, from: part.struct.id.clock, at }
    }
    return undefined
  }

  const differenceFromParked = (struct: Struct): { at: number; part: ParkedPart } | undefined => {
    const { client, clock } = struct.id
    const range = { client, start: clock, end: endOf(struct) }
    return parked
      .overlapping(range)
      .map((part) => ({ part, at: Math.max(part.start, clock), end: Math.min(part.end, range.end) }))
      .find(({ part, at, end }) => !isSameStruct(part.struct, struct, at, end))
  }

  const evict = (conflicts: readonly Conflict[]): void => {
    const parkedStructs = store.pendingStructs
    const decoded = parkedStructs && decodeContent({ encoding: UPDATE_V2, payload: parkedStructs.update })
    if (parkedStructs === null || decoded === null || decoded === undefined) return
    for (const { client, from } of conflicts) parked.drop(client, from)
    const payload = encodeWithout(
      decoded,
      new Map(conflicts.map(({ client, from }) => [client, from])),
      heldOf,
    )
    const update = Y.convertUpdateFormatV1ToV2(payload)
    const isEmpty = Y.decodeUpdate(payload).structs.length === 0
    store.pendingStructs = isEmpty ? null : { missing: parkedStructs.missing, update }
  }

  const beyondHeld = ({ client, start, end }: ClientRange): readonly ClientRange[] => {
    const held = heldOf(client)
    return end > held ? [{ client, start: Math.max(start, held), end }] : []
  }

  return {
    begin: () => {
      const update = store.pendingStructs?.update
      if (update !== seen && update !== undefined) {
        const structs = decodeContent({ encoding: UPDATE_V2, payload: update })?.structs ?? []
        for (const struct of structs) if (!isSkip(struct)) parked.add(struct, undefined)
      }
      const conflicts = [...parked.clients()].flatMap((client) => outdated(client) ?? [])
      const evicted = conflicts.flatMap((conflict) => {
        const { client, at } = conflict
        const received = parked.overlapping({ client, start: at, end: at + 1 })[0]?.received
        return received === undefined ? [] : [{ received, conflict }]
      })
      if (conflicts.length > 0) evict(conflicts)
      release()
      seen = store.pendingStructs?.update
      return evicted
    },
    inspect: ({ structs }) => {
      const conflicts: Conflict[] = []
      let told: OpenRange[] | undefined
      let client = Number.NaN
      let mine: readonly Struct[] = []
      let held = 0
      let index = -1
      let refused = false
      let isKnown = false
      let run: OpenRange | undefined
      for (const struct of structs) {
        if (isSkip(struct)) continue
        const { id } = struct
        if (id.client !== client) {
          client = id.client
          mine = store.clients.get(client) ?? []
          held = heldOf(client)
          index = -1
          refused = false
          run = undefined
        }
        if (refused) continue
        const end = endOf(struct)
        let conflict: Conflict | undefined
        if (id.clock < held) {
          if (index < 0) index = indexOfClock(mine, id.clock)
          while (isBefore(mine[index], id.clock)) index += 1
          const at = differenceFrom(mine, index, struct, id.clock, Math.min(end, held))
          if (at !== undefined) conflict = { client, from: id.clock, at }
        }
        if (conflict === undefined && end > held && seen !== undefined) {
          const found = differenceFromParked(struct)
          if (found !== undefined)
            conflict = { client, from: id.clock, at: found.at, parked: found.part.received }
        }
        if (conflict !== undefined) {
          refused = true
          conflicts.push(conflict)
        } else if (run?.end === id.clock) {
          run.end = end
        } else {
          run = { client, start: id.clock, end }
          // One that grows has room for many from its first push, and a load is thousands of payloads with one.
          if (told === undefined) told = [run]
          else told.push(run)
        }
        if (id.clock < held) isKnown = true
      }
      const all = told ?? NOTHING
      return { conflicts, told: all, fresh: isKnown ? all.flatMap(beyondHeld) : all }
    },
    settle: ({ structs }, { conflicts }, received) => {
      const update = store.pendingStructs?.update
      if (update === seen) return NOTHING
      seen = update
      const cuts = new Map(conflicts.map((conflict) => [conflict.client, conflict.from]))
      for (const struct of structs) {
        const { client, clock } = struct.id
        if (isSkip(struct) || clock >= (cuts.get(client) ?? Number.POSITIVE_INFINITY)) continue
        if (endOf(struct) > heldOf(client)) parked.add(struct, received)
      }
      return release()
    },
    retried: () => {
      seen = store.pendingStructs?.update
      return release()
    },
  }
}

const isBefore = (struct: Struct | undefined, clock: number): boolean =>
  struct !== undefined && endOf(struct) <= clock

/** The first clock from `start` to `end` at which `theirs` differs from `mine`, of which that at `index` holds `start`. */
const differenceFrom = (
  mine: readonly Struct[],
  index: number,
  theirs: Struct,
  start: number,
  end: number,
): number | undefined => {
  for (let i = index; i < mine.length; i++) {
    const own = mine[i]
    if (own === undefined || own.id.clock >= end) return undefined
    const from = Math.max(own.id.clock, start)
    if (!isSameStruct(own, theirs, from, Math.min(endOf(own), end))) return from
  }
  return undefined
}
