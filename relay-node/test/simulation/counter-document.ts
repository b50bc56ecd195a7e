/** The counter in the simulation: an edit is an increment that has the edit's id as its name. */
import { type Counter, createCounter } from '../counter/counter.ts'
import type { SimDocument, SimProvider } from './sim-document.ts'

export const createCounterDocument = (
  provider: SimProvider,
  counter: Counter = createCounter(),
): SimDocument => {
  const { random, onEdited, onClaimed } = provider
  const names = (): readonly string[] =>
    [...counter.increments].map((increment) => increment.split(' ')[1] ?? '')
  let hasClaimed = false
  return {
    replica: counter.replica,
    edit: (id) => {
      const content = counter.add(random.int(19) - 9, id)
      if (!hasClaimed) onClaimed(random.bytes(8))
      hasClaimed = true
      onEdited(content, [id])
    },
    edits: () => new Set(names()),
    facts: () =>
      new Map([
        ['value', `${counter.value()}`],
        ...[...counter.increments].map((increment) => [`increment ${increment}`, 'there'] as const),
      ]),
    // No increment depends on another.
    isIncomplete: () => false,
    close: () => undefined,
    reopen: (next) => createCounterDocument(next, counter),
  }
}
