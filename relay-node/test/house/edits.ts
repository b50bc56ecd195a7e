/** The smallest CRDT: a set of words. An edit adds words. */
import type { Content, Received, Replica } from 'sealsync'

export interface Words {
  readonly replica: Replica
  readonly words: ReadonlySet<string>
  /** What the app hears: called within `apply`, as CRDT observers are. */
  onApply: () => void
  /** Adds words locally and gives the edit to be pushed. */
  add(...words: string[]): Content
}

const ENCODING = 64

const encode = (words: Iterable<string>): Content => ({
  encoding: ENCODING,
  payload: new TextEncoder().encode(JSON.stringify([...words].sort())),
})

const decode = (content: Content): readonly string[] => JSON.parse(new TextDecoder().decode(content.payload))

export const createWords = (...initial: string[]): Words => {
  const words = new Set(initial)
  let known: Set<string> | undefined
  const whole: Words = {
    words,
    onApply: () => undefined,
    add: (...added) => {
      for (const word of added) words.add(word)
      return encode(added)
    },
    replica: {
      isEmpty: () => words.size === 0,
      encodings: [ENCODING],
      merge: (edits) => encode(new Set(edits.flatMap(decode))),
      apply: (batch: readonly Received[], isKnown) => {
        for (const word of batch.flatMap(decode)) {
          words.add(word)
          if (isKnown) known?.add(word)
        }
        whole.onApply()
        return []
      },
      track: () => {
        known = new Set()
      },
      missing: (pending) => {
        const excluded = new Set([...(known ?? []), ...pending.flatMap(decode)])
        const missing = [...words].filter((word) => !excluded.has(word))
        return missing.length === 0 ? [] : [encode(missing)]
      },
      capture: () => encode(words),
    },
  }
  return whole
}
