// The packages that are published, and how they are packed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { env, root } from './tools.mjs'

/** The folders of what is published, in the order in which one needs the other. */
export const published = ['providers', 'react-hooks', 'relay-node']

/** Packs what was built last into an emptied directory, as it would be published. */
export function packInto(directory) {
  const unbuilt = published.filter((folder) => !existsSync(join(root, folder, 'dist/index.js')))
  if (unbuilt.length > 0) throw new Error(`not built: ${unbuilt.join(', ')}; run npm run build first`)

  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const workspaces = published.flatMap((folder) => ['-w', folder])
  const { status, stdout, stderr, error } = spawnSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory, ...workspaces],
    { cwd: root, env, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`npm pack failed: ${error?.message ?? stderr}`)
  const packed = JSON.parse(stdout)
  return published.map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const { filename, files, size } = packed.find(({ name }) => name === manifest.name)
    return {
      folder,
      manifest,
      tarball: join(directory, filename),
      sizeBytes: size,
      files: files.map(({ path }) => path),
    }
  })
}
