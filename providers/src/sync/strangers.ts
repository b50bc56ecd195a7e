/** Those who stand where the relay has never shown us anything: on another log, or on a snapshot that we do not know. */
import { equalBytes, NO_ID, type SessionName, toHex } from '../protocol/index.ts'
import { chainKey } from './chains.ts'
import type { HeadsInner } from './content.ts'
import type { ActiveSnapshot, Core } from './core.ts'
import type { AlarmKind } from './effects.ts'

export interface Strangers {
  /** Whether what this session says is about our log; takes note if that, or its snapshot, is strange to us. */
  stands(by: SessionName, word: Pick<HeadsInner, 'logId' | 'snapshot'>): boolean
  /** The active snapshot: whoever stands on it, or stood on it later than we, is no stranger. */
  remember(active: ActiveSnapshot): void
  /** Another log begins. */
  reset(): void
}

/** For what a relay may lack honestly as long as somebody has not caught up. */
const LONG_PATIENCE_MS = 20_000
const MAX_STRANGE = 1_000
const MAX_SNAPSHOTS = 1_000

export const createStrangers = (
  core: Core,
  rooms: {
    readonly report: (
      kind: AlarmKind,
      message: string,
      of: SessionName & { readonly id?: Uint8Array },
    ) => void
    /** Tells the others soon what we have, so that they tell us what they have. */
    readonly hurry: () => void
  },
): Strangers => {
  const { state } = core
  /** Since when somebody says what cannot be. */
  const strange = new Map<string, number>()
  const snapshots = new Set<string>()
  let last: ActiveSnapshot | undefined

  /** Whether this was said for so long, again and again, that it is no accident. */
  const isStubborn = (what: string): boolean => {
    const since = strange.get(what)
    if (since === undefined && strange.size < MAX_STRANGE) strange.set(what, state.now)
    rooms.hurry()
    return since !== undefined && state.now - since > LONG_PATIENCE_MS
  }

  return {
    stands: (by, { logId, snapshot }) => {
      const key = chainKey(by)
      if (!equalBytes(logId, state.logId)) {
        if (isStubborn(key))
          rooms.report('fork', 'the relay shows this session another log of the document', by)
        return false
      }
      strange.delete(key)
      const name = toHex(snapshot)
      if (equalBytes(snapshot, NO_ID) || snapshots.has(name)) strange.delete(name)
      else if (isStubborn(name)) {
        const of = { ...by, id: snapshot }
        rooms.report('withheld', 'the relay does not show us the snapshot of this session', of)
      }
      return true
    },
    remember: (active) => {
      if (active === last) return
      last = active
      snapshots.add(toHex(active.id))
      if (snapshots.size > MAX_SNAPSHOTS) snapshots.delete([...snapshots][0] ?? '')
    },
    reset: () => {
      strange.clear()
      snapshots.clear()
      last = undefined
    },
  }
}
