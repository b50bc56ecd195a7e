/**
 * One seeded world: real sessions and documents, the real relay and store, over a network, disks and processes that fail.
 * After a while everything heals, and then the invariants of ARCHITECTURE.md must hold.
 */
import { toHex } from '../../../providers/src/bytes.ts'
import { signingKey, verify } from '../../../providers/src/crypto.ts'
import type { Alarm } from '../../../providers/src/sync/effects.ts'
import { type Clock, createClock } from '../../../providers/src/testing/clock.ts'
import { fakeSigning, fakeVerify } from '../../../providers/src/testing/fake-signing.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { seedDice } from '../automerge/seeded-dice.ts'
import { watchRejections } from '../automerge/stray-rejections.ts'
import { corrupt } from './corrupt.ts'
import { createDisk, type Disk } from './device.ts'
import { type CreateHost, createHost } from './host.ts'
import { KINDS, type Kind } from './kinds.ts'
import { type Knobs, knobsOf, type Profile } from './knobs.ts'
import { createPlatformClock } from './platform-clock.ts'
import { type CreateSimDocument, difference, fingerprint } from './sim-document.ts'
import { createTab, type Tab } from './tab.ts'

export interface Outcome {
  readonly seed: number
  readonly profile: Profile
  readonly errors: readonly string[]
  readonly edits: number
  readonly saved: number
  readonly snapshots: number
  readonly commits: number
}

interface Device {
  readonly disk: Disk
  readonly seed: Uint8Array
  readonly keep: boolean
  readonly isEvil: boolean
  tabs: Tab[]
  online: boolean
  host: number
}

/** A device that nobody has seen before. */
const visitor = (seed: number): Device => ({
  disk: createDisk(),
  seed: new Uint8Array(32).fill(seed),
  keep: true,
  isEvil: false,
  tabs: [],
  online: true,
  host: 0,
})

const HEAL_MS = 60_000
const SETTLE_MS = 60_000

export const runSeed = async (
  seed: number,
  profile: Profile,
  {
    kind = KINDS.yjs,
    realSignatures = false,
    host = createHost,
  }: { readonly kind?: Kind; readonly realSignatures?: boolean; readonly host?: CreateHost } = {},
): Promise<Outcome> => {
  const world = { seed, profile, realSignatures, host, createDocument: kind.createDocument }
  if (!kind.hasTimers) return runWorld({ ...world, clock: createClock() })
  const clock = createPlatformClock()
  const restoreDice = seedDice(seed)
  const stray: string[] = []
  const stopWatching = watchRejections((error) => stray.push(error))
  try {
    const outcome = await runWorld({ ...world, clock })
    return { ...outcome, errors: [...outcome.errors, ...stray] }
  } finally {
    stopWatching()
    restoreDice()
    clock.restore()
  }
}

const runWorld = async (options: {
  readonly seed: number
  readonly profile: Profile
  readonly realSignatures: boolean
  readonly host: CreateHost
  readonly createDocument: CreateSimDocument
  readonly clock: Clock
}): Promise<Outcome> => {
  const { seed, profile, realSignatures, clock } = options
  const knobs: Knobs = knobsOf(seed, profile, realSignatures)
  const random = createRandom(seed)
  const errors: string[] = []
  let isHealed = false
  const check = realSignatures ? verify : fakeVerify
  const hosts = [0, 1].map(() =>
    options.host({ clock, random, knobs, verify: check, isHealed: () => isHealed }),
  )
  const hostOf = (device: Device) => hosts[device.host] ?? hosts[0]
  // Real keys are slow to make and say nothing more in a simulation: a fixed few per process.
  if (!realSignatures) fakeSigning(signingKey)(new Uint8Array(32))
  const isEvilOne = (i: number): boolean => knobs.hasEvilWriter && i === knobs.devices - 1
  const devices = Array.from(
    { length: knobs.devices },
    (_, i): Device => ({
      disk: createDisk(),
      seed: new Uint8Array(32).fill(i + 1),
      // The evil one's own outbox would be full of its garbage.
      keep: i >= knobs.withoutStorage && !isEvilOne(i),
      isEvil: isEvilOne(i),
      tabs: [],
      online: true,
      host: 0,
    }),
  )
  const living = (device: Device): readonly Tab[] => device.tabs.filter((tab) => tab.isAlive())
  const honest = devices.filter((device) => !device.isEvil)
  const everyTab = (): readonly Tab[] => honest.flatMap((device) => device.tabs)
  const evilAuthors = (): readonly string[] =>
    devices
      .filter((device) => device.isEvil)
      .flatMap(({ tabs }) => tabs.map((tab) => toHex(tab.session.name().author)))
  /**
   * The evil writer is named. A relay that was set back and says that it is the same log has lost what it had
   * acknowledged: that is the alarm; who is below the place where it was set back hears of it from the others only.
   */
  const isDeserved = ({ kind, author }: Alarm): boolean =>
    (author !== undefined && evilAuthors().includes(author)) ||
    (knobs.rawRestore &&
      hosts.some((host) => host.wasSetBack()) &&
      (kind === 'rollback' || kind === 'withheld'))
  const openTab = (device: Device, createDocument = options.createDocument): Tab => {
    const { disk, keep } = device
    const deviceSeed = keep ? device.seed : random.bytes(32)
    const tab = createTab({
      clock,
      random,
      knobs,
      disk,
      deviceSeed,
      keep,
      isHealed: () => isHealed,
      isEvil: device.isEvil,
      changed: device.isEvil ? (vault) => corrupt(vault, random) : undefined,
      createDocument,
    })
    device.tabs.push(tab)
    return tab
  }
  for (const device of devices) openTab(device)

  const sometimes = (everyMs: number, run: () => void): void => {
    if (everyMs === 0) return
    const next = (): void => {
      clock.after(random() * 2 * everyMs, () => {
        if (isHealed) return
        run()
        next()
      })
    }
    next()
  }
  const anyDevice = (): Device => random.pick(devices) ?? (devices[0] as Device)
  const anyTab = (): Tab | undefined => random.pick(living(anyDevice()))
  const dial = (): void => {
    for (const device of devices) {
      for (const tab of living(device)) {
        const host = hostOf(device)
        if (device.online && host !== undefined && (isHealed || random.chance(0.7))) tab.connect(host)
      }
    }
    clock.after((isHealed ? 1000 : 100) + random() * 300, dial)
  }
  dial()
  let edits = 0
  const edit = (tab: Tab | undefined): void => {
    for (let i = random.chance(0.1) ? 6 : 1; i > 0; i--) {
      clock.after(i * 10, () => {
        if (tab?.isAlive()) tab.edit(`${seed}.${edits++};`)
      })
    }
  }
  sometimes(knobs.editEveryMs, () => edit(anyTab()))
  sometimes(knobs.cutEveryMs, () => anyTab()?.cut())
  sometimes(knobs.offlineEveryMs, () => {
    const device = anyDevice()
    device.online = !device.online
    if (!device.online) for (const tab of living(device)) tab.cut()
  })
  sometimes(knobs.killEveryMs, () => {
    const device = anyDevice()
    const tab = random.pick(living(device))
    // A device without storage only ever gives its document to a new provider.
    if (tab === undefined) return
    tab.kill()
    if (!device.keep) openTab(device, tab.document.reopen)
    else clock.after(random() * 3000, () => !isHealed && living(device).length === 0 && openTab(device))
  })
  sometimes(knobs.tabEveryMs, () => {
    const device = anyDevice()
    if (device.keep && living(device).length < 3) openTab(device)
  })
  sometimes(knobs.pauseEveryMs, () => {
    const tab = anyTab()
    const directions = { send: random.chance(0.6), receive: random.chance(0.6) }
    if (random.chance(0.5)) tab?.step({ type: 'resume', directions })
    else tab?.step({ type: 'pause', directions })
  })
  sometimes(knobs.relayCrashEveryMs, () => {
    const host = random.pick(hosts)
    host?.crash()
    clock.after(random() * 500, () => host?.start())
  })
  sometimes(1500, () => {
    if (random.chance(0.3)) hosts[0]?.backUp()
  })
  sometimes(knobs.restoreEveryMs, () => hosts[0]?.restore(knobs.rawRestore))
  sometimes(knobs.wipeEveryMs, () => hosts[0]?.wipe())
  sometimes(knobs.moveEveryMs, () => {
    const device = anyDevice()
    device.host = 1 - device.host
    for (const tab of living(device)) tab.cut()
  })
  const prune = (): void => {
    for (const host of hosts) host.prune()
    clock.after(isHealed ? 3000 : 300, prune)
  }
  prune()

  const target = hosts[knobs.moveEveryMs > 0 ? 1 : 0]
  try {
    await clock.runUntil(knobs.durationMs)
    isHealed = true
    for (const host of hosts) host.start()
    for (const device of devices) {
      device.online = true
      device.host = knobs.moveEveryMs > 0 ? 1 : 0
      if (living(device).length === 0) openTab(device)
      for (const tab of living(device)) {
        tab.step({ type: 'resume' })
        tab.cut()
      }
    }
    await clock.runUntil(knobs.durationMs + HEAL_MS)
    for (const device of devices) edit(living(device)[0])
    await clock.runUntil(knobs.durationMs + HEAL_MS + SETTLE_MS)
    if (clock.now() - (target?.lastCommitAt() ?? 0) < SETTLE_MS / 3)
      errors.push('not quiescent: the relay still commits')
    await verifyWorld()
  } catch (error) {
    errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  async function verifyWorld(): Promise<void> {
    const tabs = honest.flatMap(living)
    const reference = tabs[0]
    if (reference === undefined || target === undefined) throw new Error('no tab lives')
    const cold = openTab(visitor(99))
    cold.connect(target)
    await clock.runUntil(clock.now() + 10_000)
    const expected = fingerprint(reference.document)
    for (const [i, tab] of [...tabs, cold].entries()) {
      const name = tab === cold ? 'cold client' : `tab ${i}`
      const status = tab.session.status()
      if (status.pending !== 0 || status.sync !== 'saved')
        errors.push(`I4 ${name}: ${status.sync}, ${status.pending} pending ${status.reason ?? ''}`)
      if (tab.book.unspoken.size > 0) errors.push(`I4 ${name}: never handed over: ${[...tab.book.unspoken]}`)
      if (tab.document.isIncomplete() && !knobs.hasEvilWriter)
        errors.push(`I1 ${name}: something waits for what never came`)
      if (fingerprint(tab.document) !== expected) {
        errors.push(
          `${tab === cold ? 'I8' : 'I2'} ${name} differs from tab 0: ${difference(reference.document, tab.document)}`,
        )
      }
    }
    const held = reference.document.edits()
    for (const tab of everyTab()) {
      for (const id of tab.book.saved) if (!held.has(id)) errors.push(`I1 saved edit ${id} is lost`)
      for (const id of tab.book.onDisk)
        if (!held.has(id)) errors.push(`I4 edit ${id} was on disk and is lost`)
    }
    for (const device of honest) {
      const own = new Set(living(device).map((tab) => tab.session.owner))
      for (const key of device.disk.entries.keys()) {
        if (key.startsWith('out/') && !own.has(key.split('/')[1] ?? ''))
          errors.push(`I4 outbox nobody adopted: ${key}`)
      }
    }
    // Without an open session there is nothing that the active snapshot does not cover already.
    edit(reference)
    await clock.runUntil(clock.now() + 5_000)
    const before = reference.snapshots()
    reference.step({ type: 'snapshot' })
    // What an evil writer left out never comes: a snapshot is then made after a minute's wait.
    await clock.runUntil(clock.now() + (knobs.hasEvilWriter ? 90_000 : 20_000))
    if (reference.snapshots() === before) errors.push('I10 no snapshot can be made any more')
    const late = openTab(visitor(98))
    late.connect(target)
    await clock.runUntil(clock.now() + 10_000)
    if (fingerprint(late.document) !== fingerprint(reference.document))
      errors.push('I10 a client that loads from the snapshot differs')
    for (const alarm of [...everyTab(), cold, late].flatMap((tab) => tab.alarms)) {
      if (!isDeserved(alarm)) errors.push(`false alarm ${alarm.kind}: ${alarm.message}`)
    }
  }

  const tabs = everyTab()
  return {
    seed,
    profile,
    errors: [...new Set(errors)].slice(0, 8),
    edits,
    saved: tabs.reduce((sum, tab) => sum + tab.book.saved.size, 0),
    snapshots: tabs.reduce((sum, tab) => sum + tab.snapshots(), 0),
    commits: hosts.reduce((sum, host) => sum + host.commits(), 0),
  }
}
