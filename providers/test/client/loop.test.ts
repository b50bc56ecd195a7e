import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { now } from '../../src/client/clock.ts'
import { createLoop } from '../../src/client/loop.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A machine that notes what it is given, and gives it back as an effect. */
const setUp = (onEffect: (effect: string) => void = () => undefined) => {
  const seen: string[] = []
  const state: { wakeAt: number | undefined; settled: number } = { wakeAt: undefined, settled: 0 }
  const loop = createLoop<string, string>({
    machine: {
      step: (input) => {
        seen.push(`step ${input}`)
        return [`${input}.1`, `${input}.2`]
      },
      wakeAt: () => state.wakeAt,
    },
    woke: 'woke',
    perform: (effect) => {
      seen.push(effect)
      onEffect(effect)
    },
    settled: () => {
      state.settled += 1
    },
  })
  return { loop, seen, state }
}

test('what an effect causes waits until all effects of the step are performed', () => {
  const { loop, seen, state } = setUp((effect) => {
    if (effect === 'a.1') loop.feed('b')
  })
  loop.feed('a')
  expect(seen).toEqual(['step a', 'a.1', 'a.2', 'step b', 'b.1', 'b.2'])
  expect(state.settled).toBe(1)
})

test('an answer goes ahead of what the app says meanwhile', () => {
  const { loop, seen } = setUp((effect) => {
    if (effect !== 'a.1') return
    loop.feed('edit')
    loop.answer('applied')
  })
  loop.feed('a', 'next')
  expect(seen.filter((entry) => entry.startsWith('step'))).toEqual([
    'step a',
    'step applied',
    'step next',
    'step edit',
  ])
})

test('one timer follows wakeAt', () => {
  const { loop, seen, state } = setUp()
  state.wakeAt = now() + 100
  loop.feed('a')
  state.wakeAt = now() + 50
  loop.feed('b')
  expect(vi.getTimerCount()).toBe(1)
  state.wakeAt = undefined
  vi.advanceTimersByTime(50)
  expect(seen).toContain('step woke')
  expect(vi.getTimerCount()).toBe(0)
})

test('a time in the past or in the far future is one timer, too', () => {
  const { loop, seen, state } = setUp()
  state.wakeAt = now() - 1000
  loop.feed('a')
  state.wakeAt = now() + 2 ** 40
  vi.advanceTimersByTime(1)
  expect(seen.filter((entry) => entry === 'step woke')).toHaveLength(1)
  expect(vi.getTimerCount()).toBe(1)
})

test('after stop nothing happens, not even what was waiting', () => {
  const { loop, seen, state } = setUp((effect) => {
    if (effect === 'a.2') loop.stop()
  })
  state.wakeAt = now() + 100
  loop.feed('a', 'b')
  loop.feed('c')
  vi.advanceTimersByTime(1000)
  expect(seen).toEqual(['step a', 'a.1', 'a.2'])
  expect(vi.getTimerCount()).toBe(0)
})

test('an effect that throws does not lock the loop', () => {
  const { loop, seen } = setUp((effect) => {
    if (effect === 'a.1') throw new Error('bug')
  })
  expect(() => loop.feed('a')).toThrow('bug')
  loop.feed('b')
  expect(seen.at(-1)).toBe('b.2')
})

test('a clock that is set back does not stop time', () => {
  const before = now()
  vi.setSystemTime(0)
  vi.advanceTimersByTime(10)
  expect(now() - before).toBeCloseTo(10)
})
