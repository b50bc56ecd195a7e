/**
 * What Automerge answers to messages that no Automerge would send. The adapter stands on this; a version of Automerge
 * that behaves differently must fail here.
 */
import * as A from '@automerge/automerge'
import { describe, expect, test } from 'vitest'
import { type Chunk, readChunks } from '../../src/automerge/chunk.ts'
import type { SyncMessage } from '../../src/automerge/sync-message.ts'
import { concat } from '../../src/bytes.ts'
import { typedNote } from './documents.ts'
import { createPeer } from './peer.ts'

const UNKNOWN = 'ee'.repeat(32)
const COUNT = 40

const note = typedNote(COUNT)
const heads = A.getHeads(note)
const allChanges = A.getAllChanges(note)
const allHashes = allChanges.map((change) => A.decodeChange(change).hash)
/** The heads of the note when it had `count` changes. */
const headsAt = (count: number): string[] => allHashes.slice(count - 1, count)

const chunksOf = (message: SyncMessage | undefined): readonly Chunk[] => {
  const chunks = readChunks(concat(...(message?.changes ?? [])))
  if (!chunks.ok) throw new Error(chunks.error)
  return chunks.value
}

const hashesOf = (message: SyncMessage | undefined): readonly string[] =>
  chunksOf(message).map((chunk) => (chunk.type === 'change' ? chunk.hash : chunk.type))

const type = (doc: typeof note) =>
  A.change(doc, { time: 99 }, (draft) => A.splice(draft, ['text'], 0, 0, 'y'))

describe.each([{ asksWhole: false }, { asksWhole: true }])(
  'whole documents asked for: $asksWhole',
  ({ asksWhole }) => {
    /** A peer that has sent us everything, while we acknowledged nothing. */
    const drained = () => {
      const peer = createPeer(note)
      const everything = peer.answerTo({ heads: [], have: [[]], asksWhole })
      return { peer, everything }
    }

    test('one who has nothing is sent everything, as a document if it asked so', () => {
      const { everything } = drained()
      if (asksWhole) {
        expect(everything?.version).toBe(2)
        expect(chunksOf(everything)).toMatchObject([{ type: 'document', heads }])
      } else {
        expect(everything?.version).toBe(1)
        expect(hashesOf(everything)).toEqual(allHashes)
      }
    })

    test('what was sent is not sent again, asked for or not', () => {
      const { peer } = drained()
      const known = headsAt(COUNT - 5)
      expect(hashesOf(peer.answerTo({ heads: known, have: [known], need: headsAt(COUNT) }))).toEqual([])
    })

    test('an unknown lastSync with empty heads makes it answer a reset and forget what it sent', () => {
      const { peer } = drained()
      const reset = peer.answerTo({ heads: [], have: [[UNKNOWN]] })
      expect(reset).toEqual({
        heads,
        need: [],
        have: [{ lastSync: [], entries: 0 }],
        changes: [],
        version: 1,
      })

      const known = headsAt(COUNT - 5)
      const again = peer.answerTo({ heads: known, have: [known] })
      expect(hashesOf(again)).toEqual(allHashes.slice(COUNT - 5))
    })

    test('after it forgot it sends changes as long as they are less than a third of the document', () => {
      for (const count of [1, 5, 13, 14, 30]) {
        const { peer } = drained()
        peer.answerTo({ heads: [], have: [[UNKNOWN]] })
        const known = headsAt(COUNT - count)
        const again = hashesOf(peer.answerTo({ heads: known, have: [known] }))
        if (!(asksWhole && count > COUNT / 3)) expect(again).toEqual(allHashes.slice(COUNT - count))
        else expect(again).toEqual(['document'])
      }
    })

    test('the reset is answered to again and again, until we name heads that it knows', () => {
      const { peer } = drained()
      for (let i = 0; i < 3; i++)
        expect(peer.answerTo({ heads: [], have: [[UNKNOWN]] })?.heads).toEqual(heads)
      expect(peer.speak()?.have).toEqual([{ lastSync: [], entries: 0 }])
      expect(peer.answerTo({ heads, have: [heads] })?.changes ?? []).toEqual([])
    })

    test('edits made after the reset are sent once', () => {
      const { peer } = drained()
      peer.answerTo({ heads: [], have: [[UNKNOWN]] })
      peer.answerTo({ heads, have: [heads] })
      peer.edit(type)
      expect(hashesOf(peer.speak())).toEqual(A.getHeads(peer.doc()))
      expect(hashesOf(peer.speak())).toEqual([])
    })

    test('heads that it lacks, and no have, make it answer which it needs', () => {
      const { peer } = drained()
      const other = 'aa'.repeat(32)
      const answer = peer.answerTo({ heads: [UNKNOWN, ...heads, other], have: [] })
      expect(answer?.need).toEqual([other, UNKNOWN])
      expect(answer?.changes).toEqual([])
    })

    test('heads that it has, and no have, make it need nothing', () => {
      const { peer } = drained()
      expect(peer.answerTo({ heads, have: [] })).toBeUndefined()
      expect(peer.answerTo({ heads: headsAt(COUNT - 5), have: [] })?.need ?? []).toEqual([])
    })

    test('changes of ours are applied, and what it lacks is asked for', () => {
      const early = typedNote(COUNT - 10)
      const peer = createPeer(early)
      peer.speak()
      const missing = allChanges.slice(COUNT - 10)
      const answer = peer.answerTo({ heads, have: [heads], changes: missing, asksWhole })
      expect(A.getHeads(peer.doc())).toEqual(heads)
      expect(peer.doc()).toEqual(note)
      expect(answer?.need ?? []).toEqual([])
      expect(answer?.changes ?? []).toEqual([])
    })

    test('a document and changes in one message are applied', () => {
      const peer = createPeer(A.init<Record<string, unknown>>())
      const changes = [A.save(typedNote(COUNT - 10)), ...allChanges.slice(COUNT - 10)]
      peer.answerTo({ heads, have: [heads], changes, asksWhole })
      expect(peer.doc()).toEqual(note)
    })
  },
)
