// `npm test`: from a fresh clone to one line `N passed, N failed`. Builds, checks and tests, in this order, and goes
// on after a failure, so that one run tells everything. `--long` runs the tests alone, with their large sizes.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findChromium } from './chromium.mjs'
import { ensureInstalled, root, run } from './tools.mjs'
import { fetchWycheproof } from './wycheproof.mjs'

const isLong = process.argv.includes('--long') || process.env.SEALSYNC_LONG === '1'
const filters = process.argv.slice(2).filter((arg) => arg !== '--long')
const total = { passed: 0, failed: 0, skipped: 0 }

ensureInstalled()
ensureChromium()
await ensureWycheproof()
check('build', 'turbo', ['run', 'build', '--continue', '--output-logs=errors-only'])
if (!isLong) {
  check('lint', 'biome', ['ci', '--error-on-warnings', '.'])
  check('typecheck', 'turbo', ['run', 'typecheck', '--continue', '--output-logs=errors-only'])
  check('typecheck of scripts', 'tsc', ['-p', 'scripts'])
  check('unused code and dependencies', 'knip', ['--no-config-hints'])
  check('lockfile', 'node', ['scripts/complete-lock.mjs', '--check'])
  check('examples in the docs', 'node', ['scripts/check-docs.mjs'])
  check('packages', 'node', ['scripts/pack-check.mjs'])
}
runTests()

console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
)
process.exitCode = total.failed > 0 ? 1 : 0

/** A check counts as one test: a green run with a red lint would be a lie. */
function check(name, command, args) {
  console.log(`\n── ${name}`)
  if (run(command, args)) total.passed += 1
  else fail(`${name} failed`)
}

function fail(reason) {
  total.failed += 1
  console.error(`✗ ${reason}`)
}

function runTests() {
  console.log('\n── tests')
  const report = join(root, '.cache', 'vitest.json')
  mkdirSync(join(root, '.cache'), { recursive: true })
  rmSync(report, { force: true })
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters]
  const succeeded = run('vitest', args, isLong ? { SEALSYNC_LONG: '1' } : {})
  if (!existsSync(report)) return fail('vitest ended without a report')

  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  // A file that cannot even be imported has no failed test, and is a failure.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  total.passed += numPassedTests
  total.failed += numFailedTests + broken
  total.skipped += numPendingTests + numTodoTests
  if (numPassedTests + numFailedTests === 0) fail('no test ran')
  else if (!succeeded && numFailedTests + broken === 0) fail('vitest failed outside of a test')
}

/** Browser tests need a Chromium. Debian's is one command away; elsewhere we say what to do and skip, loudly. */
function ensureChromium() {
  if (findChromium()) return
  const isRoot = process.getuid?.() === 0
  if (isRoot && existsSync('/etc/debian_version')) {
    console.log('Installing chromium for the browser tests (apt-get) …')
    const install = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium'
    run('sh', ['-c', `(${install}) >/dev/null`], { DEBIAN_FRONTEND: 'noninteractive' })
    if (findChromium()) return
  }
  const remedy = existsSync('/etc/debian_version')
    ? 'sudo apt-get update && sudo apt-get install -y chromium'
    : 'npx playwright-core install --with-deps chromium'
  console.error(
    `\n!!! No Chromium: ALL BROWSER TESTS ARE SKIPPED. To run them: ${remedy}\n!!! or set CHROMIUM_PATH.\n`,
  )
  if (process.env.CI === 'true') fail('no Chromium in CI')
}

/** Vectors that others made and keep, so not ours to commit. */
async function ensureWycheproof() {
  if (await fetchWycheproof()) return
  console.error(
    '\n!!! No vectors of Wycheproof: THEIR TESTS ARE SKIPPED. To fetch them, with the address of a mirror of Debian:\n!!! DEBIAN_MIRROR=… npm run wycheproof\n',
  )
  if (process.env.CI === 'true') fail('no vectors of Wycheproof in CI')
}
