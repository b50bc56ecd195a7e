/** A counter that many change at the same time: the set of all increments, each with a name of its own. */
import type { Content, Replica } from 'sealsync'

/** Amount and name. Whoever has the secret can write anything: what does not look like this is not taken. */
const INCREMENT = /^-?\d{1,9} \S{1,64}$/
/** For private use: docs/protocol.md, section 9. */
const ENCODING = 64
/** So many increments fit into one update. */
const PIECE = 10_000

export interface Counter {
  readonly replica: Replica
  readonly increments: ReadonlySet<string>
  value(): number
  /** Counts at once, and gives the edit to be pushed. A name is used only once. */
  add(amount: number, name?: string): Content
}

export const createCounter = (): Counter => {
  const increments = new Set<string>()
  let known: Set<string> | undefined
  return {
    increments,
    value: () => [...increments].reduce((sum, increment) => sum + Number.parseInt(increment, 10), 0),
    add: (amount, name = crypto.randomUUID()) => {
      increments.add(`${amount} ${name}`)
      return encode([`${amount} ${name}`])
    },
    replica: {
      encodings: [ENCODING],
      isEmpty: () => increments.size === 0,
      merge: (edits) => encode(new Set(edits.flatMap((edit) => decode(edit) ?? []))),
      apply: (batch, isKnown) =>
        batch.flatMap((received, position) => {
          const read = decode(received)
          for (const increment of read ?? []) increments.add(increment)
          if (isKnown) for (const increment of read ?? []) known?.add(increment)
          return read === undefined ? [position] : []
        }),
      track: () => {
        known = new Set()
      },
      missing: (pending) => {
        const there = new Set([...(known ?? []), ...pending.flatMap((edit) => decode(edit) ?? [])])
        known = undefined
        const missing = [...increments].filter((increment) => !there.has(increment))
        const starts = [...missing.keys()].filter((i) => i % PIECE === 0)
        return starts.map((start) => encode(missing.slice(start, start + PIECE)))
      },
      capture: () => encode(increments),
    },
  }
}

const encode = (increments: Iterable<string>): Content => {
  return { encoding: ENCODING, payload: new TextEncoder().encode([...increments].join('\n')) }
}
const decode = ({ encoding, payload }: Content): readonly string[] | undefined => {
  const lines = new TextDecoder().decode(payload).split('\n').filter(Boolean)
  return encoding === ENCODING && lines.every((line) => INCREMENT.test(line)) ? lines : undefined
}
