/**
 * A document in a form that depends on nothing but what it holds:
 *
 *   clients: count, each: client, clock ‖ deletions: clients, each: client, count, each: clock, length ‖
 *   per client: what is not deleted, as runs: 1, clock, length, place, content ‖ 0
 *   place: flags 1 (1: origin, 2: right origin, 4: key) ‖ origin ‖ right origin ‖
 *          without both: 0, name of the root, or 1, id of the parent's item ‖ key
 *   content: its kind in updates, and its values
 *
 * Numbers and lengths are varints, clients ascend. A run is as long as its clocks stand behind one another in one place,
 * whatever structs hold them: how Yjs cuts and joins structs, and what it forgets of deleted ones, depends on the way
 * that they came.
 */
import * as Y from 'yjs'
import { createWriter, utf8, type Writer } from '../bytes.ts'
import { writeJson, writeValue } from './canonical-value.ts'
import { merge, type Range } from './ranges.ts'
import type { Struct } from './same-struct.ts'
import { endOf } from './structs.ts'

/** `undefined` while something that was received waits for something that was not. */
export const canonicalForm = (doc: Y.Doc): Uint8Array | undefined => {
  const { store, share } = doc
  if (store.pendingStructs !== null || store.pendingDs !== null) return undefined
  const clients = [...store.clients].filter(([, structs]) => structs.length > 0).sort(([a], [b]) => a - b)
  const deleted = clients.flatMap(([client, structs]) => {
    const ranges = deletedIn(structs)
    return ranges.length === 0 ? [] : [{ client, ranges }]
  })
  const writer = createWriter(65_536).varint(clients.length)
  for (const [client] of clients) writer.varint(client).varint(Y.getState(store, client))
  writer.varint(deleted.length)
  for (const { client, ranges } of deleted) {
    writer.varint(client).varint(ranges.length)
    for (const { start, end } of ranges) writer.varint(start).varint(end - start)
  }
  const rootNames = new Map([...share].map(([name, type]) => [type, name]))
  for (const [, structs] of clients) {
    for (const run of runsOf(structs)) writeRun(writer, run, rootNames)
    writer.u8(0)
  }
  return writer.done()
}

const deletedIn = (structs: readonly Struct[]): readonly Range[] =>
  merge(structs.flatMap((struct) => (struct.deleted ? [{ start: struct.id.clock, end: endOf(struct) }] : [])))

type Run = readonly [Y.Item, ...Y.Item[]]

const runsOf = (structs: readonly Struct[]): readonly Run[] => {
  const runs: [Y.Item, ...Y.Item[]][] = []
  for (const struct of structs) {
    if (struct.deleted || !('content' in struct)) continue
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last !== undefined && follows(last, struct)) run.push(struct)
    else runs.push([struct])
  }
  return runs
}

/** Whether Yjs could hold both in one struct. */
const follows = (before: Y.Item, after: Y.Item): boolean =>
  Y.compareIDs(after.origin, before.lastId) &&
  after.id.clock === endOf(before) &&
  Y.compareIDs(before.rightOrigin, after.rightOrigin) &&
  before.content.getRef() === after.content.getRef() &&
  (before.content instanceof Y.ContentString || 'arr' in before.content)

const writeRun = (writer: Writer, run: Run, rootNames: ReadonlyMap<unknown, string>): void => {
  const [first] = run
  const { origin, rightOrigin, parentSub } = first
  const isFirst = origin === null && rightOrigin === null
  const key = isFirst ? parentSub : null
  writer.u8(1).varint(first.id.clock)
  writer.varint(run.reduce((sum, { length }) => sum + length, 0))
  writer.u8((origin === null ? 0 : 1) | (rightOrigin === null ? 0 : 2) | (key === null ? 0 : 4))
  if (origin !== null) writeId(writer, origin)
  if (rightOrigin !== null) writeId(writer, rightOrigin)
  if (isFirst) writeParent(writer, first.parent, rootNames)
  if (key !== null) writer.blob(utf8(key))
  writeContent(writer, run)
}

const writeId = (writer: Writer, { client, clock }: Y.ID): void => {
  writer.varint(client).varint(clock)
}

const writeParent = (
  writer: Writer,
  parent: Y.Item['parent'],
  rootNames: ReadonlyMap<unknown, string>,
): void => {
  const item = parent instanceof Y.AbstractType ? parent._item : null
  if (item === null) writer.u8(0).blob(utf8(rootNames.get(parent) ?? ''))
  else writeId(writer.u8(1), item.id)
}

const writeContent = (writer: Writer, run: Run): void => {
  const [{ content }] = run
  writer.u8(content.getRef())
  if (content instanceof Y.ContentString) {
    writer.blob(utf8(run.map((item) => ('str' in item.content ? item.content.str : '')).join('')))
  } else if (content instanceof Y.ContentAny || content instanceof Y.ContentJSON) {
    const write = content instanceof Y.ContentAny ? writeValue : writeJson
    for (const value of run.flatMap((item) => valuesOf(item.content))) write(writer, value)
  } else if (content instanceof Y.ContentFormat) {
    writeJson(writer.blob(utf8(content.key)), content.value)
  } else if (content instanceof Y.ContentEmbed) {
    writeJson(writer, content.embed)
  } else if (content instanceof Y.ContentBinary) {
    writer.blob(content.content)
  } else if (content instanceof Y.ContentDoc) {
    writeValue(writer.blob(utf8(content.doc.guid)), content.opts)
  } else if (content instanceof Y.ContentType) {
    const encoder = new Y.UpdateEncoderV1()
    content.type._write(encoder)
    writer.blob(encoder.toUint8Array())
  }
}

const valuesOf = (content: Y.Item['content']): readonly unknown[] =>
  content instanceof Y.ContentAny || content instanceof Y.ContentJSON ? content.arr : []
