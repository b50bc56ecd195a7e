/**
 * I9: hostile frames against the relay. A seed is one round, with a document of its own; a failing one is printed.
 * `SEALSYNC_SEED=7 vitest run frames-relay` plays that one alone.
 */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { createClock } from '../../../providers/src/testing/clock.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { MiB, usedBytes } from './heap.ts'
import { playRound } from './relay-storm.ts'
import { createRelayUnderTest } from './relay-under-test.ts'

beforeAll(() => cryptoReady)

const isLong = process.env.SEALSYNC_LONG === '1'
const FRAMES = isLong ? 1_000_000 : 50_000
const FRAMES_EACH = 2_500
const SEED = process.env.SEALSYNC_SEED
const SEEDS =
  SEED === undefined ? Array.from({ length: FRAMES / FRAMES_EACH }, (_, i) => i + 1) : [Number(SEED)]
/** Most that are changed cost a connection: a long run has the time for more of them. */
const BROKEN = isLong ? 1 / 3 : 0.08
/** Real signatures in one round of ten. */
const REAL_EACH = 10

/** In simulated time: who does the same again and again makes more. */
const EVENTS = FRAMES * 50 + 100_000
/** Of the whole test, on a machine that has other things to do. */
const PATIENCE_MS = FRAMES * 10

/** CPU time of one frame, whatever it is. */
const SLOWEST_MS = 500
/** What may be in use at the end beyond what was after a quarter: caches that have a bound and were not full yet. */
const GROWTH = 12 * MiB

test(
  `I9: ${FRAMES.toLocaleString('en')} hostile frames do not harm the relay, nor who works at it`,
  async () => {
    const clock = createClock(EVENTS)
    const target = await createRelayUnderTest(clock, createRandom(1))
    let early: number | undefined
    let [taken, dropped] = [0, 0]
    for (const [index, seed] of SEEDS.entries()) {
      target.sign(seed % REAL_EACH === 0 ? 'real' : 'fake')
      const round = await playRound(target, {
        clock,
        random: createRandom(seed),
        room: `room ${seed}`,
        frames: FRAMES_EACH,
        broken: BROKEN,
      })
      expect(round.problems, `seed ${seed}`).toEqual([])
      expect(round.slowestMs, `the slowest frame of seed ${seed}, ms`).toBeLessThan(SLOWEST_MS)
      expect([...round.recorded].sort(), `what seed ${seed} could change`).toEqual(
        expect.arrayContaining([1, 2, 3, 4]),
      )
      taken += round.taken
      dropped += round.dropped
      if (index + 1 === Math.ceil(SEEDS.length / 4)) early = await usedBytes()
    }
    const growth = (await usedBytes()) - (early ?? 0)
    expect(growth).toBeLessThan(GROWTH)
    // It is no storm when all of it bounces off the first check.
    expect(dropped).toBeGreaterThan(taken / 50)
    expect(dropped).toBeLessThan(taken * (isLong ? 0.45 : 1 / 3))
    await target.close()
  },
  PATIENCE_MS,
)
