/**
 * Typing as it was recorded: each transaction exactly when the replica holds its ancestors and nothing else.
 *
 * An author hears nothing but while it takes what its next transaction builds on. So that this is exactly the count
 * it needs, nothing beyond a *cut* of the other author (a count that somebody builds on) may be on the relay before
 * that cut was taken: what is typed beyond it is held back until then.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SealsyncProvider } from 'sealsync/yjs'
import type { Doc } from 'yjs'
import { otherOf, type Part } from './ancestors.ts'
import type { Drops } from './drops.ts'
import type { Milestones } from './milestones.ts'
import type { News } from './news.ts'
import { type Counter, type as typeEdit } from './typing.ts'

const EDITS_A_TURN = 8

export interface Author {
  readonly doc: Doc
  /** Not connected yet. */
  readonly provider: SealsyncProvider
  readonly part: Part
  readonly counter: Counter
  readonly news: News
  readonly drops: Drops
  readonly milestones: Milestones
}

/** `tookIt` is called when so many of the other author's transactions are held, and hearing is paused again. */
export const typeGated = async (author: Author, tookIt: (count: number) => void): Promise<void> => {
  const { doc, provider, part, counter, news, drops, milestones } = author
  const { agent, edits, needs, cuts } = part
  const other = otherOf(agent)
  let typed = 0
  let held = 0
  /** How many of our cuts are on the relay. */
  let released = 0
  let isSending = true

  const send = (): void => {
    if (isSending) return
    isSending = true
    provider.resume({ send: true })
  }

  const release = async (cut: number): Promise<void> => {
    send()
    provider.flush()
    while (news.visible(agent) < cut) await news.changed()
    provider.pause({ send: true })
    isSending = false
    released += 1
  }

  const take = async (need: number): Promise<void> => {
    provider.resume({ receive: true })
    while (counter.held(doc, other) < need) await news.changed()
    provider.pause({ receive: true })
    held = need
    tookIt(need)
  }

  const typeNext = (need: number): void => {
    const holds = counter.held(doc, other)
    if (holds !== need) throw new Error(`transaction ${typed} builds on ${need}, the replica holds ${holds}`)
    const edit = edits[typed]
    if (edit === undefined) throw new Error('typed beyond the end')
    typeEdit(doc, edit)
    typed += 1
    drops.tick()
  }

  await new Promise<void>((resolve) => {
    provider.on('sync', (isSynced) => {
      if (isSynced) resolve()
    })
    provider.connect()
  })
  provider.pause({ receive: true })
  for (;;) {
    const need = needs[typed] ?? 0
    const cut = cuts[released]
    if (cut === undefined && typed === edits.length && held === need) return
    const isTaken = news.taken() >= (cuts[released - 1] ?? 0)
    if (cut === typed && isTaken) {
      await release(cut)
    } else if (need > held && news.visible(other) === need) {
      await take(need)
    } else if (need === held && cut !== undefined && typed < cut) {
      if (isTaken) send()
      await milestones.pass(typed)
      typeNext(need)
      if (typed % EDITS_A_TURN === 0) await nextTurn()
    } else {
      await news.changed()
    }
  }
}
