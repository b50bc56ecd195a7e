import { EMPTY_DIGEST, nextDigest, randomBytes } from 'sealsync/protocol'
import { describe, expect, test } from 'vitest'
import { certify, createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, setUp, short } from './client.ts'

const twoClients = async (options?: Parameters<typeof setUp>[0]) => {
  const setup = setUp(options)
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document)]
  const [a, b] = [setup.client(), setup.client()]
  await a.open(alice)
  await b.open(bob)
  a.clear()
  b.clear()
  return { ...setup, document, alice, bob, a, b }
}

describe('a pushed update', () => {
  test('is acked to its pusher and delivered to everyone else, its certificate first', async () => {
    const { relay, alice, a, b } = await twoClients()
    const update = alice.update()
    a.push(update)
    await relay.idle()
    const digest = nextDigest(EMPTY_DIGEST, update.id)
    expect(a.delivers()).toMatchObject([{ load: 'none', after: 0, through: 1, digest, caughtUp: true }])
    expect(b.delivers()).toMatchObject([{ load: 'none', after: 0, through: 1, digest, caughtUp: true }])
    expect(brief(a.items())).toEqual([`ack ${short(update.id)}`])
    expect(brief(b.items())).toEqual([
      `certificate ${short(alice.certificate.session)}`,
      `update ${short(update.id)}`,
    ])
  })

  test('comes with its own signature, byte for byte the same', async () => {
    const { relay, alice, a, b } = await twoClients()
    const updates = alice.updates(3)
    a.push(...updates)
    await relay.idle()
    const [, segment] = b.items()
    expect(segment).toEqual({ type: 'updates', updates, signatures: 'every' })
  })

  test('is encoded once for all who did not push it', async () => {
    const { relay, document, client, alice, a, b } = await twoClients()
    const c = client()
    await c.open(createAuthor(document))
    for (const one of [a, b, c]) one.clear()
    a.push(alice.update())
    await relay.idle()
    expect(b.raw).toHaveLength(1)
    expect(c.raw[0]).toBe(b.raw[0])
    expect(a.raw[0]).not.toBe(b.raw[0])
  })

  test('is acked again when it comes again, also after its session has ended', async () => {
    const { relay, alice, bob, a, b } = await twoClients()
    const [first, second] = alice.updates(2)
    if (first === undefined || second === undefined) throw new Error('no updates')
    a.push(first, second)
    a.push(first)
    await relay.idle()
    expect(brief(a.items())).toEqual([first, second, first].map(({ id }) => `ack ${short(id)}`))
    b.push({ type: 'snapshot', snapshot: bob.snapshot([alice.upTo(second, true)]) })
    await relay.idle()
    a.clear()
    a.push(first, second)
    await relay.idle()
    expect(brief(a.items())).toEqual([first, second].map(({ id }) => `ack ${short(id)}`))
    expect(a.delivers()).toMatchObject([{ after: 3, through: 3, caughtUp: true }])
  })

  test('is refused as a gap when its predecessor is missing or another', async () => {
    const { relay, alice, a, b } = await twoClients()
    const [, second] = alice.updates(2)
    if (second === undefined) throw new Error('no update')
    a.push(second)
    await relay.idle()
    expect(brief(a.items())).toEqual([`refused gap ${short(second.id)}`])
    expect(b.frames).toEqual([])
  })

  test('is refused for its role when its author is a reader or has shown no certificate', async () => {
    const { relay, client, document, a } = await twoClients()
    const reader = createAuthor(document, { role: 'reader' })
    const r = client()
    await r.open(reader)
    r.clear()
    const update = reader.update()
    r.push(update)
    const stranger = createAuthor(document).update()
    a.push(stranger)
    await relay.idle()
    expect(brief(r.items())).toEqual([`refused role ${short(update.id)}`])
    expect(brief(a.items())).toEqual([`refused role ${short(stranger.id)}`])
  })

  test('of another device is taken with its certificate and a valid signature only', async () => {
    const { relay, document, a, b } = await twoClients()
    const carol = createAuthor(document)
    const good = carol.update()
    const forged = carol.update({ validSignature: false })
    const fake = certify(document, carol.device.publicKey, { issuer: document.readKey })
    a.push({ type: 'certificate', certificate: { ...fake, session: carol.certificate.session } }, good)
    await relay.idle()
    a.push({ type: 'certificate', certificate: carol.certificate }, good, forged)
    await relay.idle()
    expect(brief(a.items())).toEqual([
      `refused role ${short(good.id)}`,
      `ack ${short(good.id)}`,
      `refused invalid ${short(forged.id)}`,
    ])
    expect(brief(b.items()).at(-1)).toBe(`update ${short(good.id)}`)
  })

  test('of the proven device is taken unverified, but never without a signature', async () => {
    const { relay, alice, a, b } = await twoClients()
    const unverified = alice.update({ validSignature: false })
    const next = alice.updates(2)
    a.push(unverified)
    // Packed with the last signature only: the first of them has none.
    a.push({ type: 'updates', updates: next, signatures: 'last' })
    await relay.idle()
    expect(brief(a.items())).toEqual([
      `ack ${short(unverified.id)}`,
      `refused invalid ${short(next[0]?.id ?? randomBytes(4))}`,
      `refused gap ${short(next[1]?.id ?? randomBytes(4))}`,
    ])
    expect(brief(b.items()).at(-1)).toBe(`update ${short(unverified.id)}`)
  })

  test('is refused when its session has ended', async () => {
    const { relay, alice, bob, a, b } = await twoClients()
    const update = alice.update()
    a.push(update)
    await relay.idle()
    b.push({ type: 'snapshot', snapshot: bob.snapshot([alice.upTo(update, true)]) })
    const late = alice.update()
    a.push(late)
    await relay.idle()
    expect(brief(a.items()).at(-1)).toBe(`refused session-ended ${short(late.id)}`)
  })

  test('that would open one session too many is answered snapshot-needed, open sessions go on', async () => {
    const { relay, alice, bob, a, b } = await twoClients({ limits: { openSessions: 1 } })
    a.push(alice.update())
    await relay.idle()
    const refused = bob.update()
    b.push(refused)
    a.push(alice.update())
    await relay.idle()
    expect(brief(b.items())).toContain(`refused snapshot-needed ${short(refused.id)}`)
    expect(brief(a.items()).filter((item) => item.startsWith('ack'))).toHaveLength(2)
  })

  test('is committed even if its pusher is gone by then', async () => {
    const { relay, alice, a, b } = await twoClients()
    const update = alice.update()
    a.push(update)
    a.connection.disconnect()
    await relay.idle()
    expect(brief(b.items()).at(-1)).toBe(`update ${short(update.id)}`)
  })
})

test('acks, refusals and deliveries leave in one order, in frames that follow each other', async () => {
  const { relay, alice, bob, a, b } = await twoClients()
  const mine = alice.updates(4)
  const theirs = bob.updates(2)
  const [m0, m1, , m3] = mine
  const [t0, t1] = theirs
  if (!m0 || !m1 || !m3 || !t0 || !t1) throw new Error('no updates')
  a.push(m0)
  b.push(t0)
  a.push(m1, m3)
  b.push(t1)
  await relay.idle()
  expect(brief(a.items()).filter((item) => !item.startsWith('certificate'))).toEqual([
    `ack ${short(m0.id)}`,
    `update ${short(t0.id)}`,
    `ack ${short(m1.id)}`,
    `refused gap ${short(m3.id)}`,
    `update ${short(t1.id)}`,
  ])
  for (const one of [a, b]) {
    const frames = one.delivers()
    for (const [i, frame] of frames.entries()) expect(frame.after).toBe(frames[i - 1]?.through ?? 0)
    expect(frames.at(-1)).toMatchObject({ through: 4, caughtUp: true })
  }
})

test('one batch larger than a frame is cut into frames of which only the last says that it is caught up', async () => {
  const { relay, alice, a, b } = await twoClients({ limits: { deliverBytes: 3000 } })
  a.push(...alice.updates(10, 1000))
  await relay.idle()
  expect(b.delivers().length).toBeGreaterThan(3)
  expect(
    b
      .delivers()
      .map(({ caughtUp }) => caughtUp)
      .lastIndexOf(false),
  ).toBe(b.delivers().length - 2)
  expect(
    b
      .delivers()
      .map(({ after }) => after)
      .slice(1),
  ).toEqual(
    b
      .delivers()
      .map(({ through }) => through)
      .slice(0, -1),
  )
})

test('a record is refused where nobody can administer', async () => {
  const { relay, document, alice, a } = await twoClients()
  const body = { op: 'set-role', device: alice.device.publicKey, role: 'reader' } as const
  const signature = randomBytes(64)
  const record = { type: 'record', docId: document.docId, author: alice.device.publicKey, height: 1 } as const
  a.push({
    type: 'record',
    record: { ...record, prev: document.docId, body, signature, id: randomBytes(32) },
  })
  await relay.idle()
  expect(brief(a.items())).toEqual([expect.stringMatching(/^refused role /)])
})

test('a peer whose pushes wait for their commit is asked to pause, and to resume when they are done', async () => {
  const { relay, alice, a } = await twoClients({ limits: { waitingBytes: 1000 } })
  a.push(...alice.updates(10, 500))
  expect(a.isPaused).toBe(true)
  await relay.idle()
  expect(a.isPaused).toBe(false)
})
