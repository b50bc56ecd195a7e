/** The command `load`: which rows there are, and how they are shown. */
import { type Command, Option } from 'commander'
import { atLeastOne, count, countOrAll } from './arguments.ts'
import { BAR_EDITS, showBar, snapshotBar, updatesBar } from './bars.ts'
import { loadFromSnapshot, loadFromUpdates, loadPlain, type Row, type Setting } from './load.ts'
import { describeMachine } from './machine.ts'
import { startRelayProcess } from './relay.ts'
import { showSpread, spreadOf } from './spread.ts'
import { showTable } from './table.ts'
import { readTrace, TRACES, type TraceName } from './trace.ts'

interface LoadOptions {
  readonly trace: TraceName
  /** 0: all of them. */
  readonly edits: number
  readonly runs: number
  readonly tail: number
  readonly bars: boolean
  readonly profile: boolean
}

export const addLoadCommand = (program: Command): void => {
  program
    .command('load')
    .description('what a client pays for opening a document: from updates, from a snapshot, in plain Yjs')
    .addOption(new Option('--trace <name>', 'recorded session').choices(TRACES).default(TRACES[0]))
    .option('--edits <count>', 'how many of its edits; 0 or all: all', countOrAll, BAR_EDITS)
    .option('--runs <count>', 'loads per row, each in a fresh process', atLeastOne, 5)
    .option('--tail <count>', 'updates on top of the snapshot', count, 200)
    .option('--no-bars', 'leave out the two bars, which have sizes of their own')
    .option('--profile', 'write a CPU profile of each load to the working directory', false)
    .action(load)
}

const load = async (options: LoadOptions): Promise<void> => {
  const trace = readTrace(options.trace)
  const edits = options.edits === 0 ? trace.edits.length : Math.min(options.edits, trace.edits.length)
  const tail = Math.min(options.tail, edits - 1)
  const machine = describeMachine()
  const relay = await startRelayProcess()
  try {
    const setting: Setting = {
      relay,
      name: options.trace,
      trace,
      runs: options.runs,
      tell: (what) => process.stderr.write(`· ${what}\n`),
      nodeOptions: options.profile ? ['--cpu-prof', '--cpu-prof-interval=200'] : [],
    }
    const updates = await loadFromUpdates(setting, edits)
    const snapshots = await loadFromSnapshot(setting, edits, tail)
    const rows = [updates, ...snapshots, ...(await loadPlain(setting, edits))]
    const bars = options.bars ? await measureBars(setting, [updates, ...snapshots]) : []
    console.log(`\nCold load, ${options.trace}: median [min..max] of ${options.runs}, a fresh process each`)
    console.log(`${machine}\n`)
    console.log(showRows([...rows, ...bars.flatMap(({ row }) => (rows.includes(row) ? [] : [row]))]))
    console.log(`\n${WHAT_IS_INSIDE}\n`)
    for (const { bar } of bars) console.log(showBar(bar))
  } finally {
    await relay.remove()
  }
}

/** From the rows at hand if they have the right size; measured in addition otherwise. */
const measureBars = async (setting: Setting, rows: readonly Row[]) => {
  const all = setting.trace.edits.length
  const found = (name: string, edits: number): Row | undefined =>
    rows.find((row) => row.name.startsWith(name) && row.edits === edits)
  const snapshot = found('snapshot', all) === undefined ? await loadFromSnapshot(setting, all, 0) : rows
  const updates = found('updates', BAR_EDITS) ?? (await loadFromUpdates(setting, BAR_EDITS))
  const bare = snapshot.find((row) => row.name === 'snapshot' && row.edits === all)
  return [
    ...(bare === undefined ? [] : [{ row: bare, bar: snapshotBar(bare) }]),
    { row: updates, bar: updatesBar(updates) },
  ]
}

const showRows = (rows: readonly Row[]): string =>
  showTable(
    ['load from', 'edits', 'client CPU, ms', 'wall, ms', 'bytes received', 'peak RSS, MB'],
    rows.map(({ name, edits, loads }) => {
      const show = (pick: (load: Row['loads'][number]) => number, digits: number): string =>
        showSpread(spreadOf(loads.map(pick)), digits)
      return [
        name,
        edits.toLocaleString('en'),
        show(({ cpuMs }) => cpuMs, 0),
        show(({ wallMs }) => wallMs, 0),
        show(({ bytes }) => bytes, 0),
        show(({ residentMb }) => residentMb, 0),
      ]
    }),
  )

const WHAT_IS_INSIDE = `Measured from before new SealsyncProvider() until it is synced, in a process that has just started: deriving keys,
connecting to a relay in another process, all frames, checking signatures and hashes, opening, inflating, applying.
Not inside: loading modules, starting libsodium. CPU is user and system time of all threads. Bytes are those of the
document's frames, without the connection's greeting and WebSocket headers. Peak RSS is that of the whole process.
Plain Yjs: only applying, in one transaction; its bytes are the updates themselves. The text of every load was
compared with the recording.`
