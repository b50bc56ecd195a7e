/** A device: what outlives its tabs, and the tabs. */
import type { NetworkAdapterInterface } from '@automerge/automerge-repo'
import { memoryStorage, type Storage } from 'sealsync'
import type { AdapterOptions } from 'sealsync/automerge'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import type { Host } from '../simulation/host.ts'
import type { Knobs } from '../simulation/knobs.ts'
import type { OpenRepo } from './fuzz-repos.ts'
import { createTabNetwork } from './fuzz-socket.ts'
import { createFuzzTab, type FuzzTab } from './fuzz-tab.ts'
import { createRepoDisk, type RepoDisk } from './repo-storage.ts'
import { createTabLink } from './tab-link.ts'

export interface FuzzDevice {
  readonly name: string
  /** What its Repos store. */
  readonly disk: RepoDisk | undefined
  /** What our client stores. */
  readonly storage: Storage | undefined
  /** All tabs there ever were. */
  readonly tabs: FuzzTab[]
  isOnline: boolean
  living(): readonly FuzzTab[]
  /** Linked with those that live. */
  openTab(): FuzzTab
  setOnline(isOnline: boolean): void
}

export const createFuzzDevice = (deps: {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly knobs: Knobs
  readonly host: Host
  readonly openRepo: OpenRepo
  readonly secret: Uint8Array
  readonly hasDisk: boolean
  readonly hasStorage: boolean
  readonly isHealed: () => boolean
}): FuzzDevice => {
  const { name, clock, random, knobs, host, openRepo, secret, isHealed } = deps
  const oneOf = <T>(first: T, ...others: readonly T[]): T => random.pick([first, ...others]) ?? first
  const options: Omit<AdapterOptions, 'WebSocketPolyfill' | 'storage'> = {
    secret,
    snapshot: { afterUpdates: knobs.snapshotAfter, idleMs: 400 },
    graceMs: oneOf(200, 500),
    ackThrottleMs: oneOf(50, 1_000),
    inboundWindowMs: oneOf<number | 'adaptive'>('adaptive', 0, 150),
    readyTimeoutMs: oneOf(300, 2_000),
    peers: random.chance(0.15),
  }
  const frameMess = oneOf(0, 0, 0.02)
  const device: FuzzDevice = {
    name,
    disk: deps.hasDisk ? createRepoDisk() : undefined,
    storage: deps.hasStorage ? memoryStorage() : undefined,
    tabs: [],
    isOnline: true,
    living: () => device.tabs.filter((tab) => tab.isAlive()),
    openTab: () => {
      const network = createTabNetwork({
        clock,
        random,
        host,
        latencyMs: knobs.latencyMs,
        frameMess,
        isHealed,
      })
      network.isOnline = device.isOnline
      const links: NetworkAdapterInterface[] = []
      for (const other of device.living()) {
        const [near, far] = createTabLink().adapters
        links.push(near)
        other.link(far)
      }
      const tab = createFuzzTab({
        name: `${name}t${device.tabs.length}`,
        clock,
        random,
        openRepo,
        network,
        options,
        disk: device.disk,
        storage: device.storage,
        links,
        isHealed,
      })
      device.tabs.push(tab)
      return tab
    },
    setOnline: (isOnline) => {
      device.isOnline = isOnline
      for (const { network } of device.living()) {
        network.isOnline = isOnline
        if (!isOnline) network.cut()
      }
    },
  }
  return device
}
