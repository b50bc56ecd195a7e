/** Histories of honest authors in every way in which they reach each other. */
import * as Y from 'yjs'
import { createDice, type Dice, edit } from './documents.ts'

interface Author {
  readonly doc: Y.Doc
  readonly undo: Y.UndoManager
}

interface Told {
  readonly payload: Uint8Array
  readonly encoding: 1 | 2
  readonly kind: 'update' | 'snapshot'
}

export interface Telling {
  /** Everything that was ever told: edits, differences, snapshots, merged ones, all of them in both encodings. */
  readonly told: readonly Told[]
  /** The documents of the authors, who have all of it. */
  readonly docs: readonly Y.Doc[]
}

const createAuthor = (seed: number, n: number): Author => {
  const doc = new Y.Doc({ gc: (seed + n) % 3 !== 0 })
  doc.clientID = n * 1000 + (seed % 5) * 10 ** 9
  const roots = [doc.getText('text'), doc.getMap('map'), doc.getXmlFragment('xml')]
  return { doc, undo: new Y.UndoManager(roots, { captureTimeout: 0 }) }
}

/** Positions are drawn, so that edits fall between the halves of a pair of surrogates where `withPairs`. */
const change = ({ doc, undo }: Author, dice: Dice, withPairs: boolean): void => {
  const choice = dice(12)
  if (choice === 0) undo.undo()
  else if (choice === 1) undo.redo()
  else if (choice === 2) doc.getMap('map').set(`doc${dice(2)}`, new Y.Doc({ meta: { at: dice(9) } }))
  else if (choice === 3)
    doc.getText('text').insert(dice(doc.getText('text').length + 1), withPairs ? '😀' : 'ab')
  else if (choice === 4) doc.getMap('map').set('bytes', new Uint8Array([dice(9)]))
  // An import under an id that is not the document's own.
  else if (choice === 5) Y.applyUpdate(doc, imported(dice), 'import')
  else edit(doc, dice)
}

const imported = (dice: Dice): Uint8Array => {
  const doc = new Y.Doc()
  doc.clientID = 5 + dice(2)
  doc.getText('text').insert(0, `template ${doc.clientID}`)
  return Y.encodeStateAsUpdate(doc)
}

const inEncoding = (payload: Uint8Array, kind: Told['kind'], dice: Dice): Told =>
  dice(2) === 0
    ? { payload, encoding: 1, kind }
    : { payload: Y.convertUpdateFormatV1ToV2(payload), encoding: 2, kind }

export const tell = (seed: number, edits: number, withPairs = false): Telling => {
  const dice = createDice(seed)
  const told: Told[] = []
  const updates: Uint8Array[] = []
  const authors = [1, 2, 3].map((n) => createAuthor(seed, n))
  for (const { doc } of authors) {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'sync') return
      updates.push(update)
      told.push(inEncoding(update, 'update', dice))
    })
  }
  for (let i = 0; i < edits; i++) {
    const [one, other] = [authors[dice(3)], authors[dice(3)]]
    if (one === undefined || other === undefined) continue
    change(one, dice, withPairs)
    if (one !== other && dice(2) === 0) {
      const difference = Y.encodeStateAsUpdate(one.doc, Y.encodeStateVector(other.doc))
      Y.applyUpdate(other.doc, difference, 'sync')
      told.push(inEncoding(difference, 'update', dice))
    }
    if (dice(6) === 0) told.push(inEncoding(Y.encodeStateAsUpdate(one.doc), 'snapshot', dice))
    if (dice(6) === 0) told.push(inEncoding(Y.mergeUpdates(updates.slice(-dice(8) - 1)), 'update', dice))
  }
  const docs = authors.map(({ doc }) => doc)
  meet(docs)
  for (const doc of docs) told.push(inEncoding(Y.encodeStateAsUpdate(doc), 'snapshot', dice))
  return { told, docs }
}

/** Until all have all: on arrival Yjs tidies formatting up, which is an edit of its own. */
export const meet = (docs: readonly Y.Doc[]): void => {
  for (let round = 0; round < 4; round++) {
    for (const one of docs) {
      for (const other of docs) if (one !== other) Y.applyUpdate(other, Y.encodeStateAsUpdate(one), 'sync')
    }
  }
}

/** Some of it more than once, in any order. */
export const shuffled = <Item>(items: readonly Item[], dice: Dice): readonly Item[] => {
  const row = [...items, ...items.filter(() => dice(4) === 0)]
  for (let i = row.length - 1; i > 0; i--) {
    const other = dice(i + 1)
    const [a, b] = [row[i], row[other]]
    if (a === undefined || b === undefined) continue
    row[i] = b
    row[other] = a
  }
  return row
}
