import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { encodeUpdate, toHex } from 'sealsync/protocol'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../src/store/memory.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import type { LoadPosition, Store } from '../src/store/store.ts'
import { type Author, createAuthor, createTestDocument } from '../src/testing/author.ts'
import { setUp } from './client.ts'

const isLong = process.env.SEALSYNC_LONG === '1'
const AUTHORS = 4
/** Some hundred commits wait for the disk, and some disks take their time. */
const timeout = isLong ? 60 * 60_000 : 3 * 60_000

type Step =
  | { readonly type: 'update'; readonly author: number; readonly bytes: number }
  | {
      readonly type: 'snapshot'
      readonly author: number
      readonly behind: number
      readonly ends: boolean
      readonly chunks: number
    }
  | { readonly type: 'prune' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('update' as const),
        author: fc.nat(AUTHORS - 1),
        bytes: fc.integer({ min: 16, max: 400 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('snapshot' as const),
        author: fc.nat(AUTHORS - 1),
        behind: fc.nat(2),
        ends: fc.boolean(),
        chunks: fc.nat(3),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'prune' as const }) },
  ),
  { minLength: 5, maxLength: 60 },
)

/** Everything that two stores can be asked about one document, as comparable text. */
const told = async (
  store: Store,
  docId: Uint8Array,
  { updates, chunks }: { readonly updates: readonly Uint8Array[]; readonly chunks: readonly Uint8Array[] },
): Promise<string[]> => {
  const stored = await store.loadDocument(docId)
  const answers: unknown[] = [stored]
  const last = stored?.version ?? 0
  for (let after = 0; after <= last; after += 3) {
    for (const through of new Set([last, Math.ceil((after + last) / 2)])) {
      answers.push(await store.survey(docId, { after, through }))
      answers.push(await store.read(docId, { after, through, maxBytes: 900 }))
      let from: LoadPosition | undefined
      let pruned = false
      const chains = new Map<string, string[]>()
      do {
        const page = await store.readLoad(docId, { after, through, maxBytes: 900, from })
        pruned ||= page.pruned
        for (const { bytes, id } of page.entries) {
          const chain = toHex(bytes.subarray(56, 88)) + toHex(bytes.subarray(112, 120))
          chains.set(chain, [...(chains.get(chain) ?? []), toHex(id)])
        }
        from = page.next
      } while (from !== undefined)
      // Stores may order sessions as they like, so pages end at different places.
      answers.push(pruned, [...chains].sort())
    }
  }
  answers.push(await store.readByIds(docId, [...updates, ...chunks], 1_000_000))
  const positions = (stored?.sessions ?? []).flatMap(({ author, session, seq }) =>
    [-1, 0, 1, seq, seq + 1].map((at) => ({ author, session, seq: at })),
  )
  answers.push(await store.lookup(docId, { positions, ids: updates, chunks }))
  return answers.map((answer) =>
    JSON.stringify(answer, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)),
  )
}

test('SQLite and memory give the same answers after the same history', { timeout }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sealsync-'))
  let runs = 0
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const memory = createMemoryStore()
      const sqlite = await openSqliteStore(join(directory, `${runs++}.db`))
      const both: Store = {
        ...memory,
        commit: (writes) => memory.commit(writes).then(() => sqlite.commit(writes)),
        prune: async (before, looseBefore) => {
          const counts = [await memory.prune(before, looseBefore), await sqlite.prune(before, looseBefore)]
          expect(counts[0]).toBe(counts[1])
          return counts[0] ?? 0
        },
      }
      const setup = setUp({ store: both, limits: { graceMs: 10, looseChunkMs: 20 } })
      const document = createTestDocument()
      const client = setup.client()
      const authors: Author[] = Array.from({ length: AUTHORS }, () => createAuthor(document))
      const opener = createAuthor(document)
      await client.open(opener)
      const ids: Uint8Array[] = []
      const chunkIds: Uint8Array[] = []
      for (const step of history) {
        setup.now += 3
        if (step.type === 'prune') {
          await setup.relay.prune()
          continue
        }
        const author = authors[step.author]
        if (author === undefined) continue
        const certificate = { type: 'certificate', certificate: author.certificate } as const
        if (step.type === 'update') {
          const update = author.update({ bytes: step.bytes })
          expect(encodeUpdate(update).length).toBeGreaterThan(step.bytes)
          ids.push(update.id)
          client.push(certificate, update)
        } else {
          const stored = await memory.loadDocument(document.docId)
          const cover = (stored?.sessions ?? []).flatMap(({ author: name, session, seq, head, ended }) =>
            seq < 0 || ended ? [] : [{ author: name, session, seq, head, ended: step.ends && seq % 2 === 0 }],
          )
          const parents = stored?.active === undefined ? [] : [stored.active.id]
          const fresh = Array.from({ length: step.chunks }, (_, i) => opener.chunk(i, 100 + 50 * i))
          chunkIds.push(...fresh.map(({ id }) => id))
          // Some from before: a chunk that two snapshots list belongs to the later one.
          const chunks = step.chunks === 0 ? [] : chunkIds.slice(-step.chunks - step.behind)
          client.push(certificate, ...fresh.map((chunk) => ({ type: 'chunk', chunk }) as const), {
            type: 'snapshot',
            snapshot: author.snapshot(cover.slice(step.behind), parents, { chunks }),
          })
        }
        await setup.relay.idle()
      }
      const [mine, theirs] = [
        await told(sqlite, document.docId, { updates: ids, chunks: chunkIds }),
        await told(memory, document.docId, { updates: ids, chunks: chunkIds }),
      ]
      expect(mine.findIndex((answer, i) => answer !== theirs[i])).toBe(-1)
      await sqlite.close()
    }),
    { numRuns: isLong ? 500 : 25 },
  )
  await rm(directory, { recursive: true })
})
