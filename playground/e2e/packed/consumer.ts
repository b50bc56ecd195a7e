/** A project of its own outside the repository, that has installed the packages from their tarballs. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Packed } from '../../../scripts/packages.mjs'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const NEEDS =
  "the packages could not be installed: that needs npm's cache as `npm ci` fills it, or a registry that answers"

interface LockEntry {
  readonly version: string
  readonly link?: true
}

export interface Consumer {
  readonly directory: string
  /** Runs a command there. What it printed; rejects with that if it fails. */
  run(command: string, ...args: readonly string[]): Promise<string>
  /** What happens to whoever imports each door of our packages from Node: `ok`, or code and message of the error. */
  importDoors(): Promise<Readonly<Record<string, string>>>
  /** What tsc says of it, under a configuration like that of a strict app. */
  typecheck(options: object, ...files: readonly string[]): Promise<string>
  remove(): void
}

/** Its sources are those of the fixture `name`; its dependencies have the versions that the repository has locked. */
export const installConsumer = async (
  name: string,
  packages: readonly Packed[],
  dependencies: readonly string[],
): Promise<Consumer> => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), `sealsync-${name}-`)))
  const run = runIn(directory)
  cpSync(new URL(name, import.meta.url), directory, { recursive: true })

  const lock: { readonly packages: Readonly<Record<string, LockEntry>> } = readJson('package-lock.json')
  const { overrides }: { readonly overrides: object } = readJson('package.json')
  const manifest = {
    name: `packed-${name}`,
    private: true,
    type: 'module',
    scripts: { build: 'vite build' },
    dependencies: {
      ...Object.fromEntries(dependencies.map((one) => [one, lock.packages[`node_modules/${one}`]?.version])),
      ...Object.fromEntries(packages.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`])),
    },
    overrides,
  }
  // Begun with our lock, from which npm takes what it needs: what others publish tomorrow must not break us today.
  const locked = Object.entries(lock.packages).filter(
    ([path, { link }]) => path.startsWith('node_modules/') && !link,
  )
  const writeJson = (path: string, content: object): void =>
    writeFileSync(join(directory, path), JSON.stringify(content))
  writeJson('package.json', manifest)
  writeJson('package-lock.json', {
    name: manifest.name,
    lockfileVersion: 3,
    requires: true,
    packages: Object.fromEntries(locked),
  })
  try {
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', 'install', '--prefer-offline', '--ignore-scripts', ...quiet)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw new Error(NEEDS, { cause: error })
  }

  return {
    directory,
    run,
    importDoors: async () => {
      const doors = packages.flatMap(({ manifest }) =>
        Object.keys(manifest.exports).map((door) => `${manifest.name}${door.slice(1)}`),
      )
      const program = `
        const seen = {}
        for (const door of ${JSON.stringify(doors)}) {
          seen[door] = await import(door).then(() => 'ok', ({ code, message }) => code + ': ' + message)
        }
        process.stdout.write(JSON.stringify(seen))`
      return JSON.parse(await run(process.execPath, '--input-type=module', '--eval', program))
    },
    typecheck: (options, ...files) => {
      const strict = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, target: 'ES2022' }
      writeJson('tsconfig.json', { compilerOptions: { ...strict, ...options }, files })
      return run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '--pretty', 'false')
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

const readJson = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))

/** What the npm that runs the tests was asked to do is not for the npm that they run. */
const ASKED = /^npm_config_(call|dry_run|local_prefix|omit|package|package_lock_only|workspaces?)$/i

const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ASKED.test(name))),
  // The Node that runs us comes first: npm and what it starts take theirs from the path.
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
}

const runIn =
  (cwd: string) =>
  (command: string, ...args: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile(command, args, { cwd, env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }))
      })
    })
