/** A store that fails for a while: said once, remembered within bounds, and over when it is over. */
import { CLOSE } from 'sealsync/protocol'
import { beforeEach, expect, test } from 'vitest'
import { createDocument, emptyLog } from '../src/document.ts'
import { createDraft } from '../src/draft.ts'
import { createFailures, type FailureEvent } from '../src/failures.ts'
import { RELAY_LIMITS } from '../src/relay-limits.ts'
import { createMemoryStore } from '../src/store/memory.ts'
import { createSubscriber } from '../src/subscriber.ts'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, failures, setUp } from './client.ts'

beforeEach(() => {
  failures.length = 0
})

test('what fails for the same reason is said once a minute, with how often, and that it is over', () => {
  const said: string[] = []
  let now = 0
  const log = (event: FailureEvent): void => {
    said.push(event.type === 'store-failed' ? `${event.error} ×${event.failures}` : event.type)
  }
  const { failed, written } = createFailures(() => now, log)
  written()
  for (let i = 0; i < 500; i++) failed('full')
  expect(said).toEqual(['full ×1'])
  failed('bad sector')
  now = 60_000
  for (let i = 0; i < 3; i++) failed('bad sector')
  written()
  written()
  expect(said).toEqual(['full ×1', 'bad sector ×500', 'bad sector ×1', 'store-recovered'])
})

test('a full disk is one line in the log, however many pushes it refuses', async () => {
  let isFull = false
  const store = createMemoryStore({ fault: () => (isFull ? 'fail' : undefined) })
  const { relay, client } = setUp({ store })
  const alice = createAuthor(createTestDocument())
  const a = client()
  await a.open(alice)
  isFull = true
  a.push(...alice.updates(50))
  await relay.idle()
  expect(brief(a.items()).filter((item) => item.startsWith('refused unavailable'))).toHaveLength(50)
  expect(failures).toHaveLength(1)
})

test('a relay that could not read its key greets whoever comes once it can', async () => {
  const store = createMemoryStore()
  let isBroken = true
  const { relay, client } = setUp({
    store: {
      ...store,
      relaySeed: (fresh) => (isBroken ? Promise.reject(new Error('no disk')) : store.relaySeed(fresh)),
    },
  })
  const [a, b, c] = [client(), client(), client()]
  a.send({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
  await relay.idle()
  expect(a.closed?.code).toBe(CLOSE.unavailable)
  isBroken = false
  const [greeted, again] = [await b.hello(), await c.hello()]
  expect(again.relayKey).toEqual(greeted.relayKey)
})

test('what is pushed while the store cannot be read is remembered for so many sessions only', () => {
  const made = createTestDocument()
  const [alice, ...strangers] = Array.from({ length: 21 }, () => createAuthor(made))
  if (alice === undefined) throw new Error('no author')
  const document = createDocument(
    { key: '', docId: made.docId, genesis: made.genesis, channel: 1 },
    emptyLog(made.docId),
  )
  const rules = { verify: () => true, limits: { ...RELAY_LIMITS, openSessions: 5 }, now: 0 }
  const nothing = { idAt: () => undefined, hasId: () => false, chunkBytes: () => undefined, looseChunks: 0 }
  const draft = createDraft(document, nothing, rules)
  const subscriber = createSubscriber({
    ...{
      document,
      certificate: alice.certificate,
      at: 0,
      digest: made.docId,
      backlog: { type: 'undecided' },
    },
    link: {
      ...{ number: 1, send: () => undefined, isLagging: () => false, wake: () => undefined },
      ...{ settled: () => undefined, fail: () => undefined },
    },
  })
  for (const stranger of strangers) {
    for (const envelope of stranger.updates(2)) draft.postpone({ subscriber, envelope, bytes: 1 })
  }
  expect(document.unavailable.size).toBe(5)
  expect([...document.unavailable.values()]).toEqual([0, 0, 0, 0, 0])
  expect(draft.outcomes).toHaveLength(40)
})
