/** A recorded session as a finished Automerge document, one change for each edit. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as A from '@automerge/automerge'
import { readTrace, type TraceName } from '../trace.ts'
import { type Note, splicePatch } from './note.ts'

const CACHE = new URL('../../.cache/', import.meta.url)
/** Below it making the document costs less than looking for it. */
const WORTH_KEEPING = 20_000

/** `A.save` of the first `edits` edits. Large ones are made once and then kept in `.cache`. */
export const savedPaper = (name: TraceName, edits: number): Uint8Array => {
  const file = fileURLToPath(
    new URL(`${name}-${edits}-${A.releaseInfo().js.gitHead.slice(0, 8)}.automerge`, CACHE),
  )
  if (existsSync(file)) return new Uint8Array(readFileSync(file))
  let note = A.from<Note>({ text: '' }, { actor: '01'.repeat(16) })
  for (const patch of readTrace(name).edits.slice(0, edits)) {
    note = A.change(note, { time: 0 }, (draft) => splicePatch(draft, patch))
  }
  const saved = A.save(note)
  if (edits < WORTH_KEEPING) return saved
  mkdirSync(CACHE, { recursive: true })
  // Whoever makes it at the same time makes the same; nobody reads half of it.
  writeFileSync(`${file}.${process.pid}`, saved)
  renameSync(`${file}.${process.pid}`, file)
  return saved
}
