import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { createStoreContext } from '../src/testing/store-context.ts'
import { storeSuite } from '../src/testing/store-suite.ts'

const inTemporary = async <T>(run: (path: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'sealsync-'))
  try {
    return await run(join(directory, 'relay.db'))
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('the SQLite store', () => {
  storeSuite({
    test,
    create: async () => {
      const directory = await mkdtemp(join(tmpdir(), 'sealsync-'))
      const path = join(directory, 'new', 'relay.db')
      const store = await openSqliteStore(path)
      return {
        store,
        reopen: () => openSqliteStore(path),
        dispose: async () => {
          await store.close()
          await rm(directory, { recursive: true })
        },
      }
    },
  })

  test('it is written so that a commit survives a power cut', () =>
    inTemporary(async (path) => {
      const store = await openSqliteStore(path)
      const db = new DatabaseSync(path)
      expect(db.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
      db.close()
      await store.close()
    }))

  test('a database of a newer relay is refused with what to do', () =>
    inTemporary(async (path) => {
      const db = new DatabaseSync(path)
      db.exec('PRAGMA user_version = 99')
      db.close()
      await expect(openSqliteStore(path)).rejects.toThrow(/format 99.*newer sealsync-relay/)
    }))
})

test('after a commit that fails no transaction is left open', async () => {
  const store = await openSqliteStore(':memory:')
  const c = createStoreContext({ store, reopen: () => Promise.resolve(store) })
  const alice = c.author()
  await c.commit([...c.create(), c.session(alice)])
  await expect(c.commit(c.create())).rejects.toThrow()
  await c.commit([c.update(alice.update())])
  expect((await store.loadDocument(c.docId))?.version).toBe(1)
  await store.close()
  await expect(store.loadDocument(c.docId)).rejects.toThrow()
})
