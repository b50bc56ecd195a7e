/** What became of one tab's edits, by their ids. */
export interface Book {
  /** Made by the app, and not yet handed over by the document: nobody knows of them. */
  readonly unspoken: ReadonlySet<string>
  /** Called saved, by the session or the document. */
  readonly saved: ReadonlySet<string>
  /** Written to the disk. */
  readonly onDisk: ReadonlySet<string>
}

export interface BookKeeper extends Book {
  made(id: string): void
  /** The session is being told of them now. */
  told(ids: readonly string[]): void
  /** The session says that nothing is pending. */
  nothingPending(): void
  /** The document says that these are saved. */
  calledSaved(ids: readonly string[]): void
  /** All that was told goes to the disk with this ticket, or has gone with an earlier one. */
  writing(ticket: number): void
  wrote(ticket: number, succeeded: boolean): void
}

/** `keep`: there is a disk. */
export const createBook = (keep: boolean): BookKeeper => {
  const unspoken = new Set<string>()
  const unsaved = new Set<string>()
  const saved = new Set<string>()
  /** With the ticket of their write, if it has begun. */
  const unwritten = new Map<string, number | undefined>()
  const onDisk = new Set<string>()
  return {
    unspoken,
    saved,
    onDisk,
    made: (id) => {
      unspoken.add(id)
    },
    told: (ids) => {
      for (const id of ids) {
        unspoken.delete(id)
        unsaved.add(id)
        if (keep) unwritten.set(id, undefined)
      }
    },
    nothingPending: () => {
      for (const id of unsaved) saved.add(id)
      unsaved.clear()
    },
    calledSaved: (ids) => {
      for (const id of ids) saved.add(id)
    },
    writing: (ticket) => {
      for (const [id, at] of unwritten) if (at === undefined) unwritten.set(id, ticket)
    },
    wrote: (ticket, succeeded) => {
      for (const [id, at] of unwritten) {
        if (succeeded && at !== undefined && at <= ticket) {
          onDisk.add(id)
          unwritten.delete(id)
        } else if (!succeeded && at === ticket) unwritten.set(id, undefined)
      }
    },
  }
}
