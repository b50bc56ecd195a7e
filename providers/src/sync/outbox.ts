/**
 * What this client has written and the relay has not acknowledged. An entry is *loose* until it is first sent; then it
 * has a place in a chain, and its bytes never change. When a session ends, what it did not get acknowledged becomes
 * loose again, at the front and in order. Nothing leaves but by acknowledgement.
 *
 * Loose entries that make a portion are merged when the next one comes, so that a long time offline is not one entry
 * for each keystroke. What several entries become has the number of the last of them: whoever has read that number
 * before has then read all of them, and may delete it (another tab that adopts; client/adoption.ts).
 */
import { equalBytes, toHex, type Update } from '../protocol/index.ts'
import type { Content } from './content.ts'
import type { Codec, StorageChange } from './effects.ts'
import { encodePlainEntry, encodeSealedEntry, outboxKey } from './keep.ts'
import { createPortion, MAX_CLAIMS, PORTION_EDITS } from './portion.ts'
import type { Vault } from './vault.ts'

export interface Entry {
  readonly number: number
  readonly content: Content
  /** How many edits of the app it holds. */
  readonly edits: number
  /** CRDT author ids that this entry is the first to use; at most 255. */
  readonly claims: readonly Uint8Array[]
  readonly update: Update | undefined
}

export interface SealedEntry extends Entry {
  readonly update: Update
}

export interface Outbox {
  add(content: Content, claims: readonly Uint8Array[], edits?: number): void
  /** In the order of their making. */
  loose(): readonly Entry[]
  /** The first loose ones, as many as become one envelope. */
  portion(): readonly Entry[]
  /** In the order of their sealing. */
  sealed(): readonly SealedEntry[]
  /** Replaces the given entries, the first loose ones, by one sealed entry. */
  seal(entries: readonly Entry[], content: Content, update: Update): void
  find(envelopeId: Uint8Array): SealedEntry | undefined
  /** Takes an acknowledged entry out. */
  remove(entry: SealedEntry): void
  /** Back to loose, in order, in front of everything loose. */
  loosen(entries: readonly SealedEntry[]): void
  /**
   * Puts `contents` in the place of everything loose; with none it is gone: the relay has all of it. They make its claims
   * and `more`; gives those that are left over.
   */
  replaceLoose(contents: readonly Content[], more: readonly Uint8Array[]): readonly Uint8Array[]
  /** How many edits all of it holds. */
  edits(): number
  /** What storage must be told since the last call. */
  changes(): readonly StorageChange[]
}

export const createOutbox = (deps: {
  readonly vault: Vault
  readonly owner: string
  readonly codec: Codec
  /** How many edits become one entry. */
  readonly mostEdits?: number | undefined
}): Outbox => {
  const { vault, owner, codec, mostEdits = PORTION_EDITS } = deps
  const emptyPortion = () => createPortion<Entry>(mostEdits, codec.encodings)
  let loose: Entry[] = []
  /** The last of the loose ones, not merged yet. */
  let open = emptyPortion()
  /** By envelope id, in the order of their sealing. */
  const sealed = new Map<string, SealedEntry>()
  let listed: readonly SealedEntry[] | undefined
  let edits = 0
  // Sorted by number, storage gives entries back in the order of their making; loosened entries need lower ones.
  let next = 500_000_000_000
  let front = next
  const touched = new Map<number, Entry | undefined>()

  const put = (entry: Entry): void => {
    touched.set(entry.number, entry)
  }

  /** Replaces the loose entries that end before this index by one. */
  const merge = (entries: readonly Entry[], end: number): void => {
    const last = entries.at(-1)
    if (last === undefined || entries.length === 1) return
    const content = codec.merge(entries.map((entry) => entry.content))
    const merged: Entry = { ...sum(entries), number: last.number, content, update: undefined }
    loose.splice(end - entries.length, entries.length, merged)
    for (const { number } of entries) touched.set(number, undefined)
    put(merged)
  }

  const dropSealed = (entry: SealedEntry): void => {
    sealed.delete(toHex(entry.update.id))
    touched.set(entry.number, undefined)
    listed = undefined
  }

  return {
    add: (content, claims, count = 1) => {
      const entry: Entry = { number: next++, content, edits: count, claims, update: undefined }
      edits += count
      put(entry)
      loose.push(entry)
      if (!open.take(entry)) {
        const { entries } = open
        open = emptyPortion()
        open.take(entry)
        merge(entries, loose.length - 1)
      }
      if (!open.isFull()) return
      const { entries } = open
      open = emptyPortion()
      merge(entries, loose.length)
    },
    loose: () => loose,
    portion: () => {
      const portion = emptyPortion()
      for (const entry of loose) if (!portion.take(entry)) break
      return portion.entries
    },
    sealed: () => {
      listed ??= [...sealed.values()]
      return listed
    },
    seal: (entries, content, update) => {
      const last = entries.at(-1)
      if (last === undefined) return
      const entry: SealedEntry = { ...sum(entries), number: last.number, content, update }
      const rest = loose.slice(entries.length)
      if (open.entries.length > rest.length) {
        open = emptyPortion()
        for (const one of rest) open.take(one)
      }
      loose = rest
      for (const { number } of entries) touched.set(number, undefined)
      put(entry)
      sealed.set(toHex(update.id), entry)
      listed = undefined
    },
    find: (envelopeId) => (sealed.size === 0 ? undefined : sealed.get(toHex(envelopeId))),
    remove: (entry) => {
      if (sealed.get(toHex(entry.update.id)) !== entry) return
      dropSealed(entry)
      edits -= entry.edits
    },
    loosen: (entries) => {
      for (const entry of entries) dropSealed(entry)
      front -= entries.length
      const renumbered = entries.map(
        (entry, i): Entry => ({ ...entry, number: front + i, update: undefined }),
      )
      for (const entry of renumbered) put(entry)
      loose = [...renumbered, ...loose]
    },
    replaceLoose: (contents, more) => {
      for (const { number } of loose) touched.set(number, undefined)
      const claims = [...loose.flatMap((entry) => entry.claims), ...more]
      const counted = sumOfEdits(loose)
      // The first piece stands for all that was counted, and is the first to use what was claimed.
      loose = contents.map(
        (content, i): Entry => ({
          number: next++,
          content,
          edits: i === 0 ? Math.max(1, counted) : 1,
          claims: i === 0 ? claims.slice(0, MAX_CLAIMS) : [],
          update: undefined,
        }),
      )
      open = emptyPortion()
      edits += sumOfEdits(loose) - counted
      for (const entry of loose) put(entry)
      return contents.length === 0 ? claims : claims.slice(MAX_CLAIMS)
    },
    edits: () => edits,
    changes: () => {
      const changes = [...touched].map(([number, entry]): StorageChange => {
        const key = outboxKey(owner, number)
        if (entry === undefined) return { key, value: undefined }
        if (entry.update !== undefined) return { key, value: encodeSealedEntry(entry.update, entry.edits) }
        return { key, value: encodePlainEntry(entry, vault) }
      })
      touched.clear()
      return changes
    },
  }
}

const sumOfEdits = (entries: readonly Entry[]): number => entries.reduce((all, { edits }) => all + edits, 0)

const sum = (entries: readonly Entry[]): Pick<Entry, 'edits' | 'claims'> => ({
  edits: sumOfEdits(entries),
  claims: entries.flatMap(({ claims }) => claims),
})

/** The sealed entries of one session, in chain order, from `seq` on. */
export const ofSession = (
  entries: readonly SealedEntry[],
  session: Uint8Array,
  seq: number,
): readonly SealedEntry[] =>
  entries.filter(({ update }) => equalBytes(update.session, session) && update.seq >= seq)
