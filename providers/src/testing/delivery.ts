/** From a log, as one reader is shown it, to the frames that bring it there (docs/protocol.md, 14.3 and 14.4). */
import { equalBytes, toHex } from '../bytes.ts'
import type { Verify } from '../crypto.ts'
import {
  type Cursor,
  EMPTY_DIGEST,
  encodeChunk,
  encodeSnapshot,
  encodeUpdate,
  type Item,
  type LoadPart,
  nextDigest,
  runsOf,
  type ToClient,
  type Update,
} from '../protocol/index.ts'
import { coveredBy, type Entry, type Log, sessionKey } from './relay-log.ts'

/** How far a reader has come. */
export interface Place {
  readonly version: number
  readonly digest: Uint8Array
}

/** What a frame is made of, before updates are packed into segments. */
export type Content = Update | Exclude<Item, { readonly type: 'updates' }>

/** One thing to deliver, and the place that is reached with it. */
export interface Step extends Place {
  readonly content: Content
}

type Deliver = ToClient & { readonly type: 'deliver' }

export const START: Place = { version: 0, digest: EMPTY_DIGEST }

/** A deliver frame grows to about this size. */
const FRAME_BYTES = 256 * 1024

/** Where each entry leads, the first one from `from`. */
export const placesOf = (entries: readonly Entry[], from: Place = START): readonly Place[] => {
  let place = from
  return entries.map(({ envelope }) => {
    place = { version: place.version + 1, digest: nextDigest(place.digest, envelope.id) }
    return place
  })
}

/** Where this cursor stands in the log; `undefined`: nowhere, as it is of another log or goes beyond this one. */
export const placeOf = (
  cursor: Cursor | undefined,
  logId: Uint8Array,
  entries: readonly Entry[],
): Place | undefined => {
  if (cursor === undefined || !equalBytes(cursor.logId, logId)) return undefined
  const place = [START, ...placesOf(entries)][cursor.version]
  return place !== undefined && equalBytes(place.digest, cursor.digest) ? place : undefined
}

/** Whether all above a version comes as one load: something of it was pruned, or a load is shorter. */
export const needsLoad = (entries: readonly Entry[], after: number): boolean => {
  const above = entries.slice(after)
  if (above.some(({ isPruned }) => isPruned)) return true
  const load = loadOf(entries, after)
  return load[0]?.envelope.type === 'snapshot' && bytesIn(load) < bytesIn(above)
}

/** What a load is made of: the active snapshot first, then what no snapshot covers, chain by chain. */
export const loadOf = (entries: readonly Entry[], after: number): readonly Entry[] => {
  const isCovered = coveredBy(entries)
  const above = entries.slice(after)
  const snapshot = above.filter(({ envelope }) => envelope.type === 'snapshot').at(-1)
  const chains = new Map<string, Entry[]>()
  for (const entry of above) {
    const { envelope } = entry
    if (envelope.type !== 'update' || isCovered(envelope)) continue
    const key = sessionKey(envelope)
    chains.set(key, [...(chains.get(key) ?? []), entry])
  }
  const ordered = [...chains].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, chain]) => chain)
  return snapshot === undefined ? ordered : [snapshot, ...ordered]
}

/** The item of an envelope, for a step; pruned ones are passed over. */
export const contentOf = ({ envelope }: Entry): Content =>
  envelope.type === 'update' ? envelope : { type: 'snapshot', snapshot: envelope }

interface Delivery {
  readonly channel: number
  /** The reader's place. */
  readonly from: Place
  /** The last version of the log. */
  readonly last: number
}

/** Frames that lead from one version to the next; one empty frame when there are no steps. */
export const plainFrames = (
  { channel, from, last }: Delivery,
  steps: readonly Step[],
): readonly Deliver[] => {
  let place = from
  return (steps.length === 0 ? [[]] : cut(steps)).map((group) => {
    const after = place.version
    place = group.at(-1) ?? place
    const { version: through, digest } = place
    const items = packed(group, everySignature)
    const caughtUp = through === last
    return { type: 'deliver', channel, load: 'none', piece: 0, after, through, digest, caughtUp, items }
  })
}

/** The pieces of one load; all of them say where the whole of it leads. */
export const loadFrames = (
  { channel, from, to }: Omit<Delivery, 'last'> & { readonly to: Place },
  contents: readonly Content[],
  verify: Verify,
): readonly Deliver[] => {
  const steps = contents.map((content) => ({ content, ...to }))
  // The snapshot travels apart from what lies on top of it.
  const split = steps.findIndex(({ content }) => content.type === 'snapshot') + 1
  const groups = [...cut(steps.slice(0, split)), ...cut(steps.slice(split))]
  if (groups.length === 0 || split === steps.length) groups.push([])
  return groups.map((group, piece) => {
    const isLast = piece === groups.length - 1
    const load: LoadPart = isLast ? 'last' : 'part'
    const { version: through, digest } = to
    const items = packed(group, lastIfValid(verify))
    return {
      type: 'deliver',
      channel,
      load,
      piece,
      after: from.version,
      through,
      digest,
      caughtUp: isLast,
      items,
    }
  })
}

/** Answers to a fetch: each found entry with its certificate, then chunks, in as many frames as it takes. */
export const foundFrames = (
  channel: number,
  ids: readonly Uint8Array[],
  { entries, chunks }: Pick<Log, 'chunks'> & { readonly entries: readonly Entry[] },
): readonly ToClient[] => {
  const byId = new Map(entries.map((entry) => [toHex(entry.envelope.id), entry]))
  const found = ids.flatMap((id) => byId.get(toHex(id)) ?? []).filter(({ isPruned }) => !isPruned)
  const pieces = ids.flatMap((id) => chunks.get(toHex(id)) ?? [])
  const known = new Set([...found.map(({ envelope }) => envelope), ...pieces].map(({ id }) => toHex(id)))
  const unknown = ids.filter((id) => !known.has(toHex(id)))
  const groups = cut([
    ...found.map((entry) => ({ content: contentOf(entry), certificate: entry.certificate, ...START })),
    ...pieces.map((chunk) => ({
      content: { type: 'chunk', chunk } as const,
      certificate: undefined,
      ...START,
    })),
  ])
  return (groups.length === 0 ? [[]] : groups).map((group, i, all) => {
    const certificates = new Set(group.flatMap(({ certificate }) => certificate ?? []))
    const shown = [...certificates].map((certificate) => ({ type: 'certificate', certificate }) as const)
    const items = [...shown, ...group.flatMap((step) => packed([step], everySignature))]
    return { type: 'found', channel, items, unknown: i === all.length - 1 ? unknown : [] }
  })
}

const bytesIn = (entries: readonly Entry[]): number => entries.reduce((sum, { bytes }) => sum + bytes, 0)

const bytesOf = (content: Content): number => {
  switch (content.type) {
    case 'update':
      return encodeUpdate(content).length
    case 'snapshot':
      return encodeSnapshot(content.snapshot).length
    case 'chunk':
      return encodeChunk(content.chunk).length
    case 'certificate':
    case 'ack':
    case 'record':
    case 'refused':
      return 144
  }
}

const cut = <T extends Step>(steps: readonly T[]): T[][] => {
  const groups: T[][] = []
  let room = 0
  for (const step of steps) {
    const bytes = bytesOf(step.content)
    if (groups.length === 0 || bytes > room) {
      groups.push([])
      room = FRAME_BYTES
    }
    groups.at(-1)?.push(step)
    room -= bytes
  }
  return groups
}

type Signatures = (run: readonly Update[]) => 'every' | 'last'

const everySignature: Signatures = () => 'every'

/** In a load the last signature of a run vouches for all of it, if it is valid: else it would hide good ones. */
const lastIfValid =
  (verify: Verify): Signatures =>
  (run) => {
    const last = run.at(-1)
    const isValid = last?.signature !== undefined && verify('env-sig', last.signature, last.author, last.id)
    return isValid && run.length > 1 ? 'last' : 'every'
  }

/** Items in order; updates that follow each other share a segment where they can. */
const packed = (steps: readonly Step[], signatures: Signatures): readonly Item[] => {
  const items: Item[] = []
  let updates: Update[] = []
  const close = (): void => {
    for (const run of runsOf(updates))
      items.push({ type: 'updates', updates: run, signatures: signatures(run) })
    updates = []
  }
  for (const { content } of steps) {
    if (content.type === 'update') updates.push(content)
    else {
      close()
      items.push(content)
    }
  }
  close()
  return items
}
