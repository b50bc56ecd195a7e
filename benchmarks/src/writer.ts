/** Types a recorded session into a document, in a process of its own. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SealsyncProvider } from 'sealsync/yjs'
import { Doc } from 'yjs'
import { type Room, TEXT } from './room.ts'
import { applyPatch, type Patch, readTrace, type TraceName } from './trace.ts'
import { starter } from './worker.ts'

export type WriterOrder =
  | (Room & { readonly type: 'open'; readonly trace: TraceName })
  /** Edits `from` up to, not including, `to`; `single`: each in an envelope of its own. */
  | { readonly type: 'write'; readonly from: number; readonly to: number; readonly single: boolean }
  | { readonly type: 'snapshot' }

export type WriterReport =
  | { readonly type: 'opened' }
  | { readonly type: 'progress'; readonly edits: number }
  /** All of it is on the relay's disk. */
  | { readonly type: 'written' }
  | { readonly type: 'snapshot-made' }

/** So many edits may wait for their acknowledgement: enough to keep the relay busy. */
const PIPELINE = 1_000
const EDITS_A_TURN = 50
const EDITS_A_TRANSACTION = 100
const PROGRESS_EDITS = 25_000

const parent = starter<WriterReport, WriterOrder>()
const doc = new Doc()
const text = doc.getText(TEXT)
let edits: readonly Patch[] = []
let provider: SealsyncProvider | undefined

const open = ({ url, secret, room, trace }: Extract<WriterOrder, { type: 'open' }>): void => {
  edits = readTrace(trace).edits
  provider = new SealsyncProvider(url, room, doc, { secret, snapshot: false })
  parent.send({ type: 'opened' })
}

const write = async (target: SealsyncProvider, from: number, to: number, single: boolean): Promise<void> => {
  const step = single ? 1 : EDITS_A_TRANSACTION
  for (let at = from; at < to; at += step) {
    const some = edits.slice(at, Math.min(at + step, to))
    doc.transact(() => {
      for (const patch of some) applyPatch(text, patch)
    })
    if (single) target.flush()
    if (at % EDITS_A_TURN === 0) await nextTurn()
    while (target.unsyncedChanges > PIPELINE) await nextTurn()
    if (at % PROGRESS_EDITS === 0) parent.send({ type: 'progress', edits: at })
  }
  await target.saved()
  parent.send({ type: 'written' })
}

const snapshot = async (target: SealsyncProvider): Promise<void> => {
  if (!(await target.snapshot())) throw new Error('the snapshot was not taken')
  await target.saved()
  parent.send({ type: 'snapshot-made' })
}

parent.listen((order) => {
  if (order.type === 'open') return open(order)
  if (provider === undefined) throw new Error(`${order.type} before open`)
  if (order.type === 'write') void write(provider, order.from, order.to, order.single)
  else void snapshot(provider)
})
