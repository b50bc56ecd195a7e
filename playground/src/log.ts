/** The last few of something that happens outside of React, as an external store. */
export interface Log<T> {
  readonly push: (entry: T) => void
  readonly subscribe: (listener: () => void) => () => void
  /** Oldest first; the same array until something was pushed. */
  readonly getSnapshot: () => readonly T[]
}

export const createLog = <T>(limit: number): Log<T> => {
  const listeners = new Set<() => void>()
  let entries: readonly T[] = []
  return {
    push: (entry) => {
      entries = [...entries, entry].slice(-limit)
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => entries,
  }
}
