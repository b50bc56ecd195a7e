/** What figures depend on besides the code. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'
import { dirname, join } from 'node:path'

/** One line: processor, cores, memory, load, Node, versions. */
export const describeMachine = (): string => {
  const all = cpus()
  const model = all[0]?.model.trim() ?? 'unknown processor'
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const load = loadavg()[0]?.toFixed(1) ?? '?'
  return [
    `${model}, ${all.length} cores, ${gigabytes} GiB, load ${load} before`,
    `${platform()} ${arch()}, Node ${process.versions.node}`,
    `sealsync ${versionOf(new URL('../../providers/package.json', import.meta.url))}`,
    `yjs ${versionOf(manifestOf('yjs'))}`,
    `Automerge ${versionOf(manifestOf('@automerge/automerge'))}`,
    `automerge-repo ${versionOf(manifestOf('@automerge/automerge-repo'))}`,
  ].join(' · ')
}

/** Not every package lets its manifest be imported: it is looked for above its entry. */
const manifestOf = (name: string): string => {
  let folder = dirname(createRequire(import.meta.url).resolve(name))
  while (!folder.endsWith(join('node_modules', name))) folder = dirname(folder)
  return join(folder, 'package.json')
}

const versionOf = (manifest: string | URL): string => {
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'))
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return '?'
  return String(parsed.version)
}
