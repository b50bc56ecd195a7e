// `npm run pack:check`: what npm would publish, looked at before npm does. Packs the packages into .cache/packages, runs
// publint and attw on each tarball, and checks what those two cannot know: that nothing is missing, left over or private.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { wrongChangesets } from './changesets.mjs'
import { packInto } from './packages.mjs'
import { env, root } from './tools.mjs'

/** Shipped, because it harms nobody who does not ask for it by name: tests and benchmarks run on the sources with it. */
const SOURCE = 'sealsync-source'
const EXPECTED =
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json|dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.tsx?)$/
const TEST = /(^|\/)(test|tests|e2e|__tests__)\/|\.(test|spec)\./

const problems = []
const packages = pack()
const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]))
const licence = readFileSync(join(root, 'LICENSE'), 'utf8')

for (const one of packages) {
  const found = [
    ...lint(one, 'publint', ['run', one.tarball, '--strict']),
    ...lint(one, 'attw', ['--profile', 'esm-only', '--no-color', one.tarball]),
    ...wrongFiles(one),
    ...wrongManifest(one.manifest),
    ...wrongTargets(one),
    ...wrongMaps(one),
    ...wrongPages(one),
  ]
  problems.push(...found.map((problem) => `${one.manifest.name}: ${problem}`))
}
if (new Set(versions.values()).size > 1) {
  problems.push(`versions differ: ${[...versions].map((pair) => pair.join(' ')).join(', ')}`)
}
problems.push(...wrongConfig(), ...wrongChangesets(join(root, '.changeset'), [...versions.keys()]))

for (const problem of problems) console.error(problem)
for (const { manifest, files, sizeBytes } of packages) {
  console.log(
    `${manifest.name} ${manifest.version}: ${files.length} files, ${Math.round(sizeBytes / 1000)} kB`,
  )
}
process.exitCode = problems.length > 0 ? 1 : 0

function pack() {
  try {
    return packInto(join(root, '.cache', 'packages'))
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}

function lint({ tarball }, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' })
  return status === 0 ? [] : [`${command} on ${tarball}: ${error?.message ?? `${stdout}${stderr}`}`]
}

/** A build leaves behind what has no source any more, and npm would publish it. */
function wrongFiles({ files }) {
  const all = new Set(files)
  const stems = (folder, ending) =>
    files.flatMap((path) =>
      path.startsWith(folder) ? (path.slice(folder.length).match(ending)?.[1] ?? []) : [],
    )
  const sources = new Set(stems('src/', /^(.+)\.tsx?$/))
  const built = new Set(stems('dist/', /^(.+?)(?:\.js|\.d\.ts)(?:\.map)?$/))
  return [
    ...['LICENSE', 'README.md'].filter((path) => !all.has(path)).map((path) => `${path} is missing`),
    ...files
      .filter((path) => TEST.test(path) || !EXPECTED.test(path))
      .map((path) => `${path} must not be published`),
    ...[...built]
      .filter((stem) => !sources.has(stem))
      .map((stem) => `dist/${stem} has no source any more: remove dist and build again`),
    ...[...sources]
      .flatMap((stem) => ['.js', '.d.ts', '.js.map', '.d.ts.map'].map((ending) => `dist/${stem}${ending}`))
      .filter((path) => !all.has(path))
      .map((path) => `${path} is missing: build again`),
  ]
}

function wrongManifest(manifest) {
  const { description, keywords, license, sideEffects, types, engines, scripts = {} } = manifest
  const facts = {
    description: Boolean(description),
    keywords: keywords?.length > 0,
    license: license === 'Apache-2.0',
    sideEffects: sideEffects === false,
    types: Boolean(types),
    engines: Boolean(engines?.node),
    scripts: ['preinstall', 'install', 'postinstall', 'prepare'].every((name) => !(name in scripts)),
    private: !('private' in manifest),
  }
  return [
    ...Object.keys(facts)
      .filter((fact) => !facts[fact])
      .map((fact) => `"${fact}" in package.json is missing or not what is published`),
    ...wrongRanges(manifest),
  ]
}

/** They are published together, so that a range which this very version satisfies can always be resolved. */
function wrongRanges({ dependencies, peerDependencies, optionalDependencies }) {
  return Object.entries({ ...dependencies, ...peerDependencies, ...optionalDependencies }).flatMap(
    ([name, range]) => {
      const version = versions.get(name)
      if (version === undefined)
        return /^(\w+:|\*$)/.test(range) ? [`${name}@${range} cannot be published`] : []
      return range === version || range === `^${version}`
        ? []
        : [`${name}@${range} does not take the ${version} that is published with it`]
    },
  )
}

/** Whatever the manifest points at is there, and only the private condition leads to sources. */
function wrongTargets({ manifest, files }) {
  const all = new Set(files)
  const targets = Object.values(manifest.exports).flatMap((entry) =>
    Object.entries(typeof entry === 'string' ? { default: entry } : entry),
  )
  const named = [...targets, ['types', manifest.types ?? ''], ...Object.entries(manifest.bin ?? {})]
  return [
    ...named
      .filter(([, path]) => !all.has(posix.normalize(path)))
      .map(([name, path]) => `${name}: ${path} is not in the package`),
    ...targets
      .filter(([condition, path]) => (condition === SOURCE) !== path.startsWith('./src/'))
      .map(([condition, path]) => `the condition ${condition} must not lead to ${path}`),
  ]
}

/** A debugger that follows a source map must arrive somewhere. */
function wrongMaps({ folder, files }) {
  const all = new Set(files)
  return files
    .filter((path) => path.endsWith('.map'))
    .flatMap((path) => {
      const { sourceRoot = '', sources } = JSON.parse(readFileSync(join(root, folder, path), 'utf8'))
      return sources
        .filter((source) => !all.has(posix.join(posix.dirname(path), sourceRoot, source)))
        .map((source) => `${path} leads to ${source}, which is not in the package`)
    })
}

/** On npm's page of a package, a link into the repository leads nowhere. */
function wrongPages({ folder, manifest, files }) {
  if (!files.includes('README.md') || !files.includes('LICENSE')) return []
  const page = readFileSync(join(root, folder, 'README.md'), 'utf8')
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)]*)\)/g)].map(([, link]) => link)
  return [
    ...(page.startsWith(`# ${manifest.name}\n`) ? [] : ['README.md does not begin with the name']),
    ...links.map((link) => `README.md links to ${link}, which npm does not show`),
    ...(readFileSync(join(root, folder, 'LICENSE'), 'utf8') === licence
      ? []
      : ['LICENSE is another than ours']),
  ]
}

/** A package that changesets does not hold together with the others gets a version of its own. */
function wrongConfig() {
  const { fixed } = JSON.parse(readFileSync(join(root, '.changeset/config.json'), 'utf8'))
  return JSON.stringify(fixed) === JSON.stringify([[...versions.keys()]])
    ? []
    : ['.changeset/config.json must keep exactly these packages at one version, by "fixed"']
}
