/** A few tabs and one relay, by hand: what the simulation's dice would play is played out by name. */
import { signingKey } from '../../../providers/src/crypto.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { type Clock, createClock } from '../../../providers/src/testing/clock.ts'
import { fakeSigning, fakeVerify } from '../../../providers/src/testing/fake-signing.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import type { CommitFault } from '../../src/store/memory.ts'
import { createDisk, type Disk } from './device.ts'
import { createHost, type Host } from './host.ts'
import { type Knobs, knobsOf } from './knobs.ts'
import { createTab, type Tab } from './tab.ts'
import { createYjsDocument, type YjsDocument } from './yjs-document.ts'

export interface Scene {
  readonly clock: Clock
  readonly host: Host
  /** Every commit asks here first. */
  fault: () => CommitFault | undefined
  /** While true, nothing that the relay says arrives. */
  losesFrames: boolean
  open(name: string, disk?: Disk, changed?: (vault: Vault) => Vault): Tab<YjsDocument>
  /** Lets `ms` pass. */
  pass(ms: number): Promise<void>
}

export const createScene = (changes: Partial<Knobs> = {}): Scene => {
  const clock = createClock()
  const random = createRandom(7)
  const knobs: Knobs = {
    ...knobsOf(1, 'plain'),
    latencyMs: 5,
    diskMs: 2,
    storeMs: 5,
    diskFaults: 0,
    commitFaults: 0,
    frameLoss: 0,
    snapshotAfter: 1e9,
    graceMs: 0,
    chunkBytes: 0,
    ...changes,
  }
  fakeSigning(signingKey)(new Uint8Array(32))
  const scene: Scene = {
    clock,
    host: createHost({
      clock,
      random,
      knobs,
      verify: fakeVerify,
      isHealed: () => true,
      fault: () => scene.fault(),
      losesFrames: () => scene.losesFrames,
    }),
    losesFrames: false,
    fault: () => undefined,
    open: (name, disk = createDisk(), changed = (vault) => vault) => {
      const deviceSeed = new Uint8Array(32).fill(name.charCodeAt(0))
      return createTab({
        clock,
        random,
        knobs,
        disk,
        deviceSeed,
        keep: true,
        isHealed: () => true,
        changed,
        // What a scene counts are its own edits.
        createDocument: (provider) => createYjsDocument(provider, undefined, { undoes: false }),
      })
    },
    pass: (ms) => clock.runUntil(clock.now() + ms),
  }
  return scene
}
