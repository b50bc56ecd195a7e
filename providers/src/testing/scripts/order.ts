/** True envelopes, in the wrong order or too often. */
import type { ToClient } from '../../protocol/index.ts'
import { isAmong, type Script, type Who } from '../script.ts'

/**
 * Swaps each two neighbours of the log, as a network that overtakes itself.
 * The client should hold nothing against it: it opens again until what comes fits, and ends with everything or raises
 * `withheld`.
 */
export const reorder = ({ reader }: { readonly reader?: Who } = {}): Script => ({
  view: (log, { name }) =>
    isAmong(name, reader)
      ? // The last one waits for its neighbour, so that what was shown stays as it is.
        log.slice(0, log.length - (log.length % 2)).map((entry, i) => log[i ^ 1] ?? entry)
      : log,
})

/**
 * Shows every envelope several times in a row.
 * The client should apply each of them once, and nothing else should happen.
 */
export const duplicate = ({
  times = 2,
  reader,
}: {
  readonly times?: number
  readonly reader?: Who
} = {}): Script => ({
  view: (log, { name }) =>
    isAmong(name, reader) ? log.flatMap((entry) => Array.from({ length: times }, () => entry)) : log,
})

/**
 * Behind every third envelope shows all earlier ones once more, in the same session.
 * The client should skip what it has: nothing should change and nothing be said twice.
 */
export const replay = ({ reader }: { readonly reader?: Who } = {}): Script => ({
  view: (log, { name }) =>
    isAmong(name, reader)
      ? log.flatMap((entry, i) => (i % 3 === 2 ? [entry, ...log.slice(0, i)] : [entry]))
      : log,
})

/**
 * Repeats on every new connection, right after the document was opened, all deliveries of the connections before it.
 * The client should ignore them: they do not follow its cursor.
 */
export const replayOldRuns = ({ reader }: { readonly reader?: Who } = {}): Script => {
  const runs = new Map<string, { readonly connection: number; readonly frame: ToClient }[]>()
  return {
    outgoing: (frame, { name, document = '', connection }, say) => {
      say(frame)
      if (!isAmong(name, reader)) return
      const key = `${name} ${document}`
      const said = runs.get(key) ?? []
      runs.set(key, said)
      if (frame.type === 'deliver') said.push({ connection, frame })
      if (frame.type !== 'opened') return
      for (const one of said) if (one.connection !== connection) say(one.frame)
    },
  }
}
