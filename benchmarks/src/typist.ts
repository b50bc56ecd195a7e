/** One of two clients whose edits are timed: it types, or it notes when the other one's characters arrive. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SealsyncProvider } from 'sealsync/yjs'
import { Doc, type YTextEvent } from 'yjs'
import { type Room, TEXT } from './room.ts'
import { starter } from './worker.ts'

export type TypistOrder =
  | (Room & { readonly type: 'open' })
  | { readonly type: 'type'; readonly edits: number; readonly everyMs: number }
  | { readonly type: 'note'; readonly edits: number }

export type TypistReport =
  | { readonly type: 'opened' }
  /** By edit: when, in ns of the clock that all processes of a machine share. */
  | { readonly type: 'times'; readonly times: readonly bigint[] }

const parent = starter<TypistReport, TypistOrder>()
const doc = new Doc()
const text = doc.getText(TEXT)

const open = async ({ url, secret, room }: Room): Promise<void> => {
  // Snapshots have a benchmark of their own.
  const provider = new SealsyncProvider(url, room, doc, { secret, snapshot: false })
  await provider.whenSynced
  parent.send({ type: 'opened' })
}

const typeAll = async (edits: number, everyMs: number): Promise<void> => {
  const times: bigint[] = []
  for (let i = 0; i < edits; i += 1) {
    times.push(process.hrtime.bigint())
    text.insert(text.length, 'x')
    await sleep(everyMs)
  }
  parent.send({ type: 'times', times })
}

const noteAll = (edits: number): void => {
  const times: bigint[] = []
  const note = (event: YTextEvent): void => {
    const now = process.hrtime.bigint()
    for (const { insert } of event.changes.delta) {
      if (typeof insert === 'string') for (let i = 0; i < insert.length; i += 1) times.push(now)
    }
    if (times.length < edits) return
    text.unobserve(note)
    parent.send({ type: 'times', times })
  }
  text.observe(note)
}

parent.listen((order) => {
  if (order.type === 'open') void open(order)
  else if (order.type === 'type') void typeAll(order.edits, order.everyMs)
  else noteAll(order.edits)
})
