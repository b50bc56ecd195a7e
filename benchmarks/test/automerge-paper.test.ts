/** The recorded writing of a paper, typed into a Repo in one process and found by another, beside plain Automerge. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editBytesBar, editCpuBar, findBar, memoryBar, restBar, uploadBar } from '../src/automerge/bars.ts'
import { type Measured, measure, type Setting } from '../src/automerge/measure.ts'
import { showDocuments, showEdits, showTalk } from '../src/automerge/report.ts'
import { type Bar, showBar } from '../src/bars.ts'
import { describeMachine } from '../src/machine.ts'
import { type RelayProcess, startRelayProcess } from '../src/relay.ts'
import { readTrace } from '../src/trace.ts'

const isLong = process.env.SEALSYNC_LONG === '1'
const trace = readTrace('automerge-paper')
const edits = isLong ? trace.edits.length : 1_200
const timeoutMs = isLong ? 40 * 60_000 : 90_000
/**
 * What a find takes whatever the document, with a relay on the same machine and other tests beside: some 70 ms when
 * nothing else runs. Below the second for which an adapter waits for a Repo that does not answer: having to wait shows.
 */
const FIXED_MS = isLong ? 0 : 800
/** Bars are held against the median: one run may meet a machine that stands still for a second. */
const RUNS = 3
/** Other tests run beside the small one, and a thread that is kept waiting seems to work. */
const BUSY = isLong ? 1 : 4

let relay: RelayProcess

beforeAll(async () => {
  relay = await startRelayProcess()
})

afterAll(async () => {
  await relay.remove()
})

const settingOf = (runs: number, lone: number): Setting => ({
  relay,
  name: 'automerge-paper',
  trace,
  edits,
  runs,
  lone,
  restMs: isLong ? 6_000 : 2_500,
  tell: (what) => isLong && console.log(`· ${what}`),
  nodeOptions: [],
})

const expectPassed = (bar: Bar): void => {
  console.log(showBar(bar))
  expect(bar.measured, bar.what).toBeLessThanOrEqual(bar.limit)
}

/** Once a document was found, adapter and Repo are silent; what they said before, with content only once. */
const expectQuiet = ({ finds }: Measured): void => {
  for (const { said, rest } of finds) {
    const contents = said.filter(({ by, bytes }) => by === 'adapter' && bytes > 1_000)
    expect(contents).toHaveLength(1)
    expect(rest.said).toEqual([])
  }
}

test(
  'a paper that was typed edit by edit is found by another device, as fast and as small as plain Automerge loads it',
  async () => {
    const measured = await measure(settingOf(RUNS, isLong ? 200 : 50), 'typed')
    console.log(`${describeMachine()}\n\n${showDocuments(measured, 'typed through the adapter')}`)
    console.log(`${showEdits(measured.edited, undefined)}\n\n${showTalk(measured.finds[0]?.said ?? [])}`)
    expect(measured.finds).toHaveLength(RUNS)
    expectQuiet(measured)
    expectPassed(findBar(measured, FIXED_MS))
    expectPassed(memoryBar(measured))
    expectPassed(restBar(measured))
    expectPassed(editBytesBar(measured))
    const cpu = editCpuBar(measured)
    expectPassed({ ...cpu, limit: BUSY * cpu.limit })
  },
  timeoutMs,
)

test(
  'a document that was finished before the adapter came goes up once, as a whole',
  async () => {
    const measured = await measure(settingOf(1, 0), 'finished')
    console.log(showDocuments(measured, 'uploaded, finished'))
    console.log(showTalk(measured.made.said))
    expectQuiet(measured)
    expectPassed(uploadBar(measured))
    // Change by change it would be dozens of times as much.
    expect(measured.made.sent).toBeLessThan(measured.savedBytes + 2_000)
  },
  timeoutMs,
)
