/** Another past: logs that were set back, and logs that part. */
import { toHex } from '../../bytes.ts'
import type { Entry } from '../relay-log.ts'
import { isAmong, type Reader, type Script, type Who } from '../script.ts'

/**
 * Sets every document back to an earlier version and goes on from there, under the same log id: what was acknowledged
 * after it is gone. All connections end.
 * The client should raise `rollback`, keep what it holds, and write again what the log has lost. One that has no state
 * cannot know.
 */
export const rollBack = ({ to }: { readonly to: number }): Script => ({
  begin: (relay) => relay.setBack(to, 'same'),
})

/**
 * The same under a new log id: what an honest operator does with a backup, and what a liar does to pass for one.
 * The client should take it for another log and write again what that lacks.
 */
export const restoreBackup = ({ to }: { readonly to: number }): Script => ({
  begin: (relay) => relay.setBack(to, 'new'),
})

/**
 * Parts the readers in two groups, `group` and all others. From now on each has a log of its own, with the past in
 * common, and sees nothing of what the other writes.
 * The client should raise `fork` as soon as it hears of anything from the other side: of a head, in presence or in an
 * envelope, that its log does not have. While the sides are kept apart entirely, nobody can know.
 */
export const fork = ({
  group,
  presence = false,
  leak = () => false,
}: {
  readonly group: Who
  /** Whether the two sides still see each other's presence. */
  readonly presence?: boolean
  /** Which entries of the one side the other is shown after all. */
  readonly leak?: (entry: Entry) => boolean
}): Script => {
  const sideOf = ({ name }: Reader): string => (isAmong(name, group) ? 'one' : 'other')
  const logs = new Map<string, readonly Entry[]>()
  const leaked = new Map<string, { readonly entry: Entry; readonly at: number }[]>()
  return {
    branch: sideOf,
    meets: (reader, other) => presence || sideOf(reader) === sideOf(other),
    view: (log, reader) => {
      const [here, there] = [sideOf(reader), sideOf(reader) === 'one' ? 'other' : 'one']
      const key = (side: string) => `${reader.document} ${side}`
      logs.set(key(here), log)
      const known = new Set(log.map(({ envelope }) => toHex(envelope.id)))
      const inserted = leaked.get(key(here)) ?? []
      leaked.set(key(here), inserted)
      for (const { entry } of inserted) known.add(toHex(entry.envelope.id))
      for (const entry of logs.get(key(there)) ?? [])
        if (!known.has(toHex(entry.envelope.id)) && leak(entry)) inserted.push({ entry, at: log.length })
      const leaksAt = (at: number) => inserted.filter((one) => one.at === at).map(({ entry }) => entry)
      return [...leaksAt(0), ...log.flatMap((entry, i) => [entry, ...leaksAt(i + 1)])]
    },
  }
}
