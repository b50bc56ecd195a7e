/** The command `latency`: from an edit in one process to its arrival in another, through a relay in a third. */
import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { generateSecret } from 'sealsync'
import { atLeastOne } from './arguments.ts'
import { describeMachine } from './machine.ts'
import { startRelayProcess } from './relay.ts'
import type { Room } from './room.ts'
import { quantile, showSpread, spreadOf } from './spread.ts'
import { showTable } from './table.ts'
import type { TypistOrder, TypistReport } from './typist.ts'
import { startWorker, type Worker } from './worker.ts'

interface LatencyOptions {
  readonly edits: number
  readonly every: number
  readonly runs: number
}

type Typist = Worker<TypistOrder, TypistReport>

export const addLatencyCommand = (program: Command): void => {
  program
    .command('latency')
    .description('two clients over loopback: from an edit to its arrival')
    .option('--edits <count>', 'edits per run, one character each', atLeastOne, 2_000)
    .option('--every <ms>', 'pause between two edits', atLeastOne, 5)
    .option('--runs <count>', 'runs, each with fresh processes and a fresh document', atLeastOne, 3)
    .action(latency)
}

const latency = async (options: LatencyOptions): Promise<void> => {
  const machine = describeMachine()
  const runs: (readonly number[])[] = []
  for (let run = 0; run < options.runs; run += 1) {
    process.stderr.write(`· run ${run + 1} of ${options.runs}\n`)
    runs.push(await measure(options))
  }
  const at = (share: number): string => showSpread(spreadOf(runs.map((delays) => quantile(delays, share))), 2)
  console.log(
    `\nEdit to remote apply, ${options.edits} edits, one every ${options.every} ms, ${options.runs} runs`,
  )
  console.log(`${machine}\n`)
  console.log(showTable(['', 'p50, ms', 'p99, ms', 'max, ms'], [['sealsync', at(0.5), at(0.99), at(1)]]))
  console.log('\nWriter, reader and relay (SQLite, every commit synced) are processes of their own.')
}

/** Delays in ms, ascending. */
const measure = async ({ edits, every }: LatencyOptions): Promise<readonly number[]> => {
  const relay = await startRelayProcess()
  const file = new URL('./typist.ts', import.meta.url)
  const writer: Typist = startWorker(file)
  const reader: Typist = startWorker(file)
  try {
    const room: Room = { url: relay.url, secret: generateSecret(), room: randomUUID() }
    for (const typist of [writer, reader]) await open(typist, room)
    const sent = writer.next('times')
    const seen = reader.next('times')
    reader.send({ type: 'note', edits })
    writer.send({ type: 'type', edits, everyMs: every })
    const [{ times: from }, { times: to }] = await Promise.all([sent, seen])
    return from.map((time, i) => Number((to[i] ?? 0n) - time) / 1e6).sort((a, b) => a - b)
  } finally {
    await Promise.all([writer.kill(), reader.kill()])
    await relay.remove()
  }
}

const open = async (typist: Typist, room: Room): Promise<void> => {
  await typist.ready
  const opened = typist.next('opened')
  typist.send({ type: 'open', ...room })
  await opened
}
