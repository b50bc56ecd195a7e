/**
 * Where a client keeps documents between runs. What is kept are sealed envelopes and locally sealed notes, so the
 * copy on disk is encrypted without further ado. Implementations: memory, IndexedDB, files; one acceptance suite.
 */
export interface Change {
  /** ASCII, ≤ 200 characters, from `[a-zA-Z0-9/_-]`. */
  readonly key: string
  /** The new value, or `undefined` to delete the key. */
  readonly value: Uint8Array | undefined
}

export interface Storage {
  /** All entries of one document whose key begins with `prefix`; a consistent view, values are copies. */
  load(docId: string, prefix?: string): Promise<ReadonlyMap<string, Uint8Array>>
  /**
   * Applies all changes or none, in the order of calls; resolves once they would survive a crash.
   * Rejects when they cannot be stored (quota, disk): then none of them is.
   */
  write(docId: string, changes: readonly Change[]): Promise<void>
  /** Forgets one document. */
  clear(docId: string): Promise<void>
  /**
   * Takes a lock that at most one holder in all tabs or processes of this storage has; it ends with its holder.
   * `undefined` when somebody else has it. The result gives it back; calling it twice does nothing.
   */
  lock(name: string): Promise<(() => void) | undefined>
}
