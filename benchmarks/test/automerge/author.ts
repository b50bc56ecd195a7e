/** One of two people who type into one document of a Repo, in a process of its own. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as A from '@automerge/automerge'
import { type AutomergeUrl, type DocHandle, Repo } from '@automerge/automerge-repo'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'
import { createRandom } from 'sealsync/testing'
import type { Note } from '../../src/automerge/note.ts'
import { readSharedTrace } from '../../src/trace.ts'
import { starter } from '../../src/worker.ts'
import { type Agent, type Part, partsOf } from '../ancestors.ts'
import { createDrops, type Drops } from '../drops.ts'
import { createMilestones, type Milestones } from '../milestones.ts'
import { createNewsroom } from '../news.ts'
import { createBranch, createHarvest } from './branch.ts'
import { createCable } from './cable.ts'

export type RepoAuthorOrder =
  | {
      readonly type: 'begin'
      readonly relay: string
      readonly secret: string
      readonly url: AutomergeUrl
      /** The document before anything is typed, saved. */
      readonly base: Uint8Array
      readonly agent: Agent
      /** Length of the session's part that is typed, by both together. */
      readonly count: number
      readonly seed: number
    }
  /** The relay was killed so many times. */
  | { readonly type: 'killed'; readonly count: number }
  /** It answers again. */
  | { readonly type: 'back' }

export type RepoAuthorReport =
  | { readonly type: 'reached'; readonly milestone: number }
  | { readonly type: 'stands'; readonly typed: number; readonly held: number }
  | { readonly type: 'alarm'; readonly kind: string; readonly message: string }
  | RepoFinished

export interface RepoFinished {
  readonly type: 'finished'
  readonly text: string
  readonly heads: readonly string[]
  readonly drops: number
}

interface Author {
  readonly handle: DocHandle<Note>
  readonly base: Uint8Array
  readonly part: Part
  readonly drops: Drops
  readonly milestones: Milestones
}

const EDITS_A_TURN = 8

const parent = starter<RepoAuthorReport, RepoAuthorOrder>()
const news = createNewsroom()
const cable = createCable()

/**
 * Types as it was recorded: each transaction onto exactly its ancestors, which are a branch beside the Repo's document.
 * That may hold more of the other author's, so nobody has to wait but for what the next transaction builds on.
 */
const typeAll = async ({ handle, base, part, drops, milestones }: Author): Promise<void> => {
  const { agent, edits, needs } = part
  const branch = createBranch(base, agent)
  const harvest = createHarvest(agent)
  let typed: A.Change[] = []
  let held = 0

  const handOver = async (): Promise<void> => {
    const changes = typed
    typed = []
    if (changes.length > 0) handle.update((note) => A.applyChanges(note, changes)[0])
    await nextTurn()
  }

  const take = async (need: number): Promise<void> => {
    if (need <= held) return
    await handOver()
    harvest.look(handle.doc())
    while (harvest.count() < need) {
      await news.changed()
      harvest.look(handle.doc())
    }
    branch.take(harvest.changes(held, need))
    held = need
  }

  for (const [i, edit] of edits.entries()) {
    await take(needs[i] ?? 0)
    await milestones.pass(i)
    typed.push(branch.type(edit))
    drops.tick()
    if (typed.length === EDITS_A_TURN) await handOver()
    parent.send({ type: 'stands', typed: i + 1, held })
  }
  await handOver()
  await take(needs.at(-1) ?? 0)
}

const begin = async (order: Extract<RepoAuthorOrder, { type: 'begin' }>): Promise<void> => {
  const { relay, secret, url, base, agent, count, seed } = order
  const part = partsOf(readSharedTrace('friendsforever'), count)[agent]
  // Snapshots as often and as early as can be, so that they land among all the rest.
  const snapshot = { afterUpdates: 100, idleMs: 0 }
  const adapter = new SealsyncNetworkAdapter(relay, { secret, snapshot, WebSocketPolyfill: cable.WebSocket })
  adapter.on('alarm', ({ kind, message }) => parent.send({ type: 'alarm', kind, message }))
  const repo = new Repo({ network: [adapter] })
  const handle = await repo.find<Note>(url)
  handle.on('heads-changed', news.stir)

  const drops = createDrops(cable, createRandom(seed))
  const milestones = createMilestones(part.edits.length, news, (milestone) =>
    parent.send({ type: 'reached', milestone }),
  )
  await typeAll({ handle, base, part, drops, milestones })
  const dropped = drops.stop()
  const isSaved = (): boolean => {
    const status = adapter.documentStatus(handle.documentId)
    return status?.synced === true && status.unsyncedChanges === 0
  }
  const look = setInterval(news.stir, 20)
  while (!isSaved()) await news.changed()
  clearInterval(look)
  const note = handle.doc()
  parent.send({ type: 'finished', text: note.text, heads: A.getHeads(note), drops: dropped })
}

parent.listen((order) => {
  if (order.type === 'begin') void begin(order)
  else if (order.type === 'killed') news.sawKill(order.count)
  else cable.hurry()
})
