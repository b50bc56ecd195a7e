import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import type { SealsyncProvider } from 'sealsync/yjs'
import { NOBODY, type PresentClient, presenceStoreOf } from './presence-store.ts'
import { isShallowEqual } from './shallow.ts'

export type { PresentClient } from './presence-store.ts'

type Provider = Pick<SealsyncProvider, 'awareness'> | null | undefined
type Others = readonly PresentClient[]
const all = (others: Others): Others => others

/** All others who are here, and what they show; renders again at most once per frame. */
export function usePresence(provider: Provider): Others
/**
 * What `select` takes of them; renders again only when that is not shallowly equal to what it was.
 *
 * @example
 * const names = usePresence(provider, (others) => others.map(({ state }) => state.name))
 */
export function usePresence<T>(provider: Provider, select: (others: Others) => T): T
export function usePresence(provider: Provider, select: (others: Others) => unknown = all): unknown {
  const awareness = provider?.awareness
  const store = useMemo(() => (awareness ? presenceStoreOf(awareness) : undefined), [awareness])
  const subscribe = useCallback((onChange: () => void) => store?.subscribe(onChange) ?? (() => {}), [store])
  const committed = useRef<{ readonly value: unknown }>(undefined)
  const [getSnapshot, getServerSnapshot] = useMemo(() => {
    let last: { readonly others: Others; readonly value: unknown } | undefined
    const take = (others: Others): unknown => {
      if (last?.others === others) return last.value
      const value = select(others)
      const before = last ?? committed.current
      last = {
        others,
        value: before !== undefined && isShallowEqual(before.value, value) ? before.value : value,
      }
      return last.value
    }
    return [() => take(store?.getSnapshot() ?? NOBODY), () => take(NOBODY)]
  }, [store, select])
  const value = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot)
  // What an inline selector, new at each render, has to be equal to.
  useEffect(() => {
    committed.current = { value }
  }, [value])
  return value
}
