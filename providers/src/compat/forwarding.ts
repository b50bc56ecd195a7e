/** Hands on the events that need no translation, from the first listener to the last: some cost work while one listens. */

/** To be called with an event's name after its listeners have changed. */
export const createForwarding = <Name extends string>(deps: {
  readonly isHeard: (name: Name) => boolean
  /** Begins to hand on; the result ends it. */
  readonly start: (name: Name) => () => void
}): ((name: Name) => void) => {
  const stops = new Map<Name, () => void>()
  return (name) => {
    const stop = stops.get(name)
    if (deps.isHeard(name) === (stop !== undefined)) return
    stop?.()
    if (stop === undefined) stops.set(name, deps.start(name))
    else stops.delete(name)
  }
}
