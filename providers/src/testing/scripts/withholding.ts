/** Leaving out: a reader is not shown what is there. */
import { coveredBy, type Entry } from '../relay-log.ts'
import { isAmong, type Reader, type Script, type Who } from '../script.ts'

/** Remembers how long the log of each document was when the script first saw it. */
const lengthAtFirst = (): ((log: readonly Entry[], reader: Reader) => number) => {
  const lengths = new Map<string | undefined, number>()
  return (log, { document }) => {
    const length = lengths.get(document) ?? log.length
    lengths.set(document, length)
    return length
  }
}

/**
 * Leaves out one envelope, the one with this version, and shows all others.
 * The client should apply nothing that builds on it and raise `withheld`; it asks again first.
 */
export const dropOne = ({
  version,
  reader,
}: {
  readonly version: number
  readonly reader?: Who
}): Script => ({
  view: (log, { name }) => (isAmong(name, reader) ? log.filter((_, i) => i !== version - 1) : log),
})

/**
 * Shows nothing that was stored after a version, by anyone (or by `from`): the log seems to have ended there. With
 * `reader` and without `after`, that reader is cut off for ever from the moment the script begins.
 * The client should raise `withheld` as soon as somebody else tells it of a later head; it cannot know before.
 */
export const dropTail = ({
  after,
  from,
  reader,
}: {
  /** The last version that is shown. Default: the last one when the script begins. */
  readonly after?: number
  readonly from?: Who
  readonly reader?: Who
} = {}): Script => {
  const lengthOf = lengthAtFirst()
  return {
    view: (log, to) => {
      const end = after ?? lengthOf(log, to)
      return isAmong(to.name, reader) ? log.filter((entry, i) => i < end || !isAmong(entry.from, from)) : log
    },
  }
}

/**
 * Shows nothing that one author has pushed, as if it had never been there.
 * The client should raise `withheld` when it hears of that author's head, from the author's presence or from others.
 */
export const dropAuthor = ({ from, reader }: { readonly from: Who; readonly reader?: Who }): Script => ({
  view: (log, { name }) =>
    isAmong(name, reader) && !isAmong(name, from) ? log.filter((entry) => !isAmong(entry.from, from)) : log,
})

/**
 * Shows a snapshot, and nothing that it does not cover: as if it covered everything.
 * The client should raise `withheld` when it hears of a later head. Who holds what is left out keeps it.
 */
export const dropUncovered = ({ reader }: { readonly reader?: Who } = {}): Script => ({
  view: (log, { name }) => {
    const isCovered = coveredBy(log)
    const hasSnapshot = log.some(({ envelope }) => envelope.type === 'snapshot')
    return isAmong(name, reader) && hasSnapshot
      ? log.filter(({ envelope }) => envelope.type === 'snapshot' || isCovered(envelope))
      : log
  },
})

/**
 * Takes pushes, acknowledges them, and shows them to nobody: as a relay that stores nothing.
 * The author should raise `withheld` or `rollback` when its own acknowledged edits are gone on the next connection, and
 * write them again; others when they hear of its head.
 */
export const pretendToStore = ({ from }: { readonly from?: Who } = {}): Script => {
  const lengthOf = lengthAtFirst()
  return {
    view: (log, to) => {
      const end = lengthOf(log, to)
      const isShown = (entry: Entry): boolean =>
        entry.connection === to.connection || !isAmong(entry.from, from)
      return log.filter((entry, i) => i < end || isShown(entry))
    },
  }
}
