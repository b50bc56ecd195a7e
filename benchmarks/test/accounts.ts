/** Every character that was typed is in the store, deleted or not, and nothing else is. */
import * as Y from 'yjs'
import { TEXT } from '../src/room.ts'
import type { Part } from './ancestors.ts'
import type { Range } from './author.ts'
import { clientOf } from './typing.ts'

export interface Account {
  /** Typed characters that no replica could find, or found as another character. */
  readonly lost: number
  /** Items that somebody deleted and that are there, or the other way round. */
  readonly misjudged: number
  readonly inserted: number
  /** Characters of the text that nobody deleted. */
  readonly left: number
  /** Length of the text. */
  readonly length: number
}

export const takeAccount = (
  state: Uint8Array,
  parts: readonly [Part, Part],
  deletions: readonly Range[],
): Account => {
  const doc = new Y.Doc()
  Y.applyUpdateV2(doc, state)
  const deleted = deletedItems(deletions)
  let [lost, misjudged, inserted, left] = [0, 0, 0, 0]
  for (const { agent, edits } of parts) {
    const found = itemsOf(doc, clientOf(agent))
    const gone = deleted.get(clientOf(agent)) ?? new Set()
    let clock = 0
    for (const { patches } of edits) {
      const typed = patches.map(([, , text]) => text).join('')
      for (const character of typed.split('')) {
        const item = found[clock]
        inserted += 1
        if (item === undefined || (item !== GONE && item !== character)) lost += 1
        if ((item === GONE) !== gone.has(clock)) misjudged += 1
        if (!gone.has(clock)) left += 1
        clock += 1
      }
      if (typed === '') clock += 1
    }
    if (found.length !== clock) lost += Math.abs(found.length - clock)
  }
  return { lost, misjudged, inserted, left, length: doc.getText(TEXT).length }
}

const GONE = Symbol('deleted')

/** By clock: a character, or that it is deleted. What is no character is a blank string. */
const itemsOf = (doc: Y.Doc, client: number): readonly (string | typeof GONE)[] => {
  const items: (string | typeof GONE)[] = []
  for (const struct of doc.store.clients.get(client) ?? []) {
    const content = struct instanceof Y.Item ? struct.content : undefined
    for (let i = 0; i < struct.length; i += 1) {
      items.push(struct.deleted ? GONE : (content instanceof Y.ContentString && content.str[i]) || '')
    }
  }
  return items
}

const deletedItems = (deletions: readonly Range[]): ReadonlyMap<number, ReadonlySet<number>> => {
  const clocks = new Map<number, Set<number>>()
  for (const [client, clock, length] of deletions) {
    const some = clocks.get(client) ?? new Set()
    for (let i = 0; i < length; i += 1) some.add(clock + i)
    clocks.set(client, some)
  }
  return clocks
}
