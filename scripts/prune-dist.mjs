// Removes from the dist of the package it runs in what has no source any more: tsc leaves it there, and npm would
// publish it. It runs after tsc, so that a build that fails leaves the last one in place.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

for (const path of readdirSync('dist', { recursive: true })) {
  const stem = path.replace(/(\.d\.ts|\.js)(\.map)?$/, '')
  const hasSource = ['', '.ts', '.tsx'].some((ending) => existsSync(join('src', `${stem}${ending}`)))
  // A directory that is gone takes with it what the list still names.
  if (!hasSource && existsSync(join('dist', path))) rmSync(join('dist', path), { recursive: true })
}
