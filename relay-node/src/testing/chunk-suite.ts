/** What every store has to do with chunks; registered by `storeSuite`. */
import assert from 'node:assert/strict'
import { type Chunk, encodeChunk, encodeSnapshot, randomBytes } from 'sealsync/protocol'
import type { Author } from './author.ts'
import type { StoreContext } from './store-context.ts'

const ALL = 64 * 1024 * 1024
const FAR = Number.MAX_SAFE_INTEGER

export const chunkSuite = (
  check: (name: string, run: (context: StoreContext) => Promise<void>) => void,
): void => {
  const begin = async (c: StoreContext): Promise<Author> => {
    const alice = c.author()
    await c.commit([...c.create(), c.session(alice), c.update(alice.update())])
    return alice
  }

  check('a chunk is found by its id, before and after a snapshot lists it, and after a crash', async (c) => {
    const alice = await begin(c)
    const chunks = [alice.chunk(0), alice.chunk(1, 90)]
    await c.commit(chunks.map((chunk) => c.chunk(chunk)))
    assert.deepEqual(await found(c, chunks), chunks.map(encodeChunk))
    assert.deepEqual(await counted(c, chunks), { sizes: sizesOf(chunks), loose: 2 })
    const snapshot = await c.snapshot(alice, [], { chunks: chunks.map(({ id }) => id) })
    const again = await c.reopen()
    for (const store of [c.store, again]) {
      assert.deepEqual(await found({ ...c, store }, chunks), chunks.map(encodeChunk))
      assert.deepEqual(await counted({ ...c, store }, chunks), { sizes: sizesOf(chunks), loose: 0 })
      const size = encodeSnapshot(snapshot).length + sum(sizesOf(chunks))
      assert.equal((await store.loadDocument(c.docId))?.active?.size, size)
      const survey = await store.survey(c.docId, { after: 1, through: 2 })
      assert.deepEqual([survey.bytes, survey.uncoveredBytes], [size, 0])
    }
    await again.close()
  })

  check('chunks have no version, and are no part of what is read or loaded', async (c) => {
    const alice = await begin(c)
    await c.commit([c.chunk(alice.chunk(0))])
    await c.commit([c.update(alice.update())])
    assert.deepEqual(
      (await c.readAll()).map(({ version }) => version),
      [1, 2],
    )
    assert.equal((await c.loadAll({ after: 0, through: 2, maxBytes: ALL })).length, 2)
    assert.equal((await c.store.loadDocument(c.docId))?.version, 2)
  })

  check('chunks and envelopes answer one question together, page by page, in order', async (c) => {
    const alice = await begin(c)
    const [chunk, other] = [alice.chunk(0, 300), alice.chunk(1, 300)]
    const update = alice.update()
    await c.commit([c.chunk(chunk), c.update(update), c.chunk(other)])
    const stranger = randomBytes(32)
    const ids = [chunk.id, update.id, stranger, other.id]
    const all = await c.store.readByIds(c.docId, ids, ALL)
    assert.deepEqual(all.chunks.map(plain), [chunk, other].map(encodeChunk).map(plain))
    assert.deepEqual(
      all.entries.map(({ version }) => version),
      [2],
    )
    assert.deepEqual([all.unknown, all.answered], [[stranger], 4])
    const first = await c.store.readByIds(c.docId, ids, 1)
    assert.deepEqual([first.answered, first.chunks.length, first.entries.length], [1, 1, 0])
  })

  check('a snapshot whose chunks are not all there is not committed', async (c) => {
    const alice = await begin(c)
    const chunk = alice.chunk(0)
    await c.commit([c.chunk(chunk)])
    await assert.rejects(c.snapshot(alice, [], { chunks: [chunk.id, randomBytes(32)] }))
    assert.equal((await c.store.loadDocument(c.docId))?.active, undefined)
    assert.deepEqual(await counted(c, [chunk]), { sizes: sizesOf([chunk]), loose: 1 })
  })

  check('a snapshot and its chunks may share a commit', async (c) => {
    const alice = await begin(c)
    const chunk = alice.chunk(0)
    const snapshot = alice.snapshot([], [], { chunks: [chunk.id] })
    const place = c.update(alice.update())
    const { id } = snapshot
    const write = { ...place, type: 'snapshot', id, covers: [], replaces: undefined, at: 0 } as const
    await c.commit([c.chunk(chunk), { ...write, chunks: [chunk.id], bytes: encodeSnapshot(snapshot) }])
    assert.deepEqual(await counted(c, [chunk]), { sizes: sizesOf([chunk]), loose: 0 })
  })

  check('chunks live and die with the last snapshot that lists them', async (c) => {
    const alice = await begin(c)
    const [old, kept, fresh] = [alice.chunk(0), alice.chunk(1), alice.chunk(2)]
    await c.commit([old, kept, fresh].map((chunk) => c.chunk(chunk)))
    const parent = await c.snapshot(alice, [], { chunks: [old.id, kept.id], at: 1000 })
    await c.snapshot(alice, [], { chunks: [kept.id, fresh.id], at: 2000, parent })
    assert.equal(await c.store.prune(1999, 0), 0)
    assert.equal((await found(c, [old, kept, fresh])).length, 3)
    assert.equal(await c.store.prune(2000, 0), 2)
    assert.deepEqual(await found(c, [old, kept, fresh]), [kept, fresh].map(encodeChunk))
    assert.equal(await c.store.prune(FAR, FAR), 0)
  })

  check('a chunk that no snapshot lists goes when its time is over', async (c) => {
    const alice = await begin(c)
    const [early, late] = [alice.chunk(0), alice.chunk(1)]
    await c.commit([c.chunk(early, 100), c.chunk(late, 200)])
    assert.equal(await c.store.prune(FAR, 99), 0)
    assert.equal(await c.store.prune(0, 100), 1)
    assert.deepEqual(await found(c, [early, late]), [encodeChunk(late)])
    assert.deepEqual(await counted(c, [early]), { sizes: [undefined], loose: 1 })
  })
}

const found = async (
  { store, docId }: StoreContext,
  chunks: readonly Chunk[],
): Promise<readonly Uint8Array[]> => {
  const ids = chunks.map(({ id }) => id)
  const page = await store.readByIds(docId, ids, ALL)
  assert.equal(page.chunks.length + page.unknown.length, ids.length)
  return page.chunks.map(plain)
}

const counted = async ({ store, docId }: StoreContext, chunks: readonly Chunk[]): Promise<unknown> => {
  const answer = await store.lookup(docId, { positions: [], ids: [], chunks: chunks.map(({ id }) => id) })
  return { sizes: answer.chunks, loose: answer.looseChunks }
}

const sizesOf = (chunks: readonly Chunk[]): readonly number[] =>
  chunks.map((chunk) => encodeChunk(chunk).length)

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** Some stores give Buffers. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
