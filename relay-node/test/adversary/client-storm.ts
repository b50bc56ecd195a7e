/** A storm of hostile frames over one client, from a relay that is honest in between: what it says, and when. */
import {
  type Certificate,
  decodeToClient,
  decodeToRelay,
  EMPTY_DIGEST,
  encodeToClient,
  type Item,
  LIMITS,
  type LoadPart,
  type Tails,
  type ToClient,
  updateItems,
} from '../../../providers/src/protocol/index.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { type HostileWriter, vainAnswer } from './hostile-writer.ts'
import { createCorpus, mutated, noise } from './mutation.ts'
import type { Tap } from './relay-under-test.ts'

/** Whoever has taken the relay's place towards one client: it passes everything on, knows it, and can add to it. */
export interface LyingRelay {
  readonly tap: Tap
  /** The next frame of its own. */
  frame(): Uint8Array
  /** The client has dialled anew. */
  forget(): void
  /** Frames were recorded of these types. */
  readonly recorded: ReadonlyMap<number, unknown>
  lies: boolean
}

const DOWN_TYPES = [129, 130, 131, 132, 133, 134, 135, 136, 137] as const
const LOADS: readonly LoadPart[] = ['none', 'part', 'last']
const MAX = Number.MAX_SAFE_INTEGER
const POOL = 200
/** Of a run of updates; as long as they come they would be most of what is in use, and grow with the log. */
const KEPT_OF_RUN = 8

/** `broken`: the share of its own frames that are changed ones, or noise. */
export const createLyingRelay = (
  writer: HostileWriter,
  { random, broken }: { readonly random: Random; readonly broken: number },
): LyingRelay => {
  const { docId } = writer.vault
  const corpus = createCorpus()
  const tails: Tails = new Map()
  const items: Item[] = []
  const certificates: Certificate[] = []
  /** Of what the client has pushed. */
  const pushed: Uint8Array[] = []
  let channel = 1
  let attempt = 1
  let logId: Uint8Array = new Uint8Array(16)
  let version = 0
  let digest: Uint8Array = EMPTY_DIGEST
  let pieces = 0
  let connections = 1000

  const keep = <T>(pool: T[], one: T): void => {
    pool.push(one)
    if (pool.length > POOL) pool.shift()
  }

  const partOf = (item: Item): Item => {
    if (item.type !== 'updates') return item
    const latest = Math.max(0, item.updates.length - KEPT_OF_RUN)
    // Where the last alone is signed, it must be in it.
    const from = item.signatures === 'last' ? latest : random.int(latest + 1)
    return { ...item, updates: item.updates.slice(from, from + KEPT_OF_RUN) }
  }

  const note = (frame: ToClient): void => {
    if (frame.type === 'opened') {
      ;({ channel } = frame)
      logId = frame.logId.slice()
      pieces = 0
    }
    if (frame.type === 'joined') keep(certificates, frame.certificate)
    if (frame.type !== 'deliver') return
    version = frame.through
    digest = frame.digest.slice()
    pieces = frame.load === 'part' ? pieces + 1 : 0
    for (const item of frame.items) {
      if (item.type === 'certificate') keep(certificates, item.certificate)
      else if (item.type !== 'ack' && item.type !== 'refused') keep(items, partOf(item))
    }
  }

  const number = (near: number): number =>
    Math.max(0, random.pick([near, near, near + 1, near - 1, 0, MAX, random.int(1000)]) ?? 0)

  const refusal = (): Item => ({
    type: 'refused',
    id: pushed.at(-1 - random.int(2)) ?? random.bytes(32),
    code:
      random.pick(['gap', 'session-ended', 'unavailable', 'invalid', 'role', 'too-large', 'superseded']) ??
      'gap',
    retryAfterMs: 0,
    ended: [],
  })

  /** Nothing in it that the log does not have, but in any order, twice, or under another number. */
  const someItems = (): readonly Item[] =>
    Array.from({ length: random.pick([0, 1, 2, 5]) ?? 0 }, (): readonly Item[] => {
      switch (random.int(8)) {
        case 0:
          return [vainAnswer(random)]
        case 1:
          return updateItems([writer.stranger()])
        case 2:
          return random.chance(0.3) ? [refusal()] : []
        case 3: {
          const certificate = random.chance(0.2) ? random.pick(certificates) : undefined
          return certificate === undefined ? [] : [{ type: 'certificate', certificate }]
        }
        default: {
          const item = random.pick(items)
          return item === undefined ? [] : [item]
        }
      }
    }).flat()

  const deliver = (): ToClient => {
    const load = random.chance(0.6) ? 'none' : (random.pick(LOADS) ?? 'none')
    const after = number(version)
    const through = Math.max(after, number(version))
    // Loads that never end: the next piece, and the next, and never the last.
    const piece = load === 'none' ? 0 : number(random.chance(0.5) ? pieces++ : pieces)
    const known = random.chance(0.5) ? digest : random.bytes(16)
    return {
      ...{
        type: 'deliver',
        channel,
        load,
        piece,
        after,
        through,
        digest: known,
        caughtUp: random.chance(0.5),
      },
      items: someItems(),
    }
  }

  const nonsense = (): ToClient => {
    switch (random.int(15)) {
      case 0:
        return {
          ...{
            type: 'opened',
            docId: random.chance(0.9) ? docId : random.bytes(32),
            attempt: number(attempt),
          },
          ...{ channel: random.chance(0.9) ? channel : number(channel), connection: number(1) },
          ...{ logId: random.chance(0.5) ? logId : random.bytes(16), complete: random.chance(0.5) },
          isNew: random.chance(0.2),
        }
      case 1: {
        // Ever more connections, all with certificates that are valid.
        connections += 1
        const certificate = random.pick(certificates) ?? writer.certificate()
        return {
          type: 'joined',
          channel,
          connection: random.chance(0.8) ? connections : number(1),
          certificate,
        }
      }
      case 2:
        return { type: 'left', channel, connection: random.chance(0.5) ? random.int(connections) : MAX }
      case 3:
      case 4: {
        const ephemeral = random.chance(0.5) ? writer.ephemeral() : writer.heads()
        return { type: 'ephemeral', channel, connection: random.int(connections + 1), ephemeral }
      }
      case 5:
        return {
          ...{ type: 'found', channel, items: someItems() },
          unknown: Array.from({ length: random.pick([0, 1, LIMITS.fetch]) ?? 0 }, () => random.bytes(32)),
        }
      case 6: {
        if (random.chance(0.8)) return { type: 'pong', token: number(1) }
        const code = random.pick([0, 1000, 4399, 4400, 4403, 4404, 4499, 4500, 4503, 4529, 65_535]) ?? 0
        return {
          type: 'closed',
          docId: random.chance(0.5) ? docId : random.bytes(32),
          code,
          reason: 'for no reason',
        }
      }
      default:
        return deliver()
    }
  }

  const lying: LyingRelay = {
    lies: false,
    recorded: corpus.types,
    tap: {
      up: (bytes) => {
        const frame = decodeToRelay(bytes, () => docId, tails)
        if (!frame.ok) throw new Error(`the client sent a broken frame: ${frame.error}`)
        if (frame.value.type === 'open') ({ attempt } = frame.value)
        if (frame.value.type === 'push')
          for (const item of frame.value.items)
            if (item.type === 'updates') for (const { id } of item.updates) keep(pushed, id)
        return [bytes]
      },
      down: (bytes) => {
        const frame = decodeToClient(bytes, () => docId)
        if (frame.ok) note(frame.value)
        corpus.add(bytes)
        if (!lying.lies || random.chance(0.9)) return [bytes]
        // Lost, twice, changed, or behind something else.
        switch (random.int(5)) {
          case 0:
            return []
          case 1:
            return [bytes, bytes]
          case 2:
            return [mutated([bytes], random)]
          default:
            return [lying.frame(), bytes]
        }
      },
    },
    frame: () => {
      const dice = random()
      if (dice < broken - 0.01) return mutated(corpus.all(), random)
      if (dice < broken) return noise(DOWN_TYPES, random)
      if (dice < broken + 0.06) return random.pick(corpus.all()) ?? new Uint8Array(0)
      return encodeToClient(nonsense())
    },
    forget: () => {
      tails.clear()
      pieces = 0
    },
  }
  return lying
}
