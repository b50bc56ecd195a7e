/**
 * Properties draw the same cases in every normal run, so that a red run means a change and not bad luck. A long run
 * draws new ones each time, and so does any run with `SEALSYNC_FUZZ_SEED=random`; a number replays that seed.
 */
import fc from 'fast-check'

const given = process.env.SEALSYNC_FUZZ_SEED ?? (process.env.SEALSYNC_LONG === '1' ? 'random' : '20')
if (given !== 'random') fc.configureGlobal({ seed: Number(given) })
