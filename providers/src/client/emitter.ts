/** Events for the app. A listener that throws stops neither the others nor what happens here. */
type Listener<Value> = (value: Value) => void

export interface Emitter<Events> {
  /** Returns how to stop listening; calling that twice does nothing. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void
  clear(): void
}

export const createEmitter = <Events>(names: readonly (keyof Events & string)[]): Emitter<Events> => {
  let listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {}
  return {
    on: (name, listener) => {
      if (!names.some((known) => known === name)) {
        throw new TypeError(`there is no event "${String(name)}"; known: ${names.join(', ')}`)
      }
      // Wrapped, so that one function can listen twice and stop once.
      const entry: typeof listener = (value) => listener(value)
      const set = listeners[name] ?? new Set()
      listeners[name] = set
      set.add(entry)
      return () => {
        set.delete(entry)
      }
    },
    emit: (name, value) => {
      for (const listener of [...(listeners[name] ?? [])]) {
        try {
          listener(value)
        } catch (error) {
          // To where uncaught errors go, as with any event target.
          queueMicrotask(() => {
            throw error
          })
        }
      }
    },
    clear: () => {
      listeners = {}
    },
  }
}
