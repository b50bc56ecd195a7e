import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const command = fileURLToPath(new URL('../src/index.ts', import.meta.url))

test('bench load prints every row, after comparing what was loaded with the recording', async () => {
  const args = ['--conditions=sealsync-source', command, 'load', '--edits', '500', '--runs', '1', '--no-bars']
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  const rows = [
    'updates, one envelope per edit',
    'snapshot and 200 updates',
    'snapshot',
    'plain Yjs, one update per edit',
    'plain Yjs, state V1',
    'plain Yjs, state V2',
  ]
  const lines = stdout.split('\n')
  for (const row of rows)
    expect(lines.some((line) => line.startsWith(`${row}  `) && line.includes('500'))).toBe(true)
  expect(stdout).toContain(`Node ${process.versions.node}`)
  expect(stdout).toContain('compared with the recording')
}, 70_000)
