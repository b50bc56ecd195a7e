/**
 * One seeded world of Repos: devices with one or two linked tabs, with and without disks, edit the same documents
 * through the real client, a hostile network and a relay that crashes, forgets and loses. After some seconds everything
 * heals; then all must be equal, what was called saved or is on a disk must be there, and everybody must fall silent.
 */
import { createHash } from 'node:crypto'
import { verify } from 'sealsync/protocol'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { createHost, type Host } from '../simulation/host.ts'
import { type Knobs, knobsOf, type Profile } from '../simulation/knobs.ts'
import { createPlatformClock } from '../simulation/platform-clock.ts'
import { createFuzzDevice, type FuzzDevice } from './fuzz-device.ts'
import { createEvilWriter } from './fuzz-evil.ts'
import type { OpenRepo } from './fuzz-repos.ts'
import { createTabNetwork } from './fuzz-socket.ts'
import type { FuzzTab } from './fuzz-tab.ts'
import { judge, mustSurvive } from './fuzz-verdict.ts'
import { emptyIdPool } from './id-pool.ts'
import { seedDice } from './seeded-dice.ts'
import { watchRejections } from './stray-rejections.ts'

export const FUZZ_PROFILES = ['evil', 'plain', 'crowded', 'restore', 'raw', 'wipe'] as const
type FuzzProfile = Extract<Profile, (typeof FUZZ_PROFILES)[number]>

export interface FuzzOptions {
  readonly profile: FuzzProfile
  readonly openRepo: OpenRepo
  /** How long it is hostile, simulated ms. */
  readonly durationMs?: number
}

export interface FuzzOutcome {
  readonly errors: readonly string[]
  readonly edits: number
  readonly saved: number
  readonly survived: number
  readonly frames: number
  readonly messages: number
  /** A hash of every frame and of where all ended: the same when a world is run again. */
  readonly trace: string
}

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i * 7)
const HEAL_MS = 60_000
const SETTLE_MS = 60_000

/** Its content, and not only what the Repo notes about peers. */
const isStored = ({ disk }: FuzzDevice, documentId: string): boolean =>
  ['snapshot', 'incremental'].some((kind) => (disk?.values(documentId, kind).length ?? 0) > 0)

const overheard = (host: Host, hear: (bytes: Uint8Array) => void): Host => ({
  ...host,
  dial: ({ received, dropped }, latencyMs) => {
    const wire = host.dial(
      {
        received: (bytes) => {
          hear(bytes)
          received(bytes)
        },
        dropped,
      },
      latencyMs,
    )
    return (
      wire && {
        ...wire,
        up: {
          ...wire.up,
          send: (bytes) => {
            hear(bytes)
            wire.up.send(bytes)
          },
        },
      }
    )
  },
})

export const runFuzz = async (seed: number, options: FuzzOptions): Promise<FuzzOutcome> => {
  const errors: string[] = []
  const unwatch = watchRejections((error) => errors.push(error))
  const clock = createPlatformClock()
  emptyIdPool()
  const restoreDice = seedDice(seed)
  try {
    return await runWorld({ ...options, seed, clock, errors })
  } finally {
    restoreDice()
    clock.restore()
    unwatch()
  }
}

const runWorld = async (
  options: FuzzOptions & { readonly seed: number; readonly clock: Clock; readonly errors: string[] },
): Promise<FuzzOutcome> => {
  const { seed, clock, errors, profile, openRepo, durationMs = 2_500 } = options
  const knobs: Knobs = { ...knobsOf(seed, profile), durationMs }
  const random = createRandom(seed)
  let isHealed = false
  let isOver = false
  const trace = createHash('sha256')
  const host = overheard(createHost({ clock, random, knobs, verify, isHealed: () => isHealed }), (bytes) =>
    trace.update(`${clock.now()} `).update(bytes),
  )
  const createDevice = (name: string, hasDisk: boolean, hasStorage: boolean): FuzzDevice =>
    createFuzzDevice({
      name,
      clock,
      random,
      knobs,
      host,
      openRepo,
      secret: SECRET,
      hasDisk,
      hasStorage,
      isHealed: () => isHealed,
    })
  // The author has a disk: a document that dies with its only holder is no loss.
  const devices = Array.from({ length: 2 + random.int(3) }, (_, i) =>
    createDevice(`d${i}`, i === 0 || random.chance(0.5), random.chance(0.5)),
  )
  const [author] = devices
  if (author === undefined) throw new Error('a world has devices')

  const urls: string[] = []
  /** Not on the author's disk yet. */
  const fresh = new Set<string>()
  const openTab = (device: FuzzDevice): FuzzTab => {
    const tab = device.openTab()
    for (const url of urls) clock.after(random() * 500, () => tab.find(url))
    return tab
  }
  for (const device of devices) {
    openTab(device)
    if (random.chance(0.3)) openTab(device)
  }
  const anyDevice = (): FuzzDevice => random.pick(devices) ?? author
  const everyTab = (): readonly FuzzTab[] => devices.flatMap((device) => device.tabs)
  const living = (): readonly FuzzTab[] => devices.flatMap((device) => device.living())
  const anyUrl = (): string => random.pick(urls) ?? ''

  for (let i = 1 + random.int(3); i > 0; i--) {
    clock.after(i * 300 - 299, () => {
      const [tab] = author.living()
      if (tab === undefined) return
      const handle = tab.repo.create({ seen: {}, map: {}, list: [], text: '' })
      urls.push(handle.url)
      fresh.add(handle.documentId)
      tab.own(handle)
      for (const other of living())
        if (other !== tab) clock.after(random() * 2_000, () => other.find(handle.url))
    })
  }

  let edits = 0
  const edit = (tab: FuzzTab | undefined, url: string): void => {
    for (let i = random.chance(0.1) ? 8 : 1; i > 0; i--) {
      clock.after(i * random() * 15, () => tab?.edit(url, `${seed}.${edits++};`))
    }
  }
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
  const anyTab = (): FuzzTab | undefined => random.pick(anyDevice().living())
  sometimes(knobs.editEveryMs, () => edit(anyTab(), anyUrl()))
  sometimes(900, () => anyTab()?.broadcast(anyUrl()))
  sometimes(knobs.cutEveryMs, () => anyTab()?.network.cut())
  sometimes(knobs.offlineEveryMs, () => {
    const device = anyDevice()
    device.setOnline(!device.isOnline)
  })
  sometimes(knobs.killEveryMs, () => {
    const device = anyDevice()
    const tab = random.pick(device.living())
    for (const id of fresh) if (isStored(author, id)) fresh.delete(id)
    if (device === author && fresh.size > 0) return
    if (random.chance(0.6)) tab?.kill()
    else tab?.close()
    clock.after(random() * 2_000, () => !isHealed && device.living().length === 0 && openTab(device))
  })
  sometimes(knobs.tabEveryMs, () => {
    const device = anyDevice()
    if (device.living().length < 2) openTab(device)
  })
  sometimes(1_200, () => {
    const tab = anyTab()
    const handle = tab?.handles.get(anyUrl())
    if (handle !== undefined) void tab?.adapter.compact(handle.documentId)
  })
  sometimes(knobs.relayCrashEveryMs, () => {
    host.crash()
    clock.after(random() * 500, host.start)
  })
  sometimes(1_500, () => {
    if (random.chance(0.3)) host.backUp()
  })
  sometimes(knobs.restoreEveryMs, () => host.restore(knobs.rawRestore))
  sometimes(knobs.wipeEveryMs, host.wipe)
  const prune = (): void => {
    host.prune()
    if (!isOver) clock.after(isHealed ? 3_000 : 300, prune)
  }
  prune()
  const evil =
    profile === 'evil'
      ? createEvilWriter({
          random,
          secret: SECRET,
          network: createTabNetwork({
            clock,
            random,
            host,
            latencyMs: knobs.latencyMs,
            frameMess: 0,
            isHealed: () => isHealed,
          }),
        })
      : undefined
  sometimes(400, () => {
    const handle = author.living()[0]?.handles.get(anyUrl())
    if (handle !== undefined) evil?.write(handle.documentId)
  })

  let survived = 0
  try {
    await clock.runUntil(knobs.durationMs)
    isHealed = true
    evil?.close()
    const forgets = profile === 'restore' || profile === 'raw' || profile === 'wipe'
    const names = mustSurvive(devices, forgets)
    survived = [...names.values()].reduce((sum, { size }) => sum + size, 0)
    host.start()
    for (const device of devices) {
      device.setOnline(true)
      // What a closed tab left on the disk is read by the next one only.
      if (device.disk !== undefined && device.living().length > 1) device.living()[0]?.close()
      if (device.living().length === 0 || device.disk !== undefined) openTab(device)
      for (const tab of device.living()) {
        tab.network.cut()
        for (const url of urls) tab.find(url)
      }
    }
    await clock.runUntil(clock.now() + HEAL_MS)
    // A Repo to which a linked tab has said that it has a document asks nobody else, even when that tab dies over it.
    for (const device of devices) {
      for (const tab of device.living()) {
        if (!tab.wasLinked() || urls.every((url) => tab.handles.get(url)?.isReady() === true)) continue
        tab.close()
        openTab(device)
      }
    }
    for (const device of devices) for (const url of urls) edit(device.living()[0], url)
    await clock.runUntil(clock.now() + SETTLE_MS)
    await judge({
      clock,
      devices,
      urls,
      names,
      isEvil: profile === 'evil',
      isCrowded: profile === 'crowded',
      isRaw: profile === 'raw',
      edit,
      stranger: () => openTab(createDevice('stranger', false, false)),
      fail: (error) => errors.push(error),
    })
  } catch (error) {
    errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  isOver = true
  for (const tab of living())
    for (const handle of tab.handles.values()) trace.update(`${tab.name} ${handle.url} ${handle.heads()}`)
  for (const tab of everyTab()) tab.kill()
  await clock.runUntil(clock.now() + 1_000)
  const sum = (count: (tab: FuzzTab) => number): number =>
    everyTab().reduce((total, tab) => total + count(tab), 0)
  return {
    errors: [...new Set(errors)].slice(0, 12),
    edits,
    saved: sum((tab) => tab.saved.size),
    survived,
    frames: sum((tab) => tab.network.frames()),
    messages: sum((tab) => tab.messages()),
    trace: trace.digest('hex'),
  }
}
