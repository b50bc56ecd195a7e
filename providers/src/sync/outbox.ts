/**
 * What this client has written and the relay has not acknowledged. An entry is *loose* until it is first sent; then it
 * has a place in a chain, and its bytes never change. When a session ends, what it did not get acknowledged becomes
 * loose again, at the front and in order. Nothing leaves but by acknowledgement.
 */
import { equalBytes, toHex, type Update } from '../protocol/index.ts'
import type { Content } from './content.ts'
import type { StorageChange } from './effects.ts'
import { encodePlainEntry, encodeSealedEntry, outboxKey } from './keep.ts'
import type { Vault } from './vault.ts'

export interface Entry {
  readonly number: number
  readonly content: Content
  /** How many edits of the app it holds. */
  readonly edits: number
  /** CRDT author ids that this entry is the first to use. */
  readonly claims: readonly Uint8Array[]
  readonly update: Update | undefined
}

export interface SealedEntry extends Entry {
  readonly update: Update
}

export interface Outbox {
  add(content: Content, claims: readonly Uint8Array[], edits?: number): void
  loose(): readonly Entry[]
  sealed(): readonly SealedEntry[]
  /** Replaces the given loose entries by one sealed entry. */
  seal(entries: readonly Entry[], content: Content, update: Update): void
  find(envelopeId: Uint8Array): SealedEntry | undefined
  /** Takes an acknowledged entry out. */
  remove(entry: SealedEntry): void
  /** Back to loose, in order, in front of everything loose. */
  loosen(entries: readonly SealedEntry[]): void
  /**
   * Puts `contents` in the place of everything loose; with none it is gone: the relay has all of it. Gives the claims
   * that are left over.
   */
  replaceLoose(contents: readonly Content[]): readonly Uint8Array[]
  edits(): number
  /** What storage must be told since the last call. */
  changes(): readonly StorageChange[]
}

export const createOutbox = (vault: Vault, owner: string): Outbox => {
  let loose: Entry[] = []
  let sealed: SealedEntry[] = []
  const byId = new Map<string, SealedEntry>()
  // Sorted by number, storage gives entries back in the order of their making; loosened entries need lower ones.
  let next = 500_000_000_000
  let front = next
  const touched = new Map<number, Entry | undefined>()

  return {
    add: (content, claims, edits = 1) => {
      const entry: Entry = { number: next++, content, edits, claims, update: undefined }
      loose.push(entry)
      touched.set(entry.number, entry)
    },
    loose: () => loose,
    sealed: () => sealed,
    seal: (entries, content, update) => {
      const first = entries[0]
      if (first === undefined) return
      const entry: SealedEntry = {
        number: first.number,
        content,
        edits: entries.reduce((sum, { edits }) => sum + edits, 0),
        claims: entries.flatMap(({ claims }) => claims),
        update,
      }
      const replaced = new Set(entries)
      loose = loose.filter((candidate) => !replaced.has(candidate))
      sealed.push(entry)
      byId.set(toHex(update.id), entry)
      for (const { number } of entries) touched.set(number, undefined)
      touched.set(entry.number, entry)
    },
    find: (envelopeId) => (byId.size === 0 ? undefined : byId.get(toHex(envelopeId))),
    remove: (entry) => {
      sealed = sealed.filter((candidate) => candidate !== entry)
      byId.delete(toHex(entry.update.id))
      touched.set(entry.number, undefined)
    },
    loosen: (entries) => {
      const back = new Set<Entry>(entries)
      sealed = sealed.filter((candidate) => !back.has(candidate))
      front -= entries.length
      const renumbered = entries.map((entry, i): Entry => {
        byId.delete(toHex(entry.update.id))
        touched.set(entry.number, undefined)
        return { ...entry, number: front + i, update: undefined }
      })
      for (const entry of renumbered) touched.set(entry.number, entry)
      loose = [...renumbered, ...loose]
    },
    replaceLoose: (contents) => {
      const replaced = loose
      for (const { number } of replaced) touched.set(number, undefined)
      const claims = replaced.flatMap((entry) => entry.claims)
      const edits = replaced.reduce((sum, entry) => sum + entry.edits, 0)
      // The first piece stands for all that was counted, and is the first to use what was claimed.
      loose = contents.map(
        (content, i): Entry => ({
          number: next++,
          content,
          edits: i === 0 ? Math.max(1, edits) : 1,
          claims: i === 0 ? claims : [],
          update: undefined,
        }),
      )
      for (const entry of loose) touched.set(entry.number, entry)
      return contents.length === 0 ? claims : []
    },
    edits: () => [...loose, ...sealed].reduce((sum, entry) => sum + entry.edits, 0),
    changes: () => {
      const changes = [...touched].map(([number, entry]): StorageChange => {
        const key = outboxKey(owner, number)
        if (entry === undefined) return { key, value: undefined }
        if (entry.update !== undefined) return { key, value: encodeSealedEntry(entry.update) }
        return { key, value: encodePlainEntry(entry.content, entry.claims, vault) }
      })
      touched.clear()
      return changes
    },
  }
}

/** The sealed entries of one session, in chain order, from `seq` on. */
export const ofSession = (
  entries: readonly SealedEntry[],
  session: Uint8Array,
  seq: number,
): readonly SealedEntry[] =>
  entries.filter(({ update }) => equalBytes(update.session, session) && update.seq >= seq)
