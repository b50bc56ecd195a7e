/** The same session in plain Yjs, without a network: what must come out. */
import * as Y from 'yjs'
import { TEXT } from '../src/room.ts'
import type { SharedTrace } from '../src/trace.ts'
import { otherOf, type Part } from './ancestors.ts'
import { clientOf, type } from './typing.ts'

/** The text that both replicas end with after the first `count` transactions. */
export const mergedText = (trace: SharedTrace, parts: readonly [Part, Part], count: number): string => {
  const replicas = parts.map(({ agent }) => {
    const doc = new Y.Doc()
    doc.clientID = clientOf(agent)
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'other') updates.push(update)
    })
    return { doc, updates, typed: 0, held: 0 }
  })
  const [first, second] = replicas
  if (first === undefined || second === undefined) return ''
  const catchUp = (replica: typeof first, from: typeof first, count: number): void => {
    for (; replica.held < count; replica.held += 1) {
      const update = from.updates[replica.held]
      if (update !== undefined) Y.applyUpdate(replica.doc, update, 'other')
    }
  }
  for (const edit of trace.edits.slice(0, count)) {
    const agent = edit.agent === 0 ? 0 : 1
    const [mine, theirs] = agent === 0 ? [first, second] : [second, first]
    catchUp(mine, theirs, parts[agent].needs[mine.typed] ?? 0)
    type(mine.doc, edit)
    mine.typed += 1
  }
  for (const agent of [0, 1] as const) {
    const [mine, theirs] = agent === 0 ? [first, second] : [second, first]
    catchUp(mine, theirs, parts[otherOf(agent)].edits.length)
  }
  const text = first.doc.getText(TEXT).toString()
  if (second.doc.getText(TEXT).toString() !== text) throw new Error('plain Yjs did not converge')
  return text
}
