/** What was measured with a Repo, as tables. */
import { showSpread, spreadOf } from '../spread.ts'
import { showTable } from '../table.ts'
import type { Said } from './adapter-meter.ts'
import type { Edited } from './device.ts'
import type { Measured } from './measure.ts'
import type { Usage } from './usage.ts'

export const showDocuments = ({ edits, savedBytes, made, finds, plain }: Measured, how: string): string => {
  const row = (name: string, usages: readonly Usage[], bytes: readonly number[]): readonly string[] => {
    const show = (pick: (usage: Usage) => number): string => showSpread(spreadOf(usages.map(pick)), 0)
    return [
      name,
      edits.toLocaleString('en'),
      show(({ wallMs }) => wallMs),
      show(({ cpuMs }) => cpuMs),
      show(({ wasmMb }) => wasmMb),
      show(({ residentMb }) => residentMb),
      showSpread(spreadOf(bytes), 0),
    ]
  }
  return showTable(
    ['', 'edits', 'wall, ms', 'process CPU, ms', 'WebAssembly, MB', 'peak RSS, MB', 'bytes'],
    [
      row(how, [made], [made.sent]),
      row(
        'found by another device',
        finds,
        finds.map(({ received }) => received),
      ),
      row('plain Automerge: A.load', plain, [savedBytes]),
    ],
  )
}

export const showEdits = (edited: Edited | undefined, alone: Edited | undefined): string => {
  const row = (name: string, { bytes, cpuMs, acksMs, share }: Edited): readonly string[] => [
    name,
    `${bytes.length}`,
    share.adapterMs.toFixed(2),
    cpuMs.toFixed(1),
    showSpread(spreadOf(bytes), 0),
    acksMs.length === 0 ? '' : showSpread(spreadOf(acksMs), 1),
  ]
  return showTable(
    ['a lone edit', 'n', 'adapter CPU, ms', 'process CPU, ms', 'bytes sent', 'per word to the Repo, ms'],
    [
      ...(edited === undefined ? [] : [row('with the adapter', edited)]),
      ...(alone === undefined ? [] : [row('in a Repo without a network', alone)]),
    ],
  )
}

/** What adapter and Repo said to each other, and how long the Repo took for it. */
export const showTalk = (said: readonly Said[]): string =>
  showTable(
    ['said', 'bytes', 'until the next turn, ms'],
    said.map(({ by, type, bytes, tookMs }) => [
      `${by}: ${type}`,
      bytes.toLocaleString('en'),
      tookMs.toFixed(1),
    ]),
  )
