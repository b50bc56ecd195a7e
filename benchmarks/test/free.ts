/**
 * Typing as fast as it goes, whatever the other author does meanwhile. Both begin alone, before they connect: on a busy
 * machine one of them might else be done before the other has started, and nothing would be typed at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Random } from 'sealsync/testing'
import { otherOf } from './ancestors.ts'
import type { Author } from './gated.ts'
import { fitTo, type as typeEdit } from './typing.ts'

/** So many edits may be unconfirmed: authors who wait for nothing at all would be done before they hear anything. */
const AHEAD = 300
const TURN_CHANCE = 0.2
/** So many edits each author types before it connects. */
export const ALONE = 100

/** Returns, for each transaction, how many of the other author's were there. */
export const typeFreely = async (author: Author, random: Random): Promise<readonly number[]> => {
  const { doc, provider, part, counter, news, drops, milestones } = author
  const other = otherOf(part.agent)
  const seen: number[] = []
  for (const edit of part.edits) {
    if (seen.length === ALONE) provider.connect()
    await milestones.pass(seen.length)
    seen.push(counter.held(doc, other))
    typeEdit(doc, edit, fitTo(doc))
    if (seen.length > ALONE) drops.tick()
    if (random.chance(TURN_CHANCE)) await nextTurn()
    while (provider.unsyncedChanges > AHEAD) await nextTurn()
  }
  const total = part.needs.at(-1) ?? 0
  while (counter.held(doc, other) < total) await news.changed()
  return seen
}
