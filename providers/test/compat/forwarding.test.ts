import { expect, test } from 'vitest'
import { createForwarding } from '../../src/compat/forwarding.ts'

test('an event is handed on from its first listener to its last, and again', () => {
  const heard = new Set<string>()
  const log: string[] = []
  const changed = createForwarding<'a' | 'b'>({
    isHeard: (name) => heard.has(name),
    start: (name) => {
      log.push(`start ${name}`)
      return () => log.push(`stop ${name}`)
    },
  })
  const listen = (name: 'a' | 'b', isHeard: boolean): void => {
    if (isHeard) heard.add(name)
    else heard.delete(name)
    changed(name)
  }
  listen('a', false)
  listen('a', true)
  listen('a', true)
  listen('b', true)
  listen('a', false)
  listen('a', true)
  expect(log).toEqual(['start a', 'start b', 'stop a', 'start a'])
})
