/** The acceptance suite of stores: a store is accepted when it passes, not when it compiles. */
import assert from 'node:assert/strict'
import {
  cryptoReady,
  EMPTY_DIGEST,
  encodeSnapshot,
  encodeUpdate,
  equalBytes,
  nextDigest,
  randomBytes,
  type Update,
} from 'sealsync/protocol'
import type { Entry, Store, Write } from '../store/store.ts'
import { chunkSuite } from './chunk-suite.ts'
import { createStoreContext, type StoreContext } from './store-context.ts'

/** One store under test. */
export interface StoreUnderTest {
  readonly store: Store
  /** The same data as after a crash of the process: without `close` having been called. */
  reopen(): Promise<Store>
  /** Removes what the test has left. */
  dispose(): Promise<void>
}

export interface StoreSuiteOptions {
  /** Registers a test: `test` of Vitest, Jest or node:test. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** A fresh, empty store. */
  readonly create: () => Promise<StoreUnderTest>
}

const FAR = Number.MAX_SAFE_INTEGER
const ALL = 64 * 1024 * 1024

/**
 * Registers the tests that every store has to pass.
 *
 * @example
 * storeSuite({ test, create: async () => ({ store: createMemoryStore(), … }) })
 */
export const storeSuite = ({ test, create }: StoreSuiteOptions): void => {
  const check = (name: string, run: (context: StoreContext) => Promise<void>): void => {
    test(name, async () => {
      await cryptoReady
      const underTest = await create()
      try {
        await run(createStoreContext(underTest))
      } finally {
        await underTest.dispose()
      }
    })
  }

  check('an unknown document is undefined, empty to read, and knows no digest but the first', async (c) => {
    assert.equal(await c.store.loadDocument(c.docId), undefined)
    assert.equal((await c.store.survey(c.docId, { after: 0, through: 0 })).digest?.length, 16)
    assert.equal((await c.store.survey(c.docId, { after: 1, through: 1 })).digest, undefined)
    assert.deepEqual((await c.readAll()).map(versionOf), [])
    assert.deepEqual((await c.store.readByIds(c.docId, [randomBytes(32)], ALL)).entries, [])
    assert.deepEqual(
      await c.store.lookup(c.docId, { positions: [], ids: [randomBytes(32)], chunks: [randomBytes(32)] }),
      {
        positions: [],
        ids: [false],
        chunks: [undefined],
        looseChunks: 0,
      },
    )
  })

  check('a document comes back as it was committed', async (c) => {
    const alice = c.author()
    const [first, second] = alice.updates(2)
    await c.commit([...c.create(), c.session(alice), c.update(first), c.update(second)])
    const stored = await c.store.loadDocument(c.docId)
    assert.deepEqual(plain(stored?.genesis), plain(c.document.genesis))
    assert.deepEqual(stored?.docId, c.docId)
    assert.deepEqual(stored?.logId, c.logId)
    assert.equal(stored?.version, 2)
    assert.deepEqual(stored?.digest, c.digest())
    assert.equal(stored?.active, undefined)
    assert.equal(stored?.sessions.length, 1)
    const [session] = stored?.sessions ?? []
    assert.equal(session?.seq, 1)
    assert.deepEqual(session?.head, second?.id)
    assert.equal(session?.ended, false)
    assert.deepEqual(plain(session?.certificate), plain(alice.certificate))
    assert.deepEqual(
      (await c.readAll()).map(({ bytes }) => bytes),
      [first, second].map(bytesOf),
    )
  })

  check('what was committed survives a crash', async (c) => {
    const alice = c.author()
    await c.commit([...c.create(), c.session(alice), c.update(alice.update())])
    const again = await c.reopen()
    assert.equal((await again.loadDocument(c.docId))?.version, 1)
    await again.close()
  })

  check('a commit is all or nothing, across documents', async (c) => {
    const alice = c.author()
    const other = createStoreContext(c)
    await c.commit([...c.create(), c.session(alice)])
    const good = c.update(alice.update())
    const bad: Write = { ...c.update(alice.update()), version: 7 }
    await assert.rejects(c.store.commit([...other.create(), good, bad]))
    assert.equal(await c.store.loadDocument(other.docId), undefined)
    assert.equal((await c.store.loadDocument(c.docId))?.version, 0)
  })

  check('a taken version, a taken position and an unknown session are refused', async (c) => {
    const [alice, bob] = [c.author(), c.author()]
    const update = c.update(alice.update())
    await c.commit([...c.create(), c.session(alice), update])
    await assert.rejects(c.store.commit([{ ...update, id: randomBytes(32) }]))
    await assert.rejects(c.store.commit([{ ...update, version: 2, id: randomBytes(32) }]))
    await assert.rejects(c.store.commit([c.update(bob.update())]))
    assert.equal((await c.store.loadDocument(c.docId))?.version, 1)
  })

  check(
    'pages keep version order, reach the end, and never come back empty while there is something',
    async (c) => {
      const alice = c.author()
      await c.commit([...c.create(), c.session(alice), ...alice.updates(7, 100).map(c.update)])
      const versions: number[] = []
      let after = 0
      for (let pages = 0; after < 6; pages++) {
        const page = await c.store.read(c.docId, { after, through: 6, maxBytes: 700 })
        assert.ok(page.entries.length > 0 && page.entries.length < 3)
        assert.equal(page.pruned, false)
        assert.deepEqual(page.digest, page.entries.at(-1)?.digest)
        versions.push(...page.entries.map(versionOf))
        after = page.through
        assert.ok(pages < 10)
      }
      assert.deepEqual(versions, [1, 2, 3, 4, 5, 6])
      const tiny = await c.store.read(c.docId, { after: 0, through: 7, maxBytes: 1 })
      assert.deepEqual(tiny.entries.map(versionOf), [1])
    },
  )

  check('the digest of every version can be asked for', async (c) => {
    const alice = c.author()
    const updates = alice.updates(3)
    await c.commit([...c.create(), c.session(alice), ...updates.map(c.update)])
    let digest = EMPTY_DIGEST
    for (const [i, update] of updates.entries()) {
      digest = nextDigest(digest, update.id)
      assert.deepEqual((await c.store.survey(c.docId, { after: i + 1, through: 3 })).digest, digest)
    }
    assert.equal((await c.store.survey(c.docId, { after: 4, through: 4 })).digest, undefined)
  })

  check('a load yields what no snapshot covers, chain by chain, in pages', async (c) => {
    const [alice, bob] = [c.author(), c.author()]
    const [a, b] = [alice.updates(4), bob.updates(4)]
    await c.commit([...c.create(), c.session(alice), c.session(bob)])
    for (const i of [0, 1]) await c.commit([c.update(a[i]), c.update(b[i])])
    await c.snapshot(alice, [alice.upTo(at(a, 1)), bob.upTo(at(b, 0))])
    for (const i of [2, 3]) await c.commit([c.update(b[i]), c.update(a[i])])
    const ids = await c.loadAll({ after: 0, through: 9, maxBytes: 1 })
    assert.deepEqual(sorted(ids, [a, b]), [
      [2, 3],
      [1, 2, 3],
    ])
    const survey = await c.store.survey(c.docId, { after: 0, through: 9 })
    const uncovered = [...a.slice(2), ...b.slice(1)].reduce(
      (sum, update) => sum + encodeUpdate(update).length,
      0,
    )
    assert.equal(survey.uncoveredBytes, uncovered)
    assert.ok(survey.bytes > uncovered)
    assert.deepEqual(sorted(await c.loadAll({ after: 6, through: 8, maxBytes: ALL }), [a, b]), [[2], [3]])
  })

  check('a load that a snapshot overtakes still yields what it began with', async (c) => {
    const [alice, bob] = [c.author(), c.author()]
    const [a, b] = [alice.updates(3), bob.updates(3)]
    await c.commit([...c.create(), c.session(alice), c.session(bob), ...a.map(c.update), ...b.map(c.update)])
    const stretch = { after: 0, through: 6, maxBytes: 1 }
    const first = await c.store.readLoad(c.docId, { ...stretch, from: undefined })
    await c.snapshot(alice, [alice.upTo(at(a, 2), true), bob.upTo(at(b, 1))])
    const rest = await c.loadAll(stretch, first.next)
    assert.deepEqual(sorted([...first.entries.map(({ id }) => id), ...rest], [a, b]), [
      [0, 1, 2],
      [0, 1, 2],
    ])
    assert.deepEqual(sorted(await c.loadAll({ ...stretch, through: 7 }), [a, b]), [[], [2]])
  })

  check('a snapshot becomes the active one and ends the sessions that it lists as ended', async (c) => {
    const [alice, bob] = [c.author(), c.author()]
    const [a, b] = [alice.update(), bob.update()]
    await c.commit([...c.create(), c.session(alice), c.session(bob), c.update(a), c.update(b)])
    const snapshot = await c.snapshot(alice, [alice.upTo(a), bob.upTo(b, true)])
    for (const store of [c.store, await c.reopen()]) {
      const stored = await store.loadDocument(c.docId)
      assert.equal(stored?.active?.version, 3)
      assert.deepEqual(stored?.active?.id, snapshot.id)
      assert.equal(stored?.active?.size, encodeSnapshot(snapshot).length)
      assert.deepEqual(plain(stored?.active?.cover), plain(snapshot.cover))
      const ended = stored?.sessions.filter((session) => session.ended).map(({ session }) => session)
      assert.deepEqual(ended, [bob.certificate.session])
      if (store !== c.store) await store.close()
    }
  })

  check('a session without updates is stored with its certificate', async (c) => {
    const [alice, bob] = [c.author(), c.author()]
    const update = alice.update()
    await c.commit([...c.create(), c.session(alice), c.update(update), c.session(bob)])
    await c.snapshot(bob, [alice.upTo(update)])
    const stored = await c.store.loadDocument(c.docId)
    assert.deepEqual(
      stored?.sessions.map(({ seq }) => seq).sort((x, y) => x - y),
      [-1, 0],
    )
  })

  check('pruning drops what was covered long enough ago and nothing else', async (c) => {
    const alice = c.author()
    const [first, second, third] = alice.updates(3)
    await c.commit([...c.create(), c.session(alice), c.update(first), c.update(second)])
    const one = await c.snapshot(alice, [alice.upTo(defined(first))], { at: 1000 })
    await c.snapshot(alice, [alice.upTo(defined(second))], { at: 2000, parent: one })
    await c.commit([c.update(third)])
    assert.equal(await c.store.prune(999, 0), 0)
    assert.equal(await c.store.prune(1000, 0), 1)
    assert.equal(await c.store.prune(1000, 0), 0)
    assert.deepEqual((await c.readAll()).map(versionOf), [2, 3, 4, 5])
    assert.equal(await c.store.prune(FAR, 0), 2)
    assert.deepEqual((await c.readAll()).map(versionOf), [4, 5])
    assert.equal((await c.store.survey(c.docId, { after: 0, through: 5 })).pruned, true)
    assert.equal((await c.store.survey(c.docId, { after: 3, through: 5 })).pruned, false)
    const page = await c.store.read(c.docId, { after: 0, through: 5, maxBytes: ALL })
    assert.equal(page.pruned, true)
    const load = await c.store.readLoad(c.docId, { after: 0, through: 3, maxBytes: ALL, from: undefined })
    assert.equal(load.pruned, true)
    const now = await c.store.readLoad(c.docId, { after: 0, through: 5, maxBytes: ALL, from: undefined })
    assert.deepEqual([now.pruned, now.entries.map(versionOf)], [false, [5]])
  })

  check('ids, positions, heads and digests outlive pruning', async (c) => {
    const alice = c.author()
    const [first, second] = alice.updates(2)
    await c.commit([...c.create(), c.session(alice), c.update(first), c.update(second)])
    await c.snapshot(alice, [alice.upTo(defined(second), true)], { at: 0 })
    await c.store.prune(FAR, 0)
    const { author, session } = alice.certificate
    const found = await c.store.lookup(c.docId, {
      positions: [0, 1, 2].map((seq) => ({ author, session, seq })),
      ids: [defined(first).id, randomBytes(32)],
      chunks: [],
    })
    assert.deepEqual(found.positions, [first?.id, second?.id, undefined])
    assert.deepEqual(found.ids, [true, false])
    const stored = await c.store.loadDocument(c.docId)
    assert.deepEqual([stored?.sessions[0]?.seq, stored?.sessions[0]?.ended], [1, true])
    assert.deepEqual(
      (await c.store.survey(c.docId, { after: 1, through: 3 })).digest,
      nextDigest(EMPTY_DIGEST, defined(first).id),
    )
  })

  check('envelopes are found by id, unknown and pruned ones are named', async (c) => {
    const alice = c.author()
    const updates = alice.updates(3, 200)
    await c.commit([...c.create(), c.session(alice), ...updates.map(c.update)])
    await c.snapshot(alice, [alice.upTo(at(updates, 0))], { at: 0 })
    await c.store.prune(FAR, 0)
    const stranger = randomBytes(32)
    const ids = [stranger, ...updates.map(({ id }) => id)]
    const found = await c.store.readByIds(c.docId, ids, ALL)
    assert.deepEqual(found.unknown, [stranger, updates[0]?.id])
    assert.deepEqual(found.entries.map(versionOf), [2, 3])
    assert.equal(found.answered, 4)
    const part = await c.store.readByIds(c.docId, ids.slice(2), 1)
    assert.deepEqual([part.answered, part.entries.map(versionOf)], [1, [2]])
  })

  chunkSuite(check)

  check('documents do not see each other', async (c) => {
    const other = createStoreContext(c)
    const [alice, bob] = [c.author(), other.author()]
    await c.commit([...c.create(), c.session(alice), c.update(alice.update())])
    await other.commit([...other.create(), other.session(bob), ...bob.updates(2).map(other.update)])
    assert.equal((await c.store.loadDocument(c.docId))?.version, 1)
    assert.equal((await c.store.loadDocument(other.docId))?.version, 2)
    assert.equal((await other.readAll()).length, 2)
  })

  check('the relay keeps the seed that it was given first', async (c) => {
    const first = randomBytes(32)
    assert.deepEqual(await c.store.relaySeed(first), first)
    assert.deepEqual(await c.store.relaySeed(randomBytes(32)), first)
  })

  check('closing twice is fine, and afterwards nothing can be read', async (c) => {
    await c.store.close()
    await c.store.close()
    await assert.rejects(c.store.loadDocument(c.docId))
    await assert.rejects(c.store.commit(c.create()))
  })
}

const versionOf = ({ version }: Entry): number => version

const bytesOf = (update: Update | undefined): Uint8Array => encodeUpdate(defined(update))

const defined = <T>(value: T | undefined): T => {
  assert.ok(value !== undefined)
  return value
}

const at = (updates: readonly Update[], index: number): Update => defined(updates[index])

/** Bytes as they are compared: some stores give Buffers. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner) => (inner instanceof Uint8Array ? [...inner] : inner)))

/** Which positions of each chain came, in the order in which they came. */
const sorted = (ids: readonly Uint8Array[], chains: readonly (readonly Update[])[]): readonly number[][] =>
  chains.map((chain) =>
    ids.flatMap((id) => {
      const index = chain.findIndex((update) => equalBytes(update.id, id))
      return index < 0 ? [] : [index]
    }),
  )
