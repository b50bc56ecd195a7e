/** A browser's storage that is full: nothing stops, nothing is called saved that is not, and it recovers. */
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { indexedDbStorage } from '../../src/client/indexeddb-storage.ts'
import { createStage, textOf, until, write } from '../yjs/stage.ts'

const stage = createStage()
let isFull = false

/** As browsers do it: what does not fit is found out when the transaction is to be committed, which aborts it. */
beforeEach(() => {
  isFull = false
  const { commit } = IDBTransaction.prototype
  vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementation(function (this: IDBTransaction) {
    const abort: unknown = Reflect.get(this, '_abort')
    if (isFull && abort instanceof Function) abort.call(this, 'QuotaExceededError')
    else commit.call(this)
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

test('a quota that is exceeded is reported, edits are sent all the same and stay pending until it is not', async () => {
  const [client, peer] = [stage.open({ storage: indexedDbStorage() }), stage.open()]
  const errors: Error[] = []
  client.on('storage-error', (error) => errors.push(error))
  await until(() => client.synced && peer.synced)
  write(client, 'kept;')
  await until(() => !client.hasUnsyncedChanges)
  isFull = true
  write(client, 'one;')
  await until(() => errors.length > 0 && textOf(peer) === 'kept;one;')
  expect(errors[0]?.name).toBe('QuotaExceededError')
  write(client, 'two;')
  await until(() => textOf(peer) === 'kept;one;two;')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(client.unsyncedChanges).toBe(2)
  expect(client.syncStatus).toBe('saving')
  // It is tried again, but not without pause.
  expect(errors.length).toBeLessThan(60)

  isFull = false
  await until(() => !client.hasUnsyncedChanges)
  client.destroy()
  const offline = stage.open({ storage: indexedDbStorage(), connect: false })
  await until(() => textOf(offline) === 'kept;one;two;')
})
