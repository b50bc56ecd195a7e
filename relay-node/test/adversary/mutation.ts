/** Frames that somebody has sent, changed the way a hostile end of a connection would: in their structure, by seeded dice. */
import type { Random } from '../../../providers/src/testing/random.ts'

/** Sizes of the fields that frames are made of. */
const FIELDS = [1, 2, 4, 8, 16, 24, 32, 64] as const
const EDGES = [0, 1, 2, 127, 128, 129, 254, 255] as const
/** What a count or a length may claim: 2⁵³ − 1, more than a varint may say, 2³² − 1, one too many, and no end at all. */
const HUGE: readonly (readonly number[])[] = [
  [255, 255, 255, 255, 255, 255, 255, 15],
  [255, 255, 255, 255, 255, 255, 255, 255, 255, 127],
  [255, 255, 255, 255],
  [128, 128, 4],
  [128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128],
  [128, 0],
]
const MAX_NOISE = 300
const MAX_BYTES = 64 * 1024

type Change = (frame: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array

const joined = (...parts: readonly ArrayLike<number>[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const another = (random: Random, others: readonly Uint8Array[]): Uint8Array =>
  random.pick(others) ?? new Uint8Array(0)

const stretch = (frame: Uint8Array, random: Random): readonly [from: number, to: number] => {
  const from = random.int(frame.length + 1)
  return [from, Math.min(frame.length, from + (random.pick(FIELDS) ?? 1))]
}

const CHANGES: readonly Change[] = [
  (frame, random) => {
    const bytes = frame.slice()
    for (let count = 1 + random.int(4); count > 0 && bytes.length > 0; count--) {
      const at = random.int(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8))
    }
    return bytes
  },
  // The first bytes say what it is, to whom, and how many.
  (frame, random) => {
    const bytes = frame.slice()
    const at = random.int(Math.min(bytes.length, 12))
    if (bytes.length > 0) bytes[at] = random.chance(0.5) ? random.int(256) : (random.pick(EDGES) ?? 0)
    return bytes
  },
  (frame, random) => frame.slice(0, random.int(frame.length + 1)),
  (frame, random) => joined(frame, random.bytes(random.int(40))),
  (frame) => joined(frame, frame),
  (frame, random) => {
    const [from, to] = stretch(frame, random)
    return joined(frame.subarray(0, from), frame.subarray(to))
  },
  (frame, random) => {
    const [from, to] = stretch(frame, random)
    return joined(frame.subarray(0, to), frame.subarray(from))
  },
  (frame, random) => {
    const [from, to] = stretch(frame, random)
    const huge = random.pick(HUGE) ?? []
    return joined(frame.subarray(0, from), huge, frame.subarray(random.chance(0.5) ? from : to))
  },
  // Spliced: the beginning of this one, the end of another.
  (frame, random, others) => {
    const other = another(random, others)
    const cut = random.int(frame.length + 1)
    const from = random.chance(0.5) ? cut : random.int(other.length + 1)
    return joined(frame.subarray(0, cut), other.subarray(Math.min(from, other.length)))
  },
  // A field of another frame in the place of one of this.
  (frame, random, others) => {
    const other = another(random, others)
    const bytes = frame.slice()
    const size = Math.min(random.pick(FIELDS) ?? 1, bytes.length, other.length)
    const from = random.int(other.length - size + 1)
    bytes.set(other.subarray(from, from + size), random.int(bytes.length - size + 1))
    return bytes
  },
  // Two fields of one frame in each other's place.
  (frame, random) => {
    const bytes = frame.slice()
    const size = Math.min(random.pick(FIELDS) ?? 1, bytes.length >> 1)
    const [a, b] = [random.int(bytes.length - size + 1), random.int(bytes.length - size + 1)]
    bytes.copyWithin(a, b, b + size)
    bytes.set(frame.subarray(a, a + size), b)
    return bytes
  },
]

/** One of the frames with one to three changes; the others lend it parts. */
export const mutated = (frames: readonly Uint8Array[], random: Random): Uint8Array => {
  let bytes = another(random, frames)
  for (let count = 1 + random.int(3); count > 0; count--) {
    bytes = random.pick(CHANGES)?.(bytes, random, frames) ?? bytes
  }
  return bytes.length > MAX_BYTES ? bytes.slice(0, MAX_BYTES) : bytes
}

/** Bytes that nobody has ever sent; half of them begin like a frame. */
export const noise = (types: readonly number[], random: Random): Uint8Array => {
  const bytes = random.bytes(random.int(MAX_NOISE))
  if (bytes.length > 0 && random.chance(0.5)) bytes[0] = random.pick(types) ?? 0
  return bytes
}

/** The last frames that were recorded, as many of each type; what is too long to be changed thousands of times is left out. */
export interface Corpus {
  add(frame: Uint8Array): void
  all(): readonly Uint8Array[]
  /** How many of each type, by the frame's first byte. */
  readonly types: ReadonlyMap<number, readonly Uint8Array[]>
}

const EACH = 24
const LONGEST = 8 * 1024

export const createCorpus = (): Corpus => {
  const types = new Map<number, Uint8Array[]>()
  let all: readonly Uint8Array[] | undefined
  return {
    types,
    add: (frame) => {
      const type = frame[0]
      if (type === undefined || frame.length > LONGEST) return
      const known = types.get(type) ?? []
      types.set(type, known)
      known.push(frame.slice())
      if (known.length > EACH) known.shift()
      all = undefined
    },
    all: () => {
      all ??= [...types.values()].flat()
      return all
    },
  }
}
