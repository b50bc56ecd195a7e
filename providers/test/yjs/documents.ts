/** Random documents with a history: several authors who edit all kinds of types and exchange updates. */
import * as Y from 'yjs'
import type { Received } from '../../src/sync/effects.ts'

/** An integer in [0, limit). */
export type Dice = (limit: number) => number

/** mulberry32 */
export const createDice = (seed: number): Dice => {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

const editText = (text: Y.Text, dice: Dice): void => {
  const at = dice(text.length + 1)
  const length = Math.min(dice(5), text.length - at)
  const choice = dice(6)
  if (choice === 0 && length > 0) text.delete(at, length)
  else if (choice === 1 && length > 0) text.format(at, length, { bold: dice(2) === 0 ? true : null })
  else if (choice === 2) text.insertEmbed(at, { image: dice(9) })
  else text.insert(at, 'words and 文字 letters'.slice(0, 1 + dice(12)))
}

const editMap = (map: Y.Map<unknown>, dice: Dice): void => {
  const key = `key${dice(3)}`
  const choice = dice(4)
  if (choice === 0) map.delete(key)
  else if (choice === 1) map.set(key, new Y.Array())
  else map.set(key, dice(100))
  const nested = map.get(`key${dice(3)}`)
  if (nested instanceof Y.Array) nested.push([dice(10), { deep: [true] }])
}

const editXml = (fragment: Y.XmlFragment, dice: Dice): void => {
  const at = dice(fragment.length + 1)
  const choice = dice(5)
  const child = fragment.length > 0 ? fragment.get(dice(fragment.length)) : undefined
  if (choice === 0 && at < fragment.length) fragment.delete(at, 1)
  else if (choice < 3 && child instanceof Y.XmlElement) {
    child.setAttribute('level', `${dice(4)}`)
    if (dice(2) === 0) editXml(child, dice)
  } else if (child instanceof Y.XmlText) editText(child, dice)
  else fragment.insert(at, [dice(2) === 0 ? new Y.XmlText('leaf') : new Y.XmlElement('p')])
}

export const edit = (doc: Y.Doc, dice: Dice): void => {
  doc.transact(() => {
    for (let i = 1 + dice(3); i > 0; i--) {
      const choice = dice(4)
      if (choice < 2) editText(doc.getText('text'), dice)
      else if (choice === 2) editMap(doc.getMap('map'), dice)
      else editXml(doc.getXmlFragment('xml'), dice)
    }
  })
}

/** Every update that three authors made while they met now and then, in an order in which all can be applied. */
export const createHistory = (seed: number, edits: number, gc = true): readonly Uint8Array[] => {
  const dice = createDice(seed)
  const updates: Uint8Array[] = []
  const docs = [1, 2, 3].map((n) => {
    const doc = new Y.Doc({ gc })
    doc.clientID = n * 1000 + (seed % 7) * 10 ** 9
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') updates.push(update)
    })
    return doc
  })
  for (let i = 0; i < edits; i++) {
    const doc = docs[dice(3)]
    const other = docs[dice(3)]
    if (doc === undefined || other === undefined) continue
    edit(doc, dice)
    if (doc !== other && dice(2) === 0) {
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)), 'sync')
    }
  }
  // Yjs tidies formatting up on arrival and tells it as an edit of its own: part of the history, too.
  docFrom([...updates], gc, (update) => updates.push(update))
  return updates
}

export const docFrom = (
  updates: readonly Uint8Array[],
  gc = true,
  onEdit: (update: Uint8Array) => void = () => {},
): Y.Doc => {
  const doc = new Y.Doc({ gc })
  doc.on('update', (update: Uint8Array, from: unknown) => {
    if (from !== 'sync') onEdit(update)
  })
  // Roots are typed before content arrives, as apps do it.
  doc.getText('text')
  doc.getMap('map')
  doc.getXmlFragment('xml')
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update, 'sync')
  }, 'sync')
  return doc
}

/** All that two equal documents have in common. */
export const contentOf = (doc: Y.Doc): unknown => ({
  text: doc.getText('text').toDelta(),
  map: doc.getMap('map').toJSON(),
  xml: doc.getXmlFragment('xml').toString(),
  snapshot: [...Y.encodeSnapshot(Y.snapshot(doc))],
  pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
})

const ENVELOPE = { author: new Uint8Array(32), session: new Uint8Array(8), envelopeId: new Uint8Array(32) }

export const received = (payload: Uint8Array, encoding = 1): Received => ({
  ...ENVELOPE,
  kind: 'update',
  claims: [],
  encoding,
  payload,
})
