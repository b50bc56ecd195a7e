/**
 * `node --conditions=sealsync-source …/fuzz-run.ts [profiles] [seeds each] [first seed] [released|next]`: failing seeds
 * are printed. Profiles run in the order given.
 */
import { cryptoReady } from 'sealsync/protocol'
import { openNext, openReleased } from './fuzz-repos.ts'
import { FUZZ_PROFILES, runFuzz } from './fuzz-world.ts'

const [names = FUZZ_PROFILES.join(','), count = '20', first = '1', kind = 'released'] = process.argv.slice(2)
const openRepo = kind === 'next' ? openNext : openReleased
await cryptoReady
for (const name of names.split(',')) {
  const profile = FUZZ_PROFILES.find((known) => known === name)
  if (profile === undefined) throw new Error(`no profile is called ${name}`)
  const startedAt = performance.now()
  const totals = { edits: 0, saved: 0, survived: 0, frames: 0, messages: 0, failed: 0 }
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const outcome = await runFuzz(seed, { profile, openRepo })
    for (const key of ['edits', 'saved', 'survived', 'frames', 'messages'] as const)
      totals[key] += outcome[key]
    if (outcome.errors.length === 0) continue
    totals.failed += 1
    console.log(`  ${profile} ${seed} failed:`)
    for (const error of outcome.errors) console.log(`    ${error}`)
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${profile}: ${totals.failed} of ${count} failed in ${seconds} s ${JSON.stringify(totals)}`)
}
