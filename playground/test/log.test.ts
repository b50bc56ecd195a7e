import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

test('a log keeps the last entries, and its snapshot until something is pushed', () => {
  const log = createLog<number>(2)
  let calls = 0
  const stop = log.subscribe(() => calls++)
  for (const entry of [1, 2, 3]) log.push(entry)
  expect(log.getSnapshot()).toEqual([2, 3])
  expect(log.getSnapshot()).toBe(log.getSnapshot())
  stop()
  log.push(4)
  expect(calls).toBe(3)
})
