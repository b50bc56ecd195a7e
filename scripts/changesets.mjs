// The release notes that wait in .changeset, read as `changeset version` will read them. It needs no git for it, unlike
// `changeset status`, so that it says the same in a fresh clone of any branch.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ofCli = createRequire(createRequire(import.meta.url).resolve('@changesets/cli/package.json'))
const { parseChangesetFile } = await import(pathToFileURL(ofCli.resolve('@changesets/parse')).href)

/** What is wrong with the changesets in this folder; `names` are the packages that may be in them. */
export function wrongChangesets(folder, names) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .flatMap((file) => wrongChangeset(join(folder, file), names).map((problem) => `${file}: ${problem}`))
}

function wrongChangeset(path, names) {
  try {
    const { releases, summary } = parseChangesetFile(readFileSync(path, 'utf8'))
    return [
      ...(releases.length === 0 ? ['names no package'] : []),
      ...releases
        .filter(({ name }) => !names.includes(name))
        .map(({ name }) => `${name} is no package that is published`),
      ...(summary === '' ? ['says nothing'] : []),
    ]
  } catch (error) {
    return [error.message]
  }
}
