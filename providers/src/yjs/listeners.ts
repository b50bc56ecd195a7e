/** Event listeners with the methods that providers of Yjs have: `on`, `once`, `off`, `emit(name, [arguments])`. */
type Listener<Args extends readonly unknown[]> = (...args: Args) => void

/** What an event of the map `Events` hands to its listeners. */
export interface Listeners<Events extends Record<keyof Events, readonly unknown[]>> {
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void
  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void
  /** Without `listener`: all of that name. */
  off<Name extends keyof Events>(name: Name, listener?: Listener<Events[Name]>): void
  /** A listener that throws stops neither the others nor the caller; its error goes where uncaught ones go. */
  emit<Name extends keyof Events>(name: Name, args: Events[Name]): void
  /** Whether anybody listens to it. */
  has(name: keyof Events): boolean
  clear(): void
}

export const createListeners = <
  Events extends Record<keyof Events, readonly unknown[]>,
>(): Listeners<Events> => {
  // Each listener with how to call it: a map, because the same function may not be added twice.
  type Table = { [Name in keyof Events]?: Map<Listener<Events[Name]>, Listener<Events[Name]>> }
  let table: Table = {}

  const add = <Name extends keyof Events>(
    name: Name,
    listener: Listener<Events[Name]>,
    call: Listener<Events[Name]>,
  ): void => {
    const listeners = table[name] ?? new Map()
    listeners.set(listener, call)
    table[name] = listeners
  }

  return {
    on: (name, listener) => add(name, listener, listener),
    once: (name, listener) => {
      add(name, listener, (...args) => {
        table[name]?.delete(listener)
        listener(...args)
      })
    },
    off: (name, listener) => {
      if (listener === undefined) delete table[name]
      else table[name]?.delete(listener)
    },
    emit: (name, args) => {
      for (const call of [...(table[name]?.values() ?? [])]) {
        try {
          call(...args)
        } catch (error) {
          queueMicrotask(() => {
            throw error
          })
        }
      }
    },
    has: (name) => (table[name]?.size ?? 0) > 0,
    clear: () => {
      table = {}
    },
  }
}
