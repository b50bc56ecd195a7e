/** Two friends with Repos type into one document at the same time, while links drop and the relay is killed. */
import { expect, test } from 'vitest'
import { readSharedTrace } from '../src/trace.ts'
import { partsOf } from './ancestors.ts'
import { mergedNote } from './automerge/reference.ts'
import { runRepoSession } from './automerge/session.ts'
import { KILLS } from './milestones.ts'

const isLong = process.env.SEALSYNC_LONG === '1'
const trace = readSharedTrace('friendsforever')
const count = isLong ? trace.edits.length : 1_500
const timeoutMs = isLong ? 40 * 60_000 : 90_000
const parts = partsOf(trace, count)
const seed = Number(process.env.SEALSYNC_SEED ?? 1)

test(
  'a session typed into two Repos exactly as recorded ends with the history of plain Automerge, change by change',
  async () => {
    const { authors, third, kills, alarms } = await runRepoSession({ parts, seed, timeoutMs })
    const expected = mergedNote(trace, parts, count)
    for (const author of authors) {
      expect(author.text).toBe(expected.text)
      expect(author.heads).toEqual(expected.heads)
      expect(author.drops).toBeGreaterThan(0)
    }
    expect(third.text).toBe(expected.text)
    expect(third.heads).toEqual(expected.heads)
    if (count === trace.edits.length) expect(expected.text).toBe(trace.endContent)
    expect(kills).toBe(KILLS)
    expect(alarms).toEqual([])
  },
  timeoutMs + 10_000,
)
