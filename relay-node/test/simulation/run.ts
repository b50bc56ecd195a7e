/** `npm run sim -- [profiles] [seeds each] [first seed] [real|fake] [kind]`: as many worlds as one likes; failing seeds are printed. */
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { KIND_NAMES, KINDS } from './kinds.ts'
import { PROFILES, type Profile } from './knobs.ts'
import { runSeed } from './world.ts'

const [names = PROFILES.join(','), count = '100', first = '1', signatures = 'fake', kindName = 'yjs'] =
  process.argv.slice(2)
const knownKind = KIND_NAMES.find((known) => known === kindName)
if (knownKind === undefined)
  throw new TypeError(`unknown kind ${kindName}; there are ${KIND_NAMES.join(', ')}`)
const options = { kind: KINDS[knownKind], realSignatures: signatures === 'real' }
await cryptoReady
let failed = 0
for (const name of names.split(',')) {
  const profile = PROFILES.find((known) => known === name)
  if (profile === undefined) throw new TypeError(`unknown profile ${name}; there are ${PROFILES.join(', ')}`)
  failed += await runProfile(profile)
}
process.exitCode = failed === 0 ? 0 : 1

async function runProfile(profile: Profile): Promise<number> {
  const startedAt = performance.now()
  const totals = { edits: 0, saved: 0, snapshots: 0, commits: 0, failed: 0 }
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const outcome = await runSeed(seed, profile, options)
    for (const key of ['edits', 'saved', 'snapshots', 'commits'] as const) totals[key] += outcome[key]
    if (outcome.errors.length === 0) continue
    totals.failed += 1
    console.log(`  ${profile} ${seed} failed:`)
    for (const error of outcome.errors) console.log(`    ${error}`)
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(
    `${profile}: ${Number(count) - totals.failed} of ${count} seeds hold (${totals.edits} edits, ${totals.saved} saved, ${totals.snapshots} snapshots, ${totals.commits} commits, ${seconds} s)`,
  )
  return totals.failed
}
