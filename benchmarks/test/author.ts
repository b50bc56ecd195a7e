/** One of two people who type into one document, in a process of its own. */
import { createRandom } from 'sealsync/testing'
import { SealsyncProvider } from 'sealsync/yjs'
import * as Y from 'yjs'
import { type Room, TEXT } from '../src/room.ts'
import { readSharedTrace } from '../src/trace.ts'
import { starter } from '../src/worker.ts'
import { type Agent, partsOf } from './ancestors.ts'
import { createDrops } from './drops.ts'
import { typeFreely } from './free.ts'
import { type Author, typeGated } from './gated.ts'
import { createMilestones } from './milestones.ts'
import { createNewsroom } from './news.ts'
import { clientOf, createCounter } from './typing.ts'

/** Items by client and clock. */
export type Range = readonly [client: number, clock: number, length: number]

export type AuthorOrder =
  | (Room & {
      readonly type: 'begin'
      readonly mode: 'gated' | 'free'
      readonly agent: Agent
      /** Length of the session's part that is typed, by both together. */
      readonly count: number
      readonly seed: number
    })
  /** So many transactions of this author are on the relay. */
  | { readonly type: 'visible'; readonly agent: Agent; readonly count: number }
  /** The other author holds so many of ours, and hears no more. */
  | { readonly type: 'taken'; readonly count: number }
  /** The relay was killed so many times. */
  | { readonly type: 'killed'; readonly count: number }

export type AuthorReport =
  | { readonly type: 'took'; readonly count: number }
  | { readonly type: 'reached'; readonly milestone: number }
  | { readonly type: 'alarm'; readonly kind: string; readonly message: string }
  | Finished

export interface Finished {
  readonly type: 'finished'
  readonly text: string
  readonly clientId: number
  /** By transaction: how many of the other author's were there. */
  readonly seen: readonly number[]
  /** Everything that this author has deleted. */
  readonly deleted: readonly Range[]
  readonly drops: number
}

const parent = starter<AuthorReport, AuthorOrder>()
const news = createNewsroom()

const begin = async (order: Extract<AuthorOrder, { type: 'begin' }>): Promise<void> => {
  const { url, secret, room, mode, agent, count, seed } = order
  const parts = partsOf(readSharedTrace('friendsforever'), count)
  const random = createRandom(seed)
  const doc = new Y.Doc()
  doc.clientID = clientOf(agent)
  const deleted: Range[] = []
  doc.on('afterTransaction', ({ local, deleteSet }: Y.Transaction) => {
    if (local) {
      for (const [client, items] of deleteSet.clients) {
        for (const { clock, len } of items) deleted.push([client, clock, len])
      }
    }
    news.stir()
  })
  // Snapshots as often and as early as can be, so that they land among all the rest.
  const snapshot = { afterUpdates: 100, idleMs: 0 }
  const provider = new SealsyncProvider(url, room, doc, { secret, snapshot, flushMs: 2, connect: false })
  provider.on('alarm', ({ kind, message }) => parent.send({ type: 'alarm', kind, message }))
  const drops = createDrops(provider, random)
  const part = parts[agent]
  const milestones = createMilestones(part.edits.length, news, (milestone) =>
    parent.send({ type: 'reached', milestone }),
  )
  const author: Author = { doc, provider, part, counter: createCounter(parts), news, drops, milestones }
  let seen: readonly number[] = []
  if (mode === 'gated') await typeGated(author, (took) => parent.send({ type: 'took', count: took }))
  else seen = await typeFreely(author, random)
  provider.resume()
  const dropped = drops.stop()
  await provider.saved()
  const text = doc.getText(TEXT).toString()
  parent.send({ type: 'finished', text, clientId: doc.clientID, seen, deleted, drops: dropped })
}

parent.listen((order) => {
  if (order.type === 'begin') void begin(order)
  else if (order.type === 'visible') news.sawVisible(order.agent, order.count)
  else if (order.type === 'taken') news.sawTaken(order.count)
  else news.sawKill(order.count)
})
