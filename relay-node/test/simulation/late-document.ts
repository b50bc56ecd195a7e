/** A document that takes its time, on the platform's timers: it hands edits over, answers and rejects later. */
import type { Later } from '../../../providers/src/client/replica.ts'
import type { CreateSimDocument } from './sim-document.ts'

const LATE_MS = 40

export const createLateDocument =
  (create: CreateSimDocument): CreateSimDocument =>
  (provider) => {
    const { random, onEdited, onRejected } = provider
    let isOpen = true
    const soon = (run: () => void): void => {
      setTimeout(() => {
        if (isOpen) run()
      }, random() * LATE_MS)
    }
    const answered = <Answer>(answer: Answer | Later<Answer>, tell: (answer: Answer) => void): void => {
      if (answer instanceof Function) answer(tell)
      else tell(answer)
    }
    const document = create({
      ...provider,
      onEdited: (content, ids) => soon(() => onEdited(content, ids)),
    })
    const { replica } = document
    let tracks = 0
    return {
      ...document,
      replica: {
        ...replica,
        apply: (batch, known) => {
          for (const position of replica.apply(batch, known)) {
            const received = batch[position]
            if (received !== undefined) soon(() => onRejected(received))
          }
          return []
        },
        track: () => {
          tracks += 1
          replica.track()
        },
        missing: (pending) => (tell) => {
          const asked = tracks
          // Tracking began anew: what is remembered now belongs to the next question, and nobody waits for this one.
          soon(() => (asked === tracks ? answered(replica.missing(pending), tell) : tell([])))
        },
        capture: (evenIncomplete) => (tell) => soon(() => answered(replica.capture(evenIncomplete), tell)),
      },
      close: () => {
        isOpen = false
        document.close()
      },
      reopen: createLateDocument(document.reopen),
    }
  }
