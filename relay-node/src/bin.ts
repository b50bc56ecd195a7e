#!/usr/bin/env node
/** The command `sealsync-relay`. What needs a newer Node is imported only after the version was checked. */
import { nodeProblem } from './node-version.ts'

const problem = nodeProblem(process.versions.node)
if (problem === undefined) {
  const { runCommand } = await import('./command.ts')
  await runCommand(process.argv)
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
