/**
 * Any storage adapter of automerge-repo, sealed: what it wraps sees neither values nor the names of keys.
 * The format is in docs/protocol.md, "Storage at rest".
 */
import type { Chunk, StorageAdapterInterface, StorageKey } from '@automerge/automerge-repo/slim'
import { openAtRest } from '../client/at-rest.ts'
import { createEmitter, type Emitter } from '../client/emitter.ts'
import { checkOptions } from '../client/options.ts'
import type { Secret } from '../client/secret.ts'
import type { AtRest, Entry } from '../keys/at-rest.ts'

const DOOR = 'EncryptedStorageAdapter'

/** A storage adapter as automerge-repo takes it; from 2.6 on some of them can be closed. */
export type InnerStorage = StorageAdapterInterface & { close?(): void | Promise<void> }

export interface EncryptedStorageOptions {
  /**
   * The text of `generateSecret()` or ≥ 32 random bytes, or a promise or function that gives one; until it is there,
   * all operations wait. It may also be the secret of documents: the keys made from it here have nothing in common
   * with theirs. Another secret is another store: what was kept with the first stays where it is, and is not seen.
   */
  readonly secret: Secret
  /**
   * Called with the stored (masked) key of each entry that was found and left out because it does not open: damaged,
   * cut off, moved there from another key, or not sealed by this adapter. It is never deleted;
   * `inner.remove(storedKey)` does that.
   */
  readonly onUnreadable?: (storedKey: StorageKey) => void
}

interface Events {
  readonly unreadable: StorageKey
}

/**
 * Wraps a storage adapter for automerge-repo, so that all it keeps is encrypted at rest: document contents, document
 * ids, the names of keys, sync states and the storage id. Works with automerge-repo 2.5 and 2.6.
 *
 * ```ts
 * const storage = new EncryptedStorageAdapter(new IndexedDBStorageAdapter(), { secret })
 * const repo = new Repo({ storage })
 * ```
 *
 * Each component of a key becomes 32 characters of lower-case hex. Each value grows by 42 bytes, its key in UTF-8, and
 * one byte per component (more from 128 bytes on). Whoever has the storage still sees how many entries there are, their
 * sizes, which share a prefix, and when they change. It is not noticed when an entry is taken away or put back to what it
 * was before. What the wrapped adapter held before it was wrapped is not converted: it stays, and is not seen.
 *
 * An entry that does not open counts as missing, is reported to `onUnreadable`, and stays where it is: what is left of
 * its document still loads, and is whole again when the entry is. Errors of the wrapped adapter pass through.
 * A secret that is there and wrong throws a `TypeError` here; one that comes later and is wrong, or that cannot be
 * fetched, rejects every operation with the reason.
 */
export class EncryptedStorageAdapter implements StorageAdapterInterface {
  readonly #inner: InnerStorage
  readonly #atRest: Promise<AtRest>
  /** Operations that have begun: they end before the keys do. */
  readonly #running = new Set<Promise<unknown>>()
  readonly #events: Emitter<Events> = createEmitter<Events>(['unreadable'])

  constructor(inner: InnerStorage, options: EncryptedStorageOptions) {
    if (typeof inner?.loadRange !== 'function') {
      throw new TypeError(`${DOOR}: pass the storage adapter to wrap first, then { secret }`)
    }
    checkOptions(DOOR, options, ['secret', 'onUnreadable'])
    const { secret, onUnreadable } = options
    this.#inner = inner
    this.#atRest = openAtRest(secret)
    // Each operation rejects with it; by itself it must not end a process that has not asked for anything yet.
    this.#atRest.catch(() => undefined)
    if (onUnreadable !== undefined) this.#events.on('unreadable', onUnreadable)
  }

  /** The value of `key`; `undefined` when there is none, or none that opens. */
  load(key: StorageKey): Promise<Uint8Array | undefined> {
    return this.#run(async (atRest) => {
      const masked = atRest.mask(key)
      const sealed = await this.#inner.load(masked)
      return sealed === undefined ? undefined : this.#open(atRest, masked, sealed)?.data
    })
  }

  save(key: StorageKey, data: Uint8Array): Promise<void> {
    return this.#run((atRest) => {
      const { masked, sealed } = atRest.seal(key, data)
      return this.#inner.save(masked, sealed)
    })
  }

  remove(key: StorageKey): Promise<void> {
    return this.#run((atRest) => this.#inner.remove(atRest.mask(key)))
  }

  /** All entries below `keyPrefix` that open, with their true keys, in the order of the wrapped adapter. */
  loadRange(keyPrefix: StorageKey): Promise<Chunk[]> {
    return this.#run(async (atRest) => {
      const prefix = atRest.mask(keyPrefix)
      const entries: Entry[] = []
      for (const { key: masked, data: sealed } of await this.#inner.loadRange(prefix)) {
        if (sealed === undefined) continue
        // automerge-repo takes whatever a range holds for part of the document: a sealed entry of another must not pass.
        const entry = this.#open(atRest, masked, sealed, prefix)
        if (entry !== undefined) entries.push(entry)
      }
      return entries
    })
  }

  removeRange(keyPrefix: StorageKey): Promise<void> {
    return this.#run((atRest) => this.#inner.removeRange(atRest.mask(keyPrefix)))
  }

  /**
   * Closes the wrapped adapter, if it can be closed. Operations that have begun still end; then the keys are overwritten,
   * and all others reject.
   */
  async close(): Promise<void> {
    // Not awaited: a secret that never comes must not keep a repo from shutting down.
    this.#atRest.then(
      async (atRest) => {
        await Promise.allSettled(this.#running)
        atRest.wipe()
      },
      () => undefined,
    )
    await this.#inner.close?.()
  }

  async #run<Result>(work: (atRest: AtRest) => Promise<Result>): Promise<Result> {
    const running = this.#atRest.then(work)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  #open(
    atRest: AtRest,
    masked: StorageKey,
    sealed: Uint8Array,
    prefix: StorageKey = masked,
  ): Entry | undefined {
    const isAsked = prefix.every((name, i) => name === masked[i])
    const entry = isAsked ? atRest.open(masked, sealed) : undefined
    if (entry === undefined) this.#events.emit('unreadable', masked)
    return entry
  }
}
