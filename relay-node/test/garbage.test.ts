import fc from 'fast-check'
import { encodeToRelay, randomBytes, type ToRelay, updateItems } from 'sealsync/protocol'
import { expect, test } from 'vitest'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, setUp, short } from './client.ts'

/** Everybody who opens the document loads all of its log, which each case makes longer: so each round has its own. */
const CASES_EACH = 500
const ROUNDS = process.env.SEALSYNC_LONG === '1' ? 40 : 1

test('no frame makes the relay throw, answer others wrongly, or keep what is gone', async () => {
  for (let round = 0; round < ROUNDS; round++) await playRound()
})

const playRound = async (): Promise<void> => {
  const { relay, client } = setUp()
  const document = createTestDocument()
  const alice = createAuthor(document)
  const honest = client()
  const { channel } = await honest.open(alice)
  const [update, snapshotted] = [createAuthor(document).update(), createAuthor(document)]
  const frames: readonly ToRelay[] = [
    { type: 'push', channel, items: updateItems([update]) },
    { type: 'push', channel, items: [{ type: 'snapshot', snapshot: snapshotted.snapshot([]) }] },
    { type: 'push', channel, items: [{ type: 'certificate', certificate: snapshotted.certificate }] },
    { type: 'ephemeral', channel, ephemeral: alice.ephemeral() },
    { type: 'fetch', channel, ids: [randomBytes(32)] },
    { type: 'close', channel },
    alice.opening({ relayKey: randomBytes(32), nonce: randomBytes(32) }),
  ]
  const mutated = fc
    .record({
      frame: fc.constantFrom(...frames.map((sent) => encodeToRelay(sent))),
      changes: fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 4 }),
      cut: fc.option(fc.nat(400)),
    })
    .map(({ frame, changes, cut }) => {
      const bytes = frame.slice()
      for (const { at, to } of changes) bytes[at % bytes.length] = to
      return cut === null ? bytes : bytes.slice(0, cut)
    })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), { maxLength: 6 }),
      async (all) => {
        const evil = client()
        await evil.open(createAuthor(document))
        for (const bytes of all) evil.connection.receive(bytes)
        evil.connection.disconnect()
        honest.clear()
        const mine = alice.update()
        honest.push(mine)
        await relay.idle()
        expect(brief(honest.items())).toContain(`ack ${short(mine.id)}`)
        expect(honest.closed).toBeUndefined()
        expect(relay.stats()).toEqual({ connections: 1, documents: 1, waiting: 0 })
      },
    ),
    { numRuns: CASES_EACH },
  )
}
