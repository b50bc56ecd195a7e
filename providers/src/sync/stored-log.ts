/** A client's copy of a log, as storage gives it back: snapshots, and runs of updates by chain. */
import type { Snapshot, Update } from '../protocol/index.ts'
import type { Active } from './active.ts'
import { chainKey, type Opened } from './chains.ts'
import type { Core } from './core.ts'
import type { Received } from './effects.ts'
import type { KeptItem } from './keep.ts'
import { openSnapshot } from './opening.ts'
import { type KeptSnapshot, payloadOf } from './pieces.ts'

export interface StoredLog {
  /** The one that covers more is the newer one: two tabs may have left two. */
  readonly snapshots: readonly KeptSnapshot[]
  readonly runs: readonly (readonly Update[])[]
  /** Which chain each key of storage belongs to, and how far it goes. */
  readonly places: ReadonlyMap<string, { readonly chain: string; readonly lastSeq: number }>
}

const covered = (snapshot: Snapshot): number => snapshot.cover.reduce((sum, { seq }) => sum + seq + 1, 0)

export const readStored = (items: ReadonlyMap<string, KeptItem>): StoredLog => {
  const runs = new Map<string, Update[]>()
  const places = new Map<string, { readonly chain: string; readonly lastSeq: number }>()
  const snapshots: KeptSnapshot[] = []
  for (const [key, { item, chunks }] of items) {
    if (item.type === 'snapshot') snapshots.push({ snapshot: item.snapshot, chunks })
    const last = item.type === 'updates' ? item.updates.at(-1) : undefined
    if (item.type !== 'updates' || last === undefined) continue
    const chain = chainKey(last)
    const run = runs.get(chain) ?? []
    run.push(...item.updates)
    runs.set(chain, run)
    places.set(key, { chain, lastSeq: last.seq })
  }
  snapshots.sort((a, b) => covered(a.snapshot) - covered(b.snapshot))
  for (const run of runs.values()) run.sort((a, b) => a.seq - b.seq)
  return { snapshots, runs: [...runs.values()], places }
}

/** `gap`: storage lacks some of what its cursor stands for. */
export const restoreLog = (
  { snapshots, runs }: StoredLog,
  {
    core,
    active,
    open,
    count,
  }: {
    readonly core: Core
    readonly active: Active
    readonly open: (opened: readonly Opened[]) => void
    readonly count: (updates: readonly Update[]) => void
  },
): 'whole' | 'gap' => {
  /** Signatures are checked again, one for each chain: what was only held must not pass as vouched for. */
  const isGap = (run: readonly Update[]): boolean => {
    const taken = core.chains.take(run, true)
    if (taken.type === 'taken') {
      open(taken.opened)
      count(run)
    }
    return taken.type === 'gap'
  }
  const restored = snapshots.slice(0, -1).map(active.restore)
  // What lies below the last snapshot is still there when nobody could read that one.
  const above = runs.filter(isGap)
  restored.push(...snapshots.slice(-1).map(active.restore))
  return above.filter(isGap).length > 0 || restored.includes('gap') ? 'gap' : 'whole'
}

/** Content of a log that is no more. */
export const openFormer = ({ snapshots, runs }: StoredLog, core: Core): readonly Received[] => {
  const opened = snapshots.map((kept) => openSnapshot(kept.snapshot, core, payloadOf(kept, core.vault)))
  return [...opened.flatMap((one) => (one.ok ? [one.value] : [])), ...core.openAll(runs.flat())]
}
