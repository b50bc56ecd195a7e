/** One relay with its disk: it can crash between any two events, be set back to a backup, and be wiped. */

import type { Verify } from '../../../providers/src/crypto.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import { createWire, type Wire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { createRelay } from '../../src/relay.ts'
import { type CommitFault, createMemoryStore, type MemoryStore } from '../../src/store/memory.ts'
import type { Knobs } from './knobs.ts'

type Relay = ReturnType<typeof createRelay>

export interface Host {
  isUp(): boolean
  crash(): void
  start(): void
  backUp(): void
  hasBackup(): boolean
  restore(rawLogId: boolean): void
  /** Whether something durable was lost by `restore`. */
  wasSetBack(): boolean
  wipe(): void
  prune(): void
  /** When the relay last made something durable. */
  lastCommitAt(): number
  commits(): number
  /** A client dials in; `undefined` while the relay is down. */
  dial(client: { received(bytes: Uint8Array): void; dropped(): void }, latencyMs: number): Wire | undefined
}

/** Makes a host; what it is made of may be another relay than the real one. */
export type CreateHost = (deps: {
  readonly clock: Clock
  readonly random: Random
  readonly knobs: Knobs
  readonly verify: Verify
  readonly isHealed: () => boolean
  /** A script's own faults, asked before the dice. */
  readonly fault?: () => CommitFault | undefined
  readonly losesFrames?: () => boolean
}) => Host

export const createHost: CreateHost = (deps) => {
  const { clock, random, knobs, verify, isHealed } = deps
  let commits = 0
  let lastCommitAt = 0
  let generation = 0
  let backedUpAt = 0
  let isSetBack = false
  const storeOptions = (mine: number) => ({
    // What was under way when the process died never happens.
    defer: (run: () => void): void => {
      clock.after(random() * knobs.storeMs, () => {
        if (mine === generation) run()
      })
    },
    fault: (): CommitFault | undefined => {
      commits += 1
      lastCommitAt = clock.now()
      return deps.fault?.() ?? (!isHealed() && random.chance(knobs.commitFaults) ? 'fail' : undefined)
    },
  })
  let store: MemoryStore = createMemoryStore(storeOptions(0))
  let backup: MemoryStore | undefined
  let relay: Relay | undefined
  const wires = new Set<Wire>()

  const start = (): void => {
    if (relay !== undefined) return
    relay = createRelay({
      store,
      verify,
      now: clock.now,
      random: (length: number) => random.bytes(length),
      defer: (run: () => void) => {
        const mine = generation
        clock.after(0.01, () => {
          if (mine === generation) run()
        })
      },
      limits: { openSessions: knobs.openSessions, graceMs: knobs.graceMs },
    })
  }
  const crash = (): void => {
    generation += 1
    relay = undefined
    store = store.clone(storeOptions(generation))
    for (const wire of wires) wire.cut()
    wires.clear()
  }
  start()

  return {
    isUp: () => relay !== undefined,
    crash,
    start,
    backUp: () => {
      backup = store.clone()
      backedUpAt = commits
    },
    hasBackup: () => backup !== undefined,
    restore: (rawLogId) => {
      if (backup === undefined) return
      isSetBack ||= commits > backedUpAt
      crash()
      store = backup.clone({
        ...storeOptions(generation),
        ...(rawLogId ? {} : { newLogId: () => random.bytes(16) }),
      })
      start()
    },
    wasSetBack: () => isSetBack,
    wipe: () => {
      crash()
      store = createMemoryStore(storeOptions(generation))
      start()
    },
    prune: () => {
      void relay?.prune()
    },
    lastCommitAt: () => lastCommitAt,
    commits: () => commits,
    dial: (client, latencyMs) => {
      const current = relay
      if (current === undefined) return undefined
      const mine = generation
      const wire = createWire({
        clock,
        random,
        latencyMs,
        toRelay: (bytes) => {
          if (mine === generation) connection.receive(bytes)
        },
        toClient: client.received,
        relayNotices: () => {
          wires.delete(wire)
          if (mine === generation) connection.disconnect()
          client.dropped()
        },
      })
      const connection = current.connect({
        send: (bytes) => {
          if (deps.losesFrames?.() === true) return
          if (isHealed() || !random.chance(knobs.frameLoss)) wire.down.send(bytes)
        },
        buffered: () => 0,
        close: () => {
          wire.cut()
          client.dropped()
        },
      })
      wires.add(wire)
      return wire
    },
  }
}
