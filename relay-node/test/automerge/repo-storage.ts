/** Where a Repo keeps its documents: in memory, shared by the tabs of a device. A tab that is killed writes no more. */
import type { StorageAdapterInterface } from '@automerge/automerge-repo'

type Key = string[]

export interface RepoDisk {
  /** For one tab. */
  adapter(isAlive: () => boolean): StorageAdapterInterface
  keys(): readonly (readonly string[])[]
  /** All that is stored under keys that begin so. */
  values(...prefix: readonly string[]): readonly Uint8Array[]
}

const never = (): Promise<never> => new Promise(() => undefined)

export const createRepoDisk = (): RepoDisk => {
  const entries = new Map<string, { readonly key: Key; readonly data: Uint8Array }>()
  const under = (prefix: readonly string[]) =>
    [...entries.values()].filter(({ key }) => prefix.every((part, i) => key[i] === part))
  return {
    adapter: (isAlive) => ({
      load: async (key) => entries.get(key.join('/'))?.data.slice(),
      save: async (key, data) => {
        if (!isAlive()) return never()
        entries.set(key.join('/'), { key: [...key], data: data.slice() })
      },
      remove: async (key) => {
        if (!isAlive()) return never()
        entries.delete(key.join('/'))
      },
      loadRange: async (prefix) =>
        under(prefix).map(({ key, data }) => ({ key: [...key], data: data.slice() })),
      removeRange: async (prefix) => {
        if (!isAlive()) return never()
        for (const { key } of under(prefix)) entries.delete(key.join('/'))
      },
    }),
    keys: () => [...entries.values()].map(({ key }) => key),
    values: (...prefix) => under(prefix).map(({ data }) => data),
  }
}
