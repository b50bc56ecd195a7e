/** A store that fails for a while: said once, remembered within bounds, and over when it is over. */
import { CLOSE } from 'sealsync/protocol'
import { beforeEach, expect, test } from 'vitest'
import { createFailures, type FailureEvent } from '../src/failures.ts'
import { createMemoryStore } from '../src/store/memory.ts'
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

test('what is pushed while the store cannot be read is remembered for so many sessions only', async () => {
  const store = createMemoryStore()
  let isBroken = false
  const { relay, client } = setUp({
    store: {
      ...store,
      commit: (writes) => (isBroken ? Promise.reject(new Error('bad sector')) : store.commit(writes)),
      loadDocument: (docId) =>
        isBroken ? Promise.reject(new Error('bad sector')) : store.loadDocument(docId),
    },
    limits: { openSessions: 5 },
  })
  const document = createTestDocument()
  const strangers = Array.from({ length: 20 }, () => createAuthor(document))
  const alice = createAuthor(document)
  const a = client()
  await a.open(alice)
  isBroken = true
  a.push(alice.update())
  await relay.idle()
  a.clear()
  a.push(...strangers.map((stranger) => stranger.update()))
  await relay.idle()
  // Of those that are remembered, what follows is told to come again as well; of the others nothing is known.
  isBroken = false
  a.clear()
  a.push(
    ...strangers.map(({ certificate }) => ({ type: 'certificate', certificate }) as const),
    ...strangers.map((stranger) => stranger.update()),
  )
  await relay.idle()
  const answers = brief(a.items()).map((item) => item.split(' ').slice(0, 2).join(' '))
  expect(answers.filter((answer) => answer === 'refused unavailable')).toHaveLength(4)
  expect(answers.filter((answer) => answer === 'refused gap')).toHaveLength(16)
})
