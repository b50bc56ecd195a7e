// The vectors of C2SP's project Wycheproof are not in this repository; Debian keeps them in a source package. `node
// scripts/wycheproof.mjs` brings them to `.cache/wycheproof` once, from the mirrors that apt is set to, or else from
// DEBIAN_MIRROR. The archive is known by its hash: whoever serves it cannot change a vector.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './tools.mjs'

const SOURCE = 'android-platform-external-boringssl'
const ARCHIVE = `${SOURCE}_13.0.0+r24.orig.tar.xz`
const SHA256 = '583b7aeee1fca68b8244d086cea6fca23bd19d517bd63f0b9de714e048f92a7d'
const FOLDER = `${SOURCE}-13.0.0+r24/src/third_party/wycheproof_testvectors`
const FILES = ['eddsa_test.json', 'xchacha20_poly1305_test.json', 'LICENSE']
const target = join(root, '.cache', 'wycheproof')

/** The folder with the vectors, or undefined. */
export function findWycheproof() {
  return FILES.every((name) => existsSync(join(target, name))) ? target : undefined
}

/** Downloads them (29 MB, once); true if they are there. */
export async function fetchWycheproof() {
  if (findWycheproof()) return true
  mkdirSync(target, { recursive: true })
  const archive = join(target, ARCHIVE)
  try {
    console.log('Fetching the vectors of Wycheproof (29 MB) …')
    writeFileSync(archive, await download())
    ensureXz()
    const members = FILES.map((name) => `${FOLDER}/${name}`)
    const strip = `--strip-components=${FOLDER.split('/').length}`
    if (!run('tar', ['-xJf', archive, '-C', target, strip, ...members]))
      throw new Error('tar could not unpack it')
  } catch (error) {
    console.error(`Wycheproof: ${error instanceof Error ? error.message : error}`)
  } finally {
    rmSync(archive, { force: true })
  }
  return findWycheproof() !== undefined
}

async function download() {
  const problems = []
  for (const mirror of mirrors()) {
    const url = `${mirror.replace(/\/+$/, '')}/pool/main/a/${SOURCE}/${ARCHIVE}`
    const bytes = await bytesOf(url)
    if (typeof bytes !== 'string') return bytes
    problems.push(`${url}: ${bytes}`)
  }
  throw new Error(['no mirror of Debian gave the archive', ...problems].join('\n  '))
}

/** Archives for security updates and the like are among them, and do not have it. */
function mirrors() {
  const { DEBIAN_MIRROR } = process.env
  if (DEBIAN_MIRROR) return [DEBIAN_MIRROR]
  const format = ['--format', '$(REPO_URI)', 'Identifier: Packages']
  const { stdout } = spawnSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' })
  return [...new Set((stdout ?? '').split('\n').filter((uri) => uri !== ''))]
}

/** What is there, or why it cannot be had. */
async function bytesOf(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(120_000) })
    if (!response.ok) return `HTTP ${response.status}`
    const bytes = new Uint8Array(await response.arrayBuffer())
    return createHash('sha256').update(bytes).digest('hex') === SHA256
      ? bytes
      : 'not the archive that we know'
  } catch (error) {
    return error instanceof Error ? String(error.cause ?? error.message) : String(error)
  }
}

/** tar needs it on Debian; the smallest images lack it. */
function ensureXz() {
  const isThere = spawnSync('xz', ['--version']).error === undefined
  if (isThere || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return
  const install = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends xz-utils'
  run('sh', ['-c', `(${install}) >/dev/null`], { DEBIAN_FRONTEND: 'noninteractive' })
}

if (import.meta.main ?? process.argv[1] === import.meta.filename)
  process.exitCode = (await fetchWycheproof()) ? 0 : 1
