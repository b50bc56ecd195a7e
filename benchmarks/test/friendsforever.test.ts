/** Two friends type into one document at the same time, as recorded, while links drop and the relay is killed. */
import { expect, test } from 'vitest'
import { readSharedTrace } from '../src/trace.ts'
import { takeAccount } from './accounts.ts'
import { partsOf } from './ancestors.ts'
import { ALONE } from './free.ts'
import { KILLS } from './milestones.ts'
import { mergedText } from './reference.ts'
import { runSession } from './session.ts'
import { clientOf, countConcurrent, createCounter } from './typing.ts'

const isLong = process.env.SEALSYNC_LONG === '1'
const trace = readSharedTrace('friendsforever')
const count = isLong ? trace.edits.length : 3_000
const timeoutMs = isLong ? 20 * 60_000 : 60_000
const parts = partsOf(trace, count)
const counter = createCounter(parts)
const seed = Number(process.env.SEALSYNC_SEED ?? 1)

test('plain Yjs merges the whole recorded session into the recorded text', () => {
  const all = trace.edits.length
  expect(mergedText(trace, partsOf(trace, all), all)).toBe(trace.endContent)
})

test(
  'a session typed exactly as recorded ends as recorded, through dropped links and a killed relay',
  async () => {
    const { authors, third, kills, alarms } = await runSession({
      mode: 'gated',
      parts,
      counter,
      seed,
      timeoutMs,
    })
    const expected = mergedText(trace, parts, count)
    for (const [agent, author] of ([0, 1] as const).map((one) => [one, authors[one]] as const)) {
      expect(author.text).toBe(expected)
      expect(author.clientId).toBe(clientOf(agent))
      expect(author.drops).toBeGreaterThan(0)
    }
    if (count === trace.edits.length) expect(expected).toBe(trace.endContent)
    expect(third.text).toBe(expected)
    expect(kills).toBe(KILLS)
    expect(alarms).toEqual([])
  },
  timeoutMs + 10_000,
)

test(
  'two who type at once, as fast as they like, end with one text in which no character is lost',
  async () => {
    const { authors, third, kills, alarms } = await runSession({
      mode: 'free',
      parts,
      counter,
      seed: seed + 100,
      timeoutMs,
    })
    const [first, second] = authors
    expect(second.text).toBe(first.text)
    expect(third.text).toBe(first.text)
    const account = takeAccount(third.state, parts, [...first.deleted, ...second.deleted])
    expect(account).toMatchObject({ lost: 0, misjudged: 0, left: account.length })
    const concurrent = countConcurrent([first.seen, second.seen])
    console.log(`${concurrent} of ${count} transactions were concurrent with some of the other author's`)
    expect(concurrent).toBeGreaterThanOrEqual(2 * ALONE)
    expect(kills).toBe(KILLS)
    expect(alarms).toEqual([])
  },
  timeoutMs + 10_000,
)
