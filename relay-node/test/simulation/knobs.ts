import { createRandom } from '../../../providers/src/testing/random.ts'

/** What one simulated world is like. All times in ms; a rate of 0 means never. */
export interface Knobs {
  readonly devices: number
  readonly durationMs: number
  readonly latencyMs: number
  readonly diskMs: number
  readonly storeMs: number
  readonly editEveryMs: number
  readonly cutEveryMs: number
  readonly offlineEveryMs: number
  readonly killEveryMs: number
  readonly tabEveryMs: number
  readonly pauseEveryMs: number
  readonly relayCrashEveryMs: number
  readonly restoreEveryMs: number
  /** A restored disk keeps its log id, as a careless operator would do it. */
  readonly rawRestore: boolean
  readonly wipeEveryMs: number
  readonly moveEveryMs: number
  readonly commitFaults: number
  /** How many frames of the relay are lost on a link that stays up. */
  readonly frameLoss: number
  readonly diskFaults: number
  readonly openSessions: number
  readonly snapshotAfter: number
  /** How many edits become one envelope. */
  readonly mergeEdits: number
  /** Locks are lent, or there are none: tabs take over outboxes of tabs that live, each once. */
  readonly lendsLocks: boolean
  /** Devices tell each other at once what has arrived. */
  readonly receipts: boolean
  readonly graceMs: number
  readonly realSignatures: boolean
  /** Devices without a storage keep nothing between tabs. */
  readonly withoutStorage: number
  /** The last device writes garbage. */
  readonly hasEvilWriter: boolean
  /** Snapshots of more bytes travel in chunks of so many; 0: as large as in earnest. */
  readonly chunkBytes: number
}

export const PROFILES = ['plain', 'crowded', 'restore', 'raw', 'wipe', 'move', 'evil'] as const
export type Profile = (typeof PROFILES)[number]

export const knobsOf = (seed: number, profile: Profile, realSignatures = false): Knobs => {
  const random = createRandom(seed * 7919 + 13)
  const ownRandom = createRandom(seed * 104729 + 7)
  const sometimes = (probability: number, everyMs: number): number =>
    random.chance(probability) ? everyMs * (0.5 + random()) : 0
  const oneOf = (...values: readonly number[]): number => random.pick(values) ?? 0
  const plain: Knobs = {
    devices: 2 + random.int(3),
    durationMs: 1_500 + random() * 3_500,
    latencyMs: oneOf(5, 40, 200),
    diskMs: oneOf(2, 30, 200),
    storeMs: oneOf(1, 10, 60),
    editEveryMs: oneOf(60, 200, 500),
    cutEveryMs: sometimes(0.6, 900),
    offlineEveryMs: sometimes(0.5, 1500),
    killEveryMs: sometimes(0.5, 1800),
    tabEveryMs: sometimes(0.4, 2500),
    pauseEveryMs: sometimes(0.3, 2000),
    relayCrashEveryMs: sometimes(0.4, 2500),
    restoreEveryMs: 0,
    rawRestore: false,
    wipeEveryMs: 0,
    moveEveryMs: 0,
    commitFaults: oneOf(0, 0, 0.05),
    frameLoss: oneOf(0, 0, 0.03),
    diskFaults: oneOf(0, 0, 0.05),
    openSessions: 4096,
    snapshotAfter: oneOf(3, 8, 20),
    // With dice of its own, so that a seed from before there was this is the same world.
    mergeEdits: ownRandom.pick([2, 3, 7, 100]) ?? 100,
    lendsLocks: ownRandom.chance(0.25),
    receipts: random.chance(0.5),
    graceMs: oneOf(0, 800, 1e6),
    realSignatures,
    withoutStorage: random.chance(0.25) ? 1 : 0,
    hasEvilWriter: false,
    chunkBytes: ownRandom.pick([0, 0, 60, 250]) ?? 0,
  }
  switch (profile) {
    case 'plain':
      return plain
    case 'crowded':
      return { ...plain, openSessions: 4, killEveryMs: 900, tabEveryMs: 2000 }
    case 'restore':
      return { ...plain, restoreEveryMs: 3000 }
    case 'raw':
      return { ...plain, restoreEveryMs: 3000, rawRestore: true }
    case 'wipe':
      return { ...plain, wipeEveryMs: 5000 }
    case 'evil':
      return { ...plain, devices: 3 + random.int(2), hasEvilWriter: true }
    case 'move':
      return { ...plain, moveEveryMs: 2500 }
  }
}
