/** What must be true of a world of Repos once it has healed. */
import { init, loadIncremental } from '@automerge/automerge'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { FuzzDevice } from './fuzz-device.ts'
import type { FuzzDoc } from './fuzz-repos.ts'
import type { FuzzTab } from './fuzz-tab.ts'

/** In the last of which nothing may be said any more, ms. */
const SILENCE_MS = 40_000

/** By document: names of the edits that must be there in the end, and why. */
export type Names = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Objects show their keys in the order in which they came. */
const textOf = ({ seen, map, list, text }: FuzzDoc): string => {
  const sorted = (entries: object): unknown => Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([sorted(seen), sorted(map), list, text])
}

const onDisk = ({ disk }: FuzzDevice, documentId: string): readonly string[] => {
  let doc = init<FuzzDoc>()
  const chunks = [
    ...(disk?.values(documentId, 'snapshot') ?? []),
    ...(disk?.values(documentId, 'incremental') ?? []),
  ]
  if (chunks.length === 0) return []
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  doc = loadIncremental(doc, joined)
  return Object.keys(doc.seen ?? {})
}

/** `forgets`: the relay loses what it called saved, so that only those who keep it themselves can give it back. */
export const mustSurvive = (devices: readonly FuzzDevice[], forgets: boolean): Names => {
  const names = new Map<string, Map<string, string>>()
  const add = (url: string, edits: Iterable<string>, why: string): void => {
    const known = names.get(url) ?? new Map<string, string>()
    names.set(url, known)
    for (const edit of edits) known.set(edit, known.get(edit) ?? why)
  }
  for (const device of devices) {
    for (const tab of device.tabs) {
      for (const [url, handle] of tab.handles) {
        if (tab.isAlive() && handle.isReady())
          add(url, Object.keys(handle.doc().seen ?? {}), `in ${tab.name}`)
        add(url, onDisk(device, handle.documentId), `on the disk of ${device.name}`)
      }
      if (forgets && device.storage === undefined) continue
      for (const [edit, { url, by }] of tab.saved) add(url, [edit], `called saved in ${tab.name} by ${by}`)
    }
  }
  return names
}

export const judge = async (options: {
  readonly clock: Clock
  readonly devices: readonly FuzzDevice[]
  readonly urls: readonly string[]
  readonly names: Names
  readonly isEvil: boolean
  readonly isCrowded: boolean
  /** The relay went back behind what it had delivered, under the same log id: whoever says so is right. */
  readonly isRaw: boolean
  readonly edit: (tab: FuzzTab | undefined, url: string) => void
  readonly stranger: () => FuzzTab
  readonly fail: (error: string) => void
}): Promise<void> => {
  const { clock, devices, urls, names, isEvil, isCrowded, isRaw, edit, stranger, fail } = options
  const tabs = devices.flatMap((device) => device.living())
  const check = (present: readonly FuzzTab[]): void => {
    for (const [i, url] of urls.entries()) {
      const reference = present[0]?.handles.get(url)
      for (const tab of present) {
        const name = `${tab.name} document ${i}`
        const handle = tab.handles.get(url)
        if (handle?.isReady() !== true) {
          fail(`${name}: not there`)
          continue
        }
        const status = tab.adapter.documentStatus(handle.documentId)
        if (status?.unsyncedChanges !== 0 || status.syncStatus !== 'saved')
          fail(`${name}: ${status?.syncStatus} ${status?.unsyncedChanges} ${status?.reason ?? ''}`)
        const heads = handle.heads().join()
        if (heads !== reference?.heads().join()) fail(`${name}: other heads than ${present[0]?.name}`)
        if (reference === undefined || textOf(handle.doc()) !== textOf(reference.doc()))
          fail(`${name}: other content than ${present[0]?.name}`)
        const relayHeads = handle.relayHeads(tab.adapter.relayStorageId)?.join()
        if (relayHeads !== heads) fail(`${name}: getSyncInfo says ${relayHeads}, not ${heads}`)
        const { seen } = handle.doc()
        for (const [edit, why] of names.get(url) ?? [])
          if (seen[edit] !== true) fail(`${name}: lost ${edit}, ${why}`)
      }
    }
  }

  const speech = (): string =>
    tabs.map((tab) => `${tab.name} ${tab.network.frames()}/${tab.messages()}`).join()
  const before = speech()
  await clock.runUntil(clock.now() + SILENCE_MS)
  const after = speech()
  if (before !== after) fail(`not silent (frames/messages): ${before} → ${after}`)
  check(tabs)

  for (const device of devices) {
    for (const tab of device.tabs) {
      for (const alarm of tab.alarms) {
        if (!isEvil && !(isRaw && /^(rollback|withheld):/.test(alarm)))
          fail(`${tab.name}: false alarm ${alarm}`)
      }
      // Linked tabs pass on what they hear, under a count for each peer: who hears both cannot tell that it is one.
      const single = devices.filter((one) => one.tabs.length === 1).flatMap((one) => one.tabs)
      const last = new Map<string, number>()
      for (const message of tab.heard) {
        const [sender = '', url = '', count = ''] = message.split(' ')
        const run = `${sender} ${url}`
        if (single.some((one) => one.name === sender) && Number(count) <= (last.get(run) ?? 0))
          fail(`${tab.name}: heard ${message} twice or out of order`)
        if (sender === tab.name) fail(`${tab.name}: heard itself`)
        last.set(run, Number(count))
      }
    }
  }

  const cold = stranger()
  await clock.runUntil(clock.now() + 15_000)
  check([...tabs, cold])

  for (const url of urls) edit(tabs[0], url)
  await clock.runUntil(clock.now() + 5_000)
  const ids = urls.flatMap((url) => tabs[0]?.handles.get(url)?.documentId ?? [])
  const taken = ids.map((id) => tabs[0]?.adapter.compact(id))
  const made: boolean[] = []
  for (const one of taken) void one?.then((isTaken) => made.push(isTaken))
  // What an evil writer left out never comes: a snapshot is then made after a minute's wait.
  await clock.runUntil(clock.now() + (isEvil ? 100_000 : 20_000))
  // In a crowd somebody else may just have made one.
  if (made.length !== ids.length || (made.includes(false) && !isCrowded))
    fail(`no snapshot can be made: ${made} of ${ids.length}`)
  const late = stranger()
  await clock.runUntil(clock.now() + 15_000)
  check([...tabs, cold, late])
}
