/** Wrong snapshots. That of a *writer* which covers more than it holds is made by `createEvilWriter`. */
import type { Entry } from '../relay-log.ts'
import { isAmong, perEntry, type Script, type Who, withEnvelope } from '../script.ts'
import { rebuilt } from './forgery.ts'

const isSnapshot = ({ envelope }: Entry): boolean => envelope.type === 'snapshot'

/**
 * Shows only the first `keep` snapshots and hides the later ones, with all that was stored behind the first hidden one if
 * `tail` is false.
 * A client with state should raise `rollback` or `withheld` when what it is given stands below what it has seen. Without
 * `tail` a client without state cannot know.
 */
export const staleSnapshot = ({
  keep = 1,
  tail = true,
  reader,
}: {
  readonly keep?: number
  readonly tail?: boolean
  readonly reader?: Who
} = {}): Script => ({
  view: (log, { name }) => {
    const hidden = log.filter(isSnapshot).slice(keep)
    const end = tail || hidden[0] === undefined ? log.length : log.indexOf(hidden[0])
    return isAmong(name, reader) ? log.slice(0, end).filter((entry) => !hidden.includes(entry)) : log
  },
})

/**
 * Shows the last two snapshots in each other's place.
 * The client should never go back behind what it has settled; one without state may load slower, and must still end with
 * everything that it is shown.
 */
export const swapSnapshots = ({ reader }: { readonly reader?: Who } = {}): Script => ({
  view: (log, { name }) => {
    const [one, other] = log.filter(isSnapshot).slice(-2)
    if (!isAmong(name, reader) || one === undefined || other === undefined) return log
    return log.map((entry) => (entry === one ? other : entry === other ? one : entry))
  },
})

/**
 * Shows every snapshot with the second half of its ciphertext cut off.
 * The client should not apply it, and raise `forged`.
 */
export const truncateSnapshots = ({ reader }: { readonly reader?: Who } = {}): Script => {
  const halved = perEntry((entry) => {
    const { envelope } = entry
    const half = Math.max(16, Math.floor(envelope.ciphertext.length / 2))
    return withEnvelope(entry, rebuilt(envelope, { ciphertext: envelope.ciphertext.slice(0, half) }))
  })
  return {
    view: (log, { name }) =>
      isAmong(name, reader) ? log.map((entry) => (isSnapshot(entry) ? halved(entry) : entry)) : log,
  }
}
