import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { openSqliteStore } from '../src/store/sqlite.ts'
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
