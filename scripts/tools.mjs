// What test.mjs and start.mjs share. Plain JavaScript on Node's own modules: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')

/** The pinned Node of devDependencies comes first, whatever Node started us. */
export const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}

/** Runs a command in the repository with our output; true if it succeeded. */
export function run(command, args, extraEnv = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...env, ...extraEnv },
    stdio: 'inherit',
  })
  if (error) console.error(`${command}: ${error.message}`)
  return status === 0
}

/** Installs what package-lock.json says, unless that has been done. */
export function ensureInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  console.log('Installing dependencies (npm ci) …')
  // Warnings only say that this Node is older than the one that is being installed.
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
    console.error('npm ci failed: see above; a network or a registry that answers is needed once')
    process.exit(1)
  }
}
