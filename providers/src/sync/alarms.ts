/** Integrity facts for the app, each once: what a relay repeats, and every load brings again, is no news. */
import { type SessionName, toHex } from '../protocol/index.ts'
import type { Alarm, AlarmKind } from './effects.ts'

/** `of`: whom and which envelope it concerns. */
export type Raise = (
  kind: AlarmKind,
  message: string,
  of?: SessionName & { readonly id?: Uint8Array },
) => void

const REMEMBERED = 10_000

export const createAlarms = (docId: Uint8Array, emit: (alarm: Alarm) => void): Raise => {
  const raised = new Set<string>()
  return (kind, message, of) => {
    const author = of === undefined ? {} : { author: toHex(of.author) }
    const envelope = of?.id === undefined ? {} : { envelopeId: toHex(of.id) }
    const alarm = { kind, docId: toHex(docId), message, ...author, ...envelope }
    const name = `${kind} ${alarm.envelopeId}`
    if (alarm.envelopeId !== undefined && raised.has(name)) return
    if (raised.size >= REMEMBERED) raised.clear()
    raised.add(name)
    emit(alarm)
  }
}
