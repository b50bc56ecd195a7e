import { EMPTY_DIGEST, nextDigest } from 'sealsync/protocol'
import { expect, test } from 'vitest'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, setUp, short } from './client.ts'

test('a pushed update is acked to its pusher and delivered to everyone else, with the certificate first', async () => {
  const { relay, client } = setUp()
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document)]
  const [a, b] = [client(), client()]
  await a.open(alice)
  await b.open(bob)
  a.clear()
  b.clear()
  const update = alice.update()
  a.push(update)
  await relay.idle()
  expect(brief(a.items())).toEqual([`ack ${short(update.id)}`])
  expect(brief(b.items())).toEqual([
    `certificate ${short(alice.certificate.session)}`,
    `update ${short(update.id)}`,
  ])
  const [delivered] = b.delivers()
  expect(delivered).toMatchObject({ after: 0, through: 1, caughtUp: true, load: 'none' })
  expect(delivered?.digest).toEqual(nextDigest(EMPTY_DIGEST, update.id))
})
