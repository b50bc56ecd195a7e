/**
 * I9: hostile frames against a whole client. One client lives through all of them; now and then its relay is honest again
 * for a while, and then nothing may be missing. A failure names the seed and the frame; `SEALSYNC_SEED=7 vitest run
 * frames-client` plays another run.
 */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { updateItems } from '../../../providers/src/protocol/index.ts'
import { createClock } from '../../../providers/src/testing/clock.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { fingerprint } from '../simulation/sim-document.ts'
import { createYjsDocument } from '../simulation/yjs-document.ts'
import { createAttacker } from './attacker.ts'
import { createLyingRelay } from './client-storm.ts'
import { MiB, usedBytes } from './heap.ts'
import { createHostileWriter } from './hostile-writer.ts'
import { createRelayUnderTest } from './relay-under-test.ts'
import { createWholeClient } from './whole-client.ts'

beforeAll(() => cryptoReady)

const isLong = process.env.SEALSYNC_LONG === '1'
const FRAMES = isLong ? 1_000_000 : 50_000
/** Real signatures in one life of ten. */
const REAL_EACH = 10
/** In the life of one client: what a log holds makes each load longer. In a short run, that with real signatures is short. */
const framesOf = (seed: number): number => (isLong ? 50_000 : seed % REAL_EACH === 0 ? 10_000 : 40_000)
const SEED = process.env.SEALSYNC_SEED
const SEEDS = isLong ? Array.from({ length: 20 }, (_, i) => i + 1) : [1, REAL_EACH]
/** Most that are changed cost a connection, and a new one a load: a long run has the time for more of them. */
const BROKEN = isLong ? 1 / 3 : 0.06
/** So often the relay is honest for a while, and everything is looked at. */
const HONEST_EVERY = 2_500
const EDIT_EVERY = 250
/** So often somebody with the key writes something hostile. */
const WRITE_EVERY = 500

/** In simulated time: a client that wakes again and again without being able to do anything makes more. */
const EVENTS = 50_000 * 20 + 100_000
/** Of the whole test, on a machine that has other things to do. */
const PATIENCE_MS = FRAMES * 10

/** CPU time of one frame, whatever it is. */
const SLOWEST_MS = 500
/** What may be in use at the end beyond what was after half: 160 bytes a frame, and more for each edit made meanwhile. */
const GROWTH = 3 * MiB
const GROWTH_PER_EDIT = 4_096

test(
  `I9: a client lives through ${FRAMES.toLocaleString('en')} hostile frames of its relay, and loses nothing`,
  async () => {
    for (const seed of SEED === undefined ? SEEDS : [Number(SEED)]) await live(seed, framesOf(seed))
  },
  PATIENCE_MS,
)

const live = async (seed: number, frames: number): Promise<void> => {
  const clock = createClock(EVENTS)
  const random = createRandom(seed)
  const target = await createRelayUnderTest(clock, random)
  target.sign(seed % REAL_EACH === 0 ? 'real' : 'fake')
  const pass = (ms: number): Promise<void> => clock.runUntil(clock.now() + ms)
  const open = (name: string) =>
    createWholeClient({
      ...{ clock, random, vault: target.vault('room', name), verify: target.verify, snapshotAfter: 100 },
      createDocument: (provider) => createYjsDocument(provider),
    })
  const [honest, victim] = [open('alice'), open('victim')]
  const writer = createHostileWriter(target.vault('room', 'mallory'), random)
  const lying = createLyingRelay(writer, { random, broken: BROKEN })
  honest.connect(target.dial())
  const dial = target.dial(lying.tap)
  victim.connect((client) => {
    lying.forget()
    return dial(client)
  })
  let made = 0
  const edit = (): void => {
    const id = `${made};`
    made += 1
    ;(made % 2 === 0 ? honest : victim).edit(id)
  }
  for (let i = 0; i < 10; i++) {
    edit()
    await pass(100)
  }

  // Whoever has the key writes what it likes at the honest relay too, and everybody gets it.
  const mallory = createAttacker(target, writer)
  const say = async (frame: Parameters<typeof mallory.say>[0] | undefined): Promise<void> => {
    if (frame !== undefined) mallory.connection.receive(mallory.say(frame))
    await pass(5)
  }
  await say({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
  await say(mallory.opening())
  const write = async (): Promise<void> => {
    if (random.chance(0.05)) writer.renew()
    const channel = mallory.channel()
    const certificate = { type: 'certificate', certificate: writer.certificate() } as const
    await say({ type: 'push', channel, items: [certificate, ...updateItems([writer.update()])] })
    if (random.chance(0.05))
      await say({ type: 'push', channel, items: [{ type: 'snapshot', snapshot: writer.snapshot() }] })
    await say({
      type: 'ephemeral',
      channel,
      ephemeral: random.chance(0.5) ? writer.ephemeral() : writer.heads(),
    })
  }

  let early: { readonly bytes: number; readonly made: number } | undefined
  let slowestMs = 0
  let [met, heard] = [0, 0]
  for (let frame = 1; frame <= frames; frame++) {
    const where = `seed ${seed}, frame ${frame}`
    lying.lies = true
    if (!victim.isConnected()) await pass(40)
    if (victim.isConnected()) met += 1
    const bytes = lying.frame()
    const from = process.threadCpuUsage()
    try {
      victim.receive(bytes)
    } catch (error) {
      throw new Error(`${where} throws: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
    }
    const { user, system } = process.threadCpuUsage(from)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
    if (slowestMs > SLOWEST_MS)
      throw new Error(`${where} takes ${slowestMs} ms: ${Buffer.from(bytes).toString('hex')}`)
    if (victim.isConnected()) heard += 1
    if (frame % EDIT_EVERY === 0) edit()
    if (frame % WRITE_EVERY === 0) await write()
    if (random.chance(0.1)) await pass(random.int(20))
    if (frame === frames / 2) early = { bytes: await usedBytes(), made }
    if (frame % HONEST_EVERY !== 0) continue
    // Its relay is honest again: the client dials, and everything is there.
    lying.lies = false
    victim.hangUp()
    victim.connect((client) => {
      lying.forget()
      return dial(client)
    })
    await pass(60_000)
    for (const [name, client] of Object.entries({ honest, victim })) {
      const held = client.document.edits()
      const lacking = Array.from({ length: made }, (_, i) => `${i};`).filter((id) => !held.has(id))
      expect(lacking, `${where}: what the ${name} one lacks`).toEqual([])
      expect(client.session.status(), `${where}: the ${name} one`).toMatchObject({
        sync: 'saved',
        pending: 0,
      })
    }
    expect(fingerprint(victim.document), where).toBe(fingerprint(honest.document))
  }
  expect(target.faults).toEqual([])
  const growth = (await usedBytes()) - (early?.bytes ?? 0)
  expect(growth).toBeLessThan(GROWTH + GROWTH_PER_EDIT * (made - (early?.made ?? 0)))
  // It is no storm when most of it meets a closed door, or closes it.
  expect(met).toBeGreaterThan(frames * 0.9)
  expect(heard).toBeGreaterThan(frames * (isLong ? 0.6 : 0.7))
  expect([...lying.recorded.keys()]).toEqual(expect.arrayContaining([129, 130, 131, 132, 135, 136, 137]))
  victim.close()
  honest.close()
  await target.close()
}
