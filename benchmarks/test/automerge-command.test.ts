import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const command = fileURLToPath(new URL('../src/index.ts', import.meta.url))

test('bench automerge prints what was found and what edits cost, after comparing the text with the recording', async () => {
  const args = ['--conditions=sealsync-source', command, 'automerge', '--edits', '300', '--runs', '1']
  const { stdout } = await promisify(execFile)(process.execPath, [...args, '--lone', '2'], {
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  const lines = stdout.split('\n')
  for (const row of ['uploaded, finished', 'found by another device', 'plain Automerge: A.load'])
    expect(lines.some((line) => line.startsWith(`${row}  `) && line.includes('300'))).toBe(true)
  expect(lines.some((line) => line.startsWith('with the adapter  '))).toBe(true)
  expect(stdout).toContain(`Node ${process.versions.node}`)
  expect(stdout).toContain('compared with the recording')
}, 70_000)
