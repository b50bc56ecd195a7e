/** Short worlds in real time, over real sockets and with real signatures: what simulated time may hide. */
import { type DocHandle, Repo } from '@automerge/automerge-repo'
import { generateSecret, memoryStorage } from 'sealsync'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'
import { expect, test } from 'vitest'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { startRelay } from '../../src/index.ts'
import { eventually } from '../eventually.ts'
import { createTabLink } from './tab-link.ts'

interface Notes {
  list: string[]
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const runReal = async (seed: number): Promise<void> => {
  const random = createRandom(seed)
  const relay = await startRelay({ port: 0, store: 'memory:' })
  const secret = generateSecret()
  const [near, far] = createTabLink().adapters
  const open = (link?: typeof near) => {
    const adapter = new SealsyncNetworkAdapter(relay.url, {
      secret,
      snapshot: { afterUpdates: 4, idleMs: 200 },
      ackThrottleMs: 100,
      ...(random.chance(0.5) ? { storage: memoryStorage() } : {}),
    })
    const repo = new Repo({ network: link === undefined ? [adapter] : [adapter, link] })
    return { adapter, repo }
  }
  const tabs = [open(near), open(far), open()]
  const [author] = tabs
  if (author === undefined) throw new Error('no author')
  const created = author.repo.create<Notes>({ list: [] })
  const handles: DocHandle<Notes>[] = [created]
  for (const { repo } of tabs.slice(1)) handles.push(await repo.find<Notes>(created.url))

  const items: string[] = []
  for (const endsAt = Date.now() + 1_500; Date.now() < endsAt; await pause(random() * 60)) {
    const [tab, handle] = [random.int(3), random.pick(handles)]
    const item = `${seed}.${items.length}`
    items.push(item)
    handle?.change((doc) => void doc.list.push(item))
    const { adapter } = tabs[tab] ?? author
    if (random.chance(0.08)) void adapter.compact(created.documentId)
    if (random.chance(0.08) && adapter.peerId !== undefined) {
      adapter.disconnect()
      adapter.connect(adapter.peerId)
    }
  }
  await eventually(() => {
    for (const [i, { adapter }] of tabs.entries()) {
      const handle = handles[i]
      expect([...(handle?.doc().list ?? [])].sort()).toEqual([...items].sort())
      expect(handle?.heads()).toEqual(created.heads())
      expect(adapter.documentStatus(created.documentId)).toMatchObject({
        unsyncedChanges: 0,
        syncStatus: 'saved',
      })
      expect(handle?.getSyncInfo(adapter.relayStorageId)?.lastHeads).toEqual(created.heads())
    }
  })
  for (const { adapter } of tabs) adapter.disconnect()
  const stranger = open()
  const late = await stranger.repo.find<Notes>(created.url)
  expect(late.heads()).toEqual(created.heads())
  stranger.adapter.disconnect()
  await relay.close()
}

test('ten worlds at once in real time: nothing is lost and all become equal', async () => {
  await Promise.all(Array.from({ length: 10 }, (_, i) => runReal(i + 1)))
})
