// Completes package-lock.json with the binaries of other platforms.
//
// Tools such as turbo, biome and oxc name one optional package per platform. npm leaves out of a fresh lockfile
// those that it could not look up, and then `npm ci` refuses that lockfile everywhere ("Missing:
// @turbo/darwin-64@ from lock file"). A stub with version, os and cpu is all that npm needs: it skips the stub
// on a foreign platform and fetches the package on its own.
//
// Run it after every change of dependencies. `--check` changes nothing and fails when stubs are missing.
import { readFileSync, writeFileSync } from 'node:fs'

const lockUrl = new URL('../package-lock.json', import.meta.url)

const systems = {
  aix: 'aix',
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  openharmony: 'openharmony',
  sunos: 'sunos',
  win32: 'win32',
  windows: 'win32',
}
const processors = {
  64: 'x64',
  arm: 'arm',
  arm64: 'arm64',
  ia32: 'ia32',
  loong64: 'loong64',
  mips64el: 'mips64el',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  wasm32: 'wasm32',
  x64: 'x64',
}

/** What npm would have written, as far as a package's name tells: `@turbo/darwin-64` → darwin, x64. */
function stubFor(name, version, dev) {
  const words = name.split(/[/-]/)
  const os = words.map((word) => systems[word]).find(Boolean)
  const cpu = words.map((word) => processors[word]).find(Boolean)
  if (!cpu || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(`complete-lock: ${name}@${version} does not look like a platform binary; lock it by hand`)
  }
  const libc = /musl/.test(name) ? 'musl' : os === 'linux' && /gnu/.test(name) ? 'glibc' : undefined
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev } : {}),
    ...(libc ? { libc: [libc] } : {}),
    optional: true,
    ...(os ? { os: [os] } : {}),
  }
}

/** Whether the package at `path` in the tree would find `name`, as Node looks for it: inside, then outwards. */
function isLocked(packages, path, name) {
  const parts = path.split('node_modules/')
  const outwards = parts.map((_, depth) => parts.slice(0, depth).join('node_modules/'))
  return [`${path}/`, ...outwards].some((folder) => `${folder}node_modules/${name}` in packages)
}

const lock = JSON.parse(readFileSync(lockUrl, 'utf8'))
const added = []
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(lock.packages, path, name)) continue
    lock.packages[`node_modules/${name}`] = stubFor(name, version, entry.dev)
    added.push(name)
  }
}

if (process.argv.includes('--check')) {
  if (added.length > 0)
    console.error(`missing in package-lock.json: ${added.join(', ')}; run scripts/complete-lock.mjs`)
  process.exit(added.length > 0 ? 1 : 0)
}
if (added.length > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(sorted)
  writeFileSync(lockUrl, `${JSON.stringify(lock, null, 2)}\n`)
}
console.log(`added ${added.length}`)
