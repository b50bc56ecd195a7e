/** The whole way, with real sockets and real time. */
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { startRelay } from '../../../relay-node/src/server.ts'
import { generateSecret } from '../../src/keys/secret.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'

test('two documents meet through a relay on a socket', async () => {
  const relay = await startRelay({ port: 0, store: 'memory:' })
  const secret = generateSecret()
  const providers = [1, 2].map(() => new SealsyncProvider(relay.url, 'room', new Y.Doc(), { secret }))
  const [a, b] = providers
  if (a === undefined || b === undefined) throw new Error('two were made')
  try {
    await Promise.all([a.whenSynced, b.whenSynced])
    const arrived = new Promise((resolve) => b.doc.once('update', resolve))
    a.doc.getText('text').insert(0, 'hello')
    expect(a.unsyncedChanges).toBe(1)
    await arrived
    await a.saved()
    expect(b.doc.getText('text').toString()).toBe('hello')
    expect(a.syncStatus).toBe('saved')
  } finally {
    for (const provider of providers) provider.destroy()
    await relay.close()
  }
})
