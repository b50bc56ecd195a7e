/** What the session wants of the CRDT, and how the answer gets back: the same for the app and for every simulation of it. */
import { unreachable } from '../result.ts'
import type { Effect, Input } from '../sync/effects.ts'
import type { Later, Replica } from './replica.ts'

/** The effects that a replica performs. */
export type ReplicaEffect = Extract<
  Effect,
  { type: 'apply' | 'track' | 'compare' | 'capture' | 'audit' | 'digest' | 'acknowledged' }
>

export interface Answers {
  /** What is answered at once goes into the session ahead of what the app has said meanwhile. */
  readonly now: (input: Input) => void
  /** What is answered in a later turn has no such place. */
  readonly later: (input: Input) => void
}

/** The result performs one effect, and has called `answers.now` by the time that it returns, if it does at all. */
export const createAsking = (replica: Replica, answers: Answers): ((effect: ReplicaEffect) => void) => {
  const answer = <Value>(value: Value | Later<Value>, toInput: (value: Value) => Input): void => {
    if (isLater(value)) value((told) => answers.later(toInput(told)))
    else answers.now(toInput(value))
  }

  return (effect) => {
    switch (effect.type) {
      case 'apply': {
        const { batch, known } = effect
        answers.now({ type: 'applied', batch, unreadable: replica.apply(batch, known) })
        return
      }
      case 'track':
        replica.track()
        return
      case 'compare': {
        const { question, pending } = effect
        answer(replica.missing(pending), (contents) => ({ type: 'compared', question, contents }))
        return
      }
      case 'capture': {
        const { question, evenIncomplete } = effect
        const content = replica.capture(evenIncomplete)
        // Of a state that is told later the document may be ahead by then.
        const canonical = content === undefined || isLater(content) ? undefined : replica.canonical?.()
        answer(content, (told) => ({ type: 'captured', question, content: told, canonical }))
        return
      }
      case 'audit': {
        const { question, known } = effect
        answer(replica.beyond?.(known) ?? [], (missing) => ({ type: 'audited', question, missing }))
        return
      }
      case 'digest':
        answers.now({ type: 'digested', question: effect.question, canonical: replica.canonical?.() })
        return
      case 'acknowledged':
        replica.acknowledged?.(effect.content)
        return
      default:
        unreachable(effect)
    }
  }
}

const isLater = <Value>(value: Value | Later<Value>): value is Later<Value> => value instanceof Function
