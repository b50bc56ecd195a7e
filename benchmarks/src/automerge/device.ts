/** One device with a Repo, in a process of its own: it makes the document, finds it, or edits it. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import * as A from '@automerge/automerge'
import {
  type AutomergeUrl,
  type DocHandle,
  generateAutomergeUrl,
  parseAutomergeUrl,
  Repo,
} from '@automerge/automerge-repo'
import { cryptoReady } from 'sealsync/protocol'
import { readTrace, type TraceName } from '../trace.ts'
import { starter } from '../worker.ts'
import { MeteredAdapter, type Said } from './adapter-meter.ts'
import { type CpuShare, sampleCpu } from './cpu-share.ts'
import { type Note, splicePatch } from './note.ts'
import { createSocketMeter } from './socket-meter.ts'
import { type Usage, usageSince } from './usage.ts'

export type DeviceOrder =
  /** `relay` empty: a Repo without any network. */
  | { readonly type: 'begin'; readonly relay: string; readonly secret: string }
  /** Types the first `edits` edits of a session, one change each, and makes a snapshot. */
  | { readonly type: 'type'; readonly trace: TraceName; readonly edits: number }
  /** Adds a document that was made elsewhere. */
  | { readonly type: 'import'; readonly saved: Uint8Array }
  /** `restMs`: how long to look at what happens afterwards. */
  | { readonly type: 'find'; readonly url: AutomergeUrl; readonly restMs: number }
  /** `edits` edits of one character, one change each, each when all before it is saved and told. */
  | { readonly type: 'edit'; readonly edits: number }

export type DeviceReport =
  | { readonly type: 'begun' }
  | { readonly type: 'progress'; readonly edits: number }
  | Made
  | Found
  | Edited

/** The document is on the relay's disk. */
export interface Made extends Usage {
  readonly type: 'made'
  readonly url: AutomergeUrl
  readonly sent: number
  readonly said: readonly Said[]
}

export interface Found extends Usage {
  readonly type: 'found'
  readonly text: string
  readonly heads: readonly string[]
  readonly received: number
  readonly said: readonly Said[]
  /** What happened after it was found. */
  readonly rest: { readonly said: readonly Said[]; readonly cpuMs: number; readonly received: number }
}

export interface Edited {
  readonly type: 'edited'
  /** Sent, by edit. */
  readonly bytes: readonly number[]
  /** Of the whole process, for each edit. */
  readonly cpuMs: number
  /** How long the Repo took for each time that it was told what the relay holds. */
  readonly acksMs: readonly number[]
  /** The same, of half as many other edits under a profiler. */
  readonly share: CpuShare
}

const EDITS_A_TURN = 50
const PROGRESS_EDITS = 20_000
/** So long a Repo gathers edits before it tells them. */
const REPO_THROTTLE_MS = 100
const MARGIN_MS = 20

const parent = starter<DeviceReport, DeviceOrder>()
const meter = createSocketMeter()
let adapter: MeteredAdapter | undefined
let repo = new Repo()
let handle: DocHandle<Note> | undefined

const begin = (relay: string, secret: string): void => {
  if (relay !== '') {
    adapter = new MeteredAdapter(relay, { secret, WebSocketPolyfill: meter.WebSocket })
    repo = new Repo({ network: [adapter] })
  }
  parent.send({ type: 'begun' })
}

/** Resolves once all is on the relay's disk; at once without a relay. */
const saved = async ({ documentId }: DocHandle<Note>): Promise<void> => {
  const isSaved = (): boolean => {
    const status = adapter?.documentStatus(documentId)
    return status?.synced === true && status.unsyncedChanges === 0
  }
  while (adapter !== undefined && !isSaved()) {
    await new Promise<void>((resolve) => setTimeout(resolve, 2))
  }
}

const reportMade = (made: DocHandle<Note>, usage: Usage): void => {
  handle = made
  parent.send({ type: 'made', url: made.url, sent: meter.sent(), said: adapter?.said ?? [], ...usage })
}

const typeAll = async (trace: TraceName, edits: number): Promise<void> => {
  const usage = usageSince()
  const typed = repo.create<Note>({ text: '' })
  for (const [i, patch] of readTrace(trace).edits.slice(0, edits).entries()) {
    typed.change((note) => splicePatch(note, patch))
    if (i % EDITS_A_TURN === 0) await nextTurn()
    if (i % PROGRESS_EDITS === 0) parent.send({ type: 'progress', edits: i })
  }
  await sleep(REPO_THROTTLE_MS + MARGIN_MS)
  await saved(typed)
  await adapter?.compact(typed.documentId)
  await saved(typed)
  reportMade(typed, usage())
}

const importAll = async (bytes: Uint8Array): Promise<void> => {
  const { documentId } = parseAutomergeUrl(generateAutomergeUrl())
  // With an id it is loaded into place; without one there would be a second copy in WebAssembly's memory.
  const imported = repo.import<Note>(bytes, { docId: documentId })
  const usage = usageSince()
  await saved(imported)
  reportMade(imported, usage())
}

const find = async (url: AutomergeUrl, restMs: number): Promise<void> => {
  const measured = usageSince()
  const found = await repo.find<Note>(url)
  const { text } = found.doc()
  const usage = measured()
  const received = meter.received()
  const said = adapter?.said.splice(0) ?? []
  await nextTurn()
  const restUsage = usageSince()
  await sleep(restMs)
  const rest = { said: adapter?.said ?? [], cpuMs: restUsage().cpuMs, received: meter.received() - received }
  handle = found
  parent.send({ type: 'found', text, heads: A.getHeads(found.doc()), received, said, rest, ...usage })
}

const editOnce = async (target: DocHandle<Note>): Promise<number> => {
  const before = meter.sent()
  target.change((note) => splicePatch(note, [Math.floor(note.text.length / 2), 0, 'x']))
  await sleep(REPO_THROTTLE_MS + MARGIN_MS)
  await saved(target)
  return meter.sent() - before
}

const edit = async (target: DocHandle<Note>, edits: number): Promise<void> => {
  const bytes: number[] = []
  adapter?.said.splice(0)
  const usage = usageSince()
  for (let i = 0; i < edits; i += 1) bytes.push(await editOnce(target))
  const { cpuMs } = usage()
  await nextTurn()
  const acks = adapter?.said.filter(({ by }) => by === 'adapter') ?? []
  const endSampling = await sampleCpu()
  const profiled = Math.ceil(edits / 2)
  for (let i = 0; i < profiled; i += 1) await editOnce(target)
  const { adapterMs, repoMs } = await endSampling()
  const share = { adapterMs: adapterMs / profiled, repoMs: repoMs / profiled }
  parent.send({
    type: 'edited',
    bytes,
    cpuMs: cpuMs / edits,
    acksMs: acks.map(({ tookMs }) => tookMs),
    share,
  })
}

await cryptoReady
// Node loads its WebSocket when it is first looked at; that is a module load.
if (typeof WebSocket === 'undefined') throw new Error('this Node has no WebSocket')
parent.listen((order) => {
  switch (order.type) {
    case 'begin':
      begin(order.relay, order.secret)
      return
    case 'type':
      void typeAll(order.trace, order.edits)
      return
    case 'import':
      void importAll(order.saved)
      return
    case 'find':
      void find(order.url, order.restMs)
      return
    case 'edit':
      if (handle === undefined) throw new Error('edit before there is a document')
      void edit(handle, order.edits)
  }
})
