/** The command `automerge`: what a document of an automerge-repo app costs through a relay. */
import { type Command, Option } from 'commander'
import { atLeastOne, countOrAll } from './arguments.ts'
import { editBytesBar, editCpuBar, findBar, memoryBar, restBar, uploadBar } from './automerge/bars.ts'
import { measure, measureAlone, type Setting } from './automerge/measure.ts'
import { showDocuments, showEdits, showTalk } from './automerge/report.ts'
import { BAR_EDITS, showBar } from './bars.ts'
import { describeMachine } from './machine.ts'
import { startRelayProcess } from './relay.ts'
import { readTrace, TRACES } from './trace.ts'

interface AutomergeOptions {
  /** 0: all of them. */
  readonly edits: number
  readonly runs: number
  readonly lone: number
  readonly how: 'typed' | 'finished'
  readonly profile: boolean
}

export const addAutomergeCommand = (program: Command): void => {
  program
    .command('automerge')
    .description('documents of automerge-repo: upload, find and lone edits, beside plain Automerge')
    .option('--edits <count>', `how many edits of ${TRACES[0]}; 0 or all: all`, countOrAll, BAR_EDITS)
    .option('--runs <count>', 'finds and loads, each in a fresh process', atLeastOne, 5)
    .option('--lone <count>', 'edits of one character whose price is measured', atLeastOne, 100)
    .addOption(
      new Option('--how <way>', 'typed through the adapter edit by edit, or made before it')
        .choices(['typed', 'finished'])
        .default('finished'),
    )
    .option('--profile', 'write a CPU profile of each process to the working directory', false)
    .action(automerge)
}

/** Long enough to see an acknowledgement and what comes of it, and a snapshot if one were due. */
const REST_MS = 6_000

const automerge = async ({ edits: wanted, runs, lone, how, profile }: AutomergeOptions): Promise<void> => {
  const [name] = TRACES
  const trace = readTrace(name)
  const edits = wanted === 0 ? trace.edits.length : Math.min(wanted, trace.edits.length)
  const machine = describeMachine()
  const relay = await startRelayProcess()
  try {
    const setting: Setting = {
      relay,
      name,
      trace,
      edits,
      runs,
      lone,
      restMs: REST_MS,
      tell: (what) => process.stderr.write(`· ${what}\n`),
      nodeOptions: profile ? ['--cpu-prof', '--cpu-prof-interval=200'] : [],
    }
    const measured = await measure(setting, how)
    const alone = await measureAlone(setting)
    console.log(`\nA document of automerge-repo, ${name}: median [min..max] of ${runs}, a fresh process each`)
    console.log(`${machine}\n`)
    console.log(showDocuments(measured, how === 'typed' ? 'typed through the adapter' : 'uploaded, finished'))
    console.log(`\n${showEdits(measured.edited, alone)}`)
    console.log(`\nThe talk of the last find\n\n${showTalk(measured.finds.at(-1)?.said ?? [])}`)
    console.log(`\n${WHAT_IS_INSIDE}\n`)
    if (edits < trace.edits.length) return
    const bars = [
      findBar,
      memoryBar,
      restBar,
      ...(how === 'typed' ? [] : [uploadBar]),
      editBytesBar,
      editCpuBar,
    ]
    for (const bar of bars) console.log(showBar(bar(measured)))
  } finally {
    await relay.remove()
  }
}

const WHAT_IS_INSIDE = `Found: from before repo.find() until the text was read, in a process without storage that has just started: keys,
connection to a relay in another process, checking, opening, and all that the Repo does. A.load: the same document as
plain Automerge saves it, until the text was read. Not inside: loading modules. Uploaded: from the end of repo.import()
until it is on the relay's disk. Process CPU is user and system time of all threads, WebAssembly memory and RSS are
peaks. Bytes are those of all messages, greeting and WebSocket headers among them; of A.load, of the document. A lone
edit is one change of one character, made when all before it was saved; adapter CPU is by CPU profile, of half as many
edits, what sealsync and the libraries it calls used; a word to the Repo says that all is on the relay, at most once in
a second. Every text that was loaded was compared with the recording.`
