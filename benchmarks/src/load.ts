/** `bench load`: what a client pays for opening a document, from updates, from a snapshot, and in plain Yjs. */
import { randomUUID } from 'node:crypto'
import { generateSecret } from 'sealsync'
import * as Y from 'yjs'
import type { Loaded, LoadOrder } from './loader.ts'
import type { Applied, ApplyOrder } from './plain.ts'
import type { RelayProcess } from './relay.ts'
import { type Room, TEXT } from './room.ts'
import { applyPatch, type Trace, type TraceName, textAfter } from './trace.ts'
import { startWorker, type Worker } from './worker.ts'
import type { WriterOrder, WriterReport } from './writer.ts'

/** One way to open a document, measured several times. */
export interface Row {
  readonly name: string
  readonly edits: number
  readonly loads: readonly Load[]
}

type Load = Pick<Loaded, 'cpuMs' | 'wallMs' | 'bytes' | 'residentMb'>

/** Nothing that takes longer is worth measuring. */
const LOAD_MS = 120_000

export interface Setting {
  readonly relay: RelayProcess
  readonly name: TraceName
  readonly trace: Trace
  readonly runs: number
  /** Hears what is under way. */
  readonly tell: (what: string) => void
  /** Node options for the measured processes. */
  readonly nodeOptions: readonly string[]
}

/** One envelope per edit, no snapshot. */
export const loadFromUpdates = (setting: Setting, edits: number): Promise<Row> =>
  withWriter(setting, async (room, writer) => {
    await write(setting, writer, 0, edits, true)
    return await loadRoom(setting, room, 'updates, one envelope per edit', edits)
  })

/** A snapshot with `tail` envelopes of one edit each on top, and then a snapshot of all. */
export const loadFromSnapshot = (setting: Setting, edits: number, tail: number): Promise<readonly Row[]> =>
  withWriter(setting, async (room, writer) => {
    const rows: Row[] = []
    await write(setting, writer, 0, edits - tail, false)
    if (tail > 0) {
      await makeSnapshot(writer)
      await write(setting, writer, edits - tail, edits, true)
      rows.push(await loadRoom(setting, room, `snapshot and ${tail} updates`, edits))
    }
    await makeSnapshot(writer)
    rows.push(await loadRoom(setting, room, 'snapshot', edits))
    return rows
  })

/** The same content in plain Yjs: each update, and the whole state in both encodings. */
export const loadPlain = async (setting: Setting, edits: number): Promise<readonly Row[]> => {
  const { updates, stateV1, stateV2 } = typed(setting.trace, edits)
  return [
    await applyAll(setting, edits, 'plain Yjs, one update per edit', {
      type: 'apply',
      encoding: 'V1',
      updates,
    }),
    await applyAll(setting, edits, 'plain Yjs, state V1', {
      type: 'apply',
      encoding: 'V1',
      updates: [stateV1],
    }),
    await applyAll(setting, edits, 'plain Yjs, state V2', {
      type: 'apply',
      encoding: 'V2',
      updates: [stateV2],
    }),
  ]
}

const applyAll = async (setting: Setting, edits: number, name: string, order: ApplyOrder): Promise<Row> => {
  setting.tell(`${name}, ${setting.runs} times`)
  const bytes = order.updates.reduce((sum, update) => sum + update.length, 0)
  const loads: Load[] = []
  for (let run = 0; run < setting.runs; run += 1) {
    loads.push({ ...(await applyOnce(setting, order, edits)), bytes })
  }
  return { name, edits, loads }
}

const withWriter = async <T>(
  { relay, name }: Setting,
  use: (room: Room, writer: Worker<WriterOrder, WriterReport>) => Promise<T>,
): Promise<T> => {
  const room: Room = { url: relay.url, secret: generateSecret(), room: randomUUID() }
  const writer = startWorker<WriterOrder, WriterReport>(new URL('./writer.ts', import.meta.url))
  try {
    await writer.ready
    const opened = writer.next('opened')
    writer.send({ type: 'open', trace: name, ...room })
    await opened
    return await use(room, writer)
  } finally {
    await writer.kill()
  }
}

const write = async (
  { tell }: Setting,
  writer: Worker<WriterOrder, WriterReport>,
  from: number,
  to: number,
  single: boolean,
): Promise<void> => {
  const what = `writing edits ${from} to ${to}${single ? ', one envelope each' : ''}`
  tell(what)
  const stop = writer.listen((report) => {
    if (report.type === 'progress' && report.edits > from) tell(`${what}: at ${report.edits}`)
  })
  const written = writer.next('written')
  writer.send({ type: 'write', from, to, single })
  await written.finally(stop)
}

const makeSnapshot = async (writer: Worker<WriterOrder, WriterReport>): Promise<void> => {
  const made = writer.next('snapshot-made')
  writer.send({ type: 'snapshot' })
  await made
}

const loadRoom = async (setting: Setting, room: Room, name: string, edits: number): Promise<Row> => {
  setting.tell(`${name}, ${setting.runs} times`)
  const loads: Load[] = []
  for (let run = 0; run < setting.runs; run += 1) {
    const loaded = await loadOnce(room, setting.nodeOptions)
    assertText(setting.trace, edits, loaded)
    loads.push(loaded)
  }
  return { name, edits, loads }
}

/** Opens the document once, in a fresh process. */
export const loadOnce = async (room: Room, nodeOptions: readonly string[] = []): Promise<Loaded> => {
  const loader = startWorker<LoadOrder, Loaded>(new URL('./loader.ts', import.meta.url), nodeOptions)
  const timer = setTimeout(() => void loader.kill(), LOAD_MS)
  try {
    await loader.ready
    const loaded = loader.next('loaded')
    loader.send({ type: 'load', ...room })
    return await loaded
  } finally {
    await loader.end()
    clearTimeout(timer)
  }
}

const applyOnce = async (setting: Setting, order: ApplyOrder, edits: number): Promise<Applied> => {
  const worker = startWorker<ApplyOrder, Applied>(new URL('./plain.ts', import.meta.url), setting.nodeOptions)
  try {
    await worker.ready
    const applied = worker.next('applied')
    worker.send(order)
    const report = await applied
    assertText(setting.trace, edits, report)
    return report
  } finally {
    await worker.end()
  }
}

const typed = (trace: Trace, count: number) => {
  const doc = new Y.Doc()
  const text = doc.getText(TEXT)
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (const patch of trace.edits.slice(0, count)) doc.transact(() => applyPatch(text, patch))
  return { updates, stateV1: Y.encodeStateAsUpdate(doc), stateV2: Y.encodeStateAsUpdateV2(doc) }
}

const expected = new Map<number, string>()

/** A fast load of the wrong text is worth nothing. */
const assertText = (trace: Trace, edits: number, { text }: { readonly text: string }): void => {
  const right = expected.get(edits) ?? textAfter(trace, edits)
  expected.set(edits, right)
  if (text !== right) throw new Error(`loaded ${text.length} characters that are not those of the recording`)
}
