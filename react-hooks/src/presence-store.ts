/** The states of all others in an Awareness, as an external store. */
import type { Awareness } from 'sealsync/yjs'

/** Another client, and what it shows. Frozen, and the same object until it shows something else. */
export interface PresentClient {
  readonly clientId: number
  readonly state: Readonly<Record<string, unknown>>
}

export interface PresenceStore {
  /** Returns how to stop listening. */
  subscribe(onChange: () => void): () => void
  /** Frozen, and the same list until somebody shows something else. */
  getSnapshot(): readonly PresentClient[]
}

/** What a server shows, and a page without a provider. */
export const NOBODY: readonly PresentClient[] = Object.freeze([])

interface Entry {
  readonly clock: number
  readonly json: string
  readonly client: PresentClient
}

// By awareness, so that all components share one; it goes with the awareness.
const stores = new WeakMap<Awareness, PresenceStore>()

export const presenceStoreOf = (awareness: Awareness): PresenceStore => {
  const store = stores.get(awareness) ?? createPresenceStore(awareness)
  stores.set(awareness, store)
  return store
}

const createPresenceStore = (awareness: Awareness): PresenceStore => {
  const listeners = new Set<() => void>()
  let entries: ReadonlyMap<number, Entry> = new Map()
  let shown = NOBODY
  let isScheduled = false

  /** Looks at clocks, not at states: editors change theirs in place. */
  const look = (): void => {
    const next = new Map<number, Entry>()
    for (const [clientId, state] of awareness.states) {
      if (clientId === awareness.clientID) continue
      const clock = awareness.meta.get(clientId)?.clock ?? 0
      next.set(clientId, entryOf(clientId, clock, state, entries.get(clientId)))
    }
    const clients = [...next.values()].map(({ client }) => client)
    const isSame = clients.length === shown.length && clients.every((client, i) => client === shown[i])
    entries = next
    if (!isSame) shown = Object.freeze(clients)
  }

  const onUpdate = (): void => {
    if (isScheduled) return
    isScheduled = true
    onNextFrame(() => {
      isScheduled = false
      const before = shown
      look()
      if (before !== shown) for (const listener of [...listeners]) listener()
    })
  }

  return {
    subscribe: (onChange) => {
      // Wrapped, because two components may pass the same function.
      const listener = (): void => onChange()
      if (listeners.size === 0) awareness.on('update', onUpdate)
      listeners.add(listener)
      look()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) awareness.off('update', onUpdate)
      }
    },
    getSnapshot: () => {
      // While nobody listens nobody tells either.
      if (listeners.size === 0) look()
      return shown
    },
  }
}

const entryOf = (clientId: number, clock: number, state: object, before: Entry | undefined): Entry => {
  if (before?.clock === clock) return before
  const json = JSON.stringify(state)
  // States are renewed every 15 s without having changed.
  if (before?.json === json) return { ...before, clock }
  const copy: Readonly<Record<string, unknown>> = JSON.parse(json, (_, value) => Object.freeze(value))
  return { clock, json, client: Object.freeze({ clientId, state: copy }) }
}

const onNextFrame = (run: () => void): void => {
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(run)
  else queueMicrotask(run)
}
