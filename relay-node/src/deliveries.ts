/**
 * From steps to deliver frames: cuts a sequence of items into frames of about one size, packs neighbouring updates of
 * one chain into segments, and states in each frame how far it leads.
 */
import {
  type Certificate,
  COMMITMENT_BYTES,
  encodeToClient,
  type Item,
  runsOf,
  SIGNATURE_BYTES,
  type Snapshot,
  type Update,
} from 'sealsync/protocol'

/** One thing to deliver, and the version that is reached with it. */
export interface Step {
  readonly content: Content
  readonly version: number
  readonly digest: Uint8Array
}

export type Content =
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | Update
  | Snapshot
  /** An ack, a refusal, or nothing: a version that needs no item. */
  | { readonly type: 'item'; readonly item: Item | undefined }

export interface Place {
  readonly version: number
  readonly digest: Uint8Array
}

/** Whether a run of updates can rest on its last signature. */
export type Seal = (run: readonly Update[]) => 'every' | 'last'

const everySignature: Seal = () => 'every'

export interface PlainDelivery {
  readonly channel: number
  /** Where the receiver is. */
  readonly from: Place
  readonly steps: readonly Step[]
  /** The last committed version. */
  readonly last: number
  readonly frameBytes: number
}

/** Frames that lead from one version to the next; one empty frame when there are no steps. */
export const plainFrames = ({
  channel,
  from,
  steps,
  last,
  frameBytes,
}: PlainDelivery): readonly Uint8Array[] => {
  let place = from
  const groups = steps.length === 0 ? [[]] : groupsOf(steps, frameBytes)
  return groups.map((group) => {
    const after = place.version
    place = group.at(-1) ?? place
    const { version: through, digest } = place
    const items = itemsOf(group, everySignature)
    const caughtUp = through === last
    return encodeToClient({
      type: 'deliver',
      channel,
      load: 'none',
      piece: 0,
      after,
      through,
      digest,
      caughtUp,
      items,
    })
  })
}

export interface LoadDelivery {
  readonly channel: number
  /** The receiver's cursor, which stays until the load is over; 0 for a complete load. */
  readonly after: number
  /** Where the whole load leads: the same in each of its frames. */
  readonly through: Place
  readonly contents: readonly Content[]
  /** The number of the first frame within its load. */
  readonly piece: number
  /** Whether these contents are the last of the load. */
  readonly isLast: boolean
  readonly caughtUp: boolean
  readonly frameBytes: number
  readonly seal: Seal
}

/** A piece of a load. Only the very last frame of the last piece is marked `last`, even if it is empty. */
export const loadFrames = (load: LoadDelivery): readonly Uint8Array[] => {
  const { channel, after } = load
  const { version: through, digest } = load.through
  const steps = load.contents.map((content) => ({ content, version: through, digest }))
  const groups = groupsOf(steps, load.frameBytes)
  if (load.isLast && groups.length === 0) groups.push([])
  return groups.map((group, i) => {
    const isLast = load.isLast && i === groups.length - 1
    const piece = load.piece + i
    const place = { channel, load: isLast ? 'last' : 'part', piece, after, through, digest } as const
    const items = itemsOf(group, load.seal)
    return encodeToClient({ type: 'deliver', ...place, caughtUp: isLast && load.caughtUp, items })
  })
}

const groupsOf = (steps: readonly Step[], frameBytes: number): Step[][] => {
  const groups: Step[][] = []
  let room = 0
  for (const step of steps) {
    const bytes = bytesOf(step.content)
    const group = groups.at(-1)
    if (group === undefined || bytes > room) {
      groups.push([step])
      room = frameBytes - bytes
    } else {
      group.push(step)
      room -= bytes
    }
  }
  return groups
}

const bytesOf = (content: Content): number => {
  switch (content.type) {
    case 'update':
    case 'snapshot':
      return content.header.length + COMMITMENT_BYTES + content.ciphertext.length + SIGNATURE_BYTES
    case 'certificate':
      return 144
    case 'item':
      return content.item?.type === 'refused' ? 48 + 40 * content.item.ended.length : 33
  }
}

/** Items in order; updates that follow each other share a segment where they can. */
const itemsOf = (group: readonly Step[], seal: Seal): readonly Item[] => {
  const items: Item[] = []
  let updates: Update[] = []
  const close = (): void => {
    for (const run of runsOf(updates)) items.push({ type: 'updates', updates: run, signatures: seal(run) })
    updates = []
  }
  for (const { content } of group) {
    if (content.type === 'update') {
      updates.push(content)
      continue
    }
    close()
    if (content.type === 'snapshot') items.push({ type: 'snapshot', snapshot: content })
    else if (content.type === 'certificate') items.push(content)
    else if (content.item !== undefined) items.push(content.item)
  }
  close()
  return items
}
