import { describe, expect, test } from 'vitest'
import { createAuthor, createTestDocument } from '../src/testing/author.ts'
import { brief, setUp, short } from './client.ts'

const begun = async () => {
  const setup = setUp()
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document)]
  const [a, b] = [setup.client(), setup.client()]
  await a.open(alice)
  await b.open(bob)
  const [first, second, third] = alice.updates(3)
  const other = bob.update()
  if (!first || !second || !third) throw new Error('no updates')
  a.push(first, second, third)
  b.push(other)
  await setup.relay.idle()
  a.clear()
  b.clear()
  const push = async (snapshot: ReturnType<typeof alice.snapshot>) => {
    a.clear()
    a.push({ type: 'snapshot', snapshot })
    await setup.relay.idle()
    return brief(a.items())
  }
  const acked = ({ id }: { id: Uint8Array }) => [`ack ${short(id)}`]
  const superseded = (snapshot: ReturnType<typeof alice.snapshot>) => [
    `refused superseded ${short(snapshot.id)}`,
  ]
  const ended = () =>
    a
      .items()
      .flatMap((item) => (item.type === 'refused' ? item.ended.map(({ session }) => short(session)) : []))
  return {
    setup,
    ...setup,
    document,
    alice,
    bob,
    a,
    b,
    first,
    second,
    third,
    other,
    push,
    acked,
    superseded,
    ended,
  }
}

describe('a snapshot is accepted', () => {
  test('as the first one, over any heads that are stored, and delivered with its certificate', async () => {
    const { alice, second, push, acked, b } = await begun()
    const snapshot = alice.snapshot([alice.upTo(second)])
    expect(await push(snapshot)).toEqual(acked(snapshot))
    expect(brief(b.items())).toEqual([
      `certificate ${short(alice.certificate.session)}`,
      `snapshot ${short(snapshot.id)}`,
    ])
  })

  test('when it names the active one and goes on from it', async () => {
    const { alice, bob, second, third, other, push, acked } = await begun()
    const one = alice.snapshot([alice.upTo(second), bob.upTo(other)])
    const two = alice.snapshot([alice.upTo(third), bob.upTo(other, true)], [one.id])
    expect(await push(one)).toEqual(acked(one))
    expect(await push(two)).toEqual(acked(two))
  })

  test('without sessions that the active one has ended, or that came later', async () => {
    const { alice, bob, third, other, push, acked } = await begun()
    const one = alice.snapshot([bob.upTo(other, true)])
    const two = alice.snapshot([alice.upTo(third)], [one.id])
    expect(await push(one)).toEqual(acked(one))
    expect(await push(two)).toEqual(acked(two))
  })

  test('again, when it comes again', async () => {
    const { alice, second, push, acked } = await begun()
    const one = alice.snapshot([alice.upTo(second)])
    expect(await push(one)).toEqual(acked(one))
    expect(await push(one)).toEqual(acked(one))
  })

  test('over positions whose envelopes were pruned', async () => {
    const { setup, alice, a, bob, first, third, other, push, acked, relay } = await begun()
    const one = alice.snapshot([alice.upTo(third)])
    expect(await push(one)).toEqual(acked(one))
    setup.now = Number.MAX_SAFE_INTEGER
    await relay.prune()
    const two = alice.snapshot([alice.upTo(third), bob.upTo(other)], [one.id])
    expect(await push(two)).toEqual(acked(two))
    a.clear()
    a.push(first)
    await relay.idle()
    expect(brief(a.items())).toEqual(acked(first))
  })

  test('and covers updates that were committed in the same batch', async () => {
    const { relay, alice, third, a } = await begun()
    const fourth = alice.update()
    const snapshot = alice.snapshot([alice.upTo(fourth)])
    const behind = alice.snapshot([alice.upTo(third)], [snapshot.id])
    a.push(fourth, { type: 'snapshot', snapshot }, { type: 'snapshot', snapshot: behind })
    await relay.idle()
    expect(brief(a.items())).toEqual([
      `ack ${short(fourth.id)}`,
      `ack ${short(snapshot.id)}`,
      `refused superseded ${short(behind.id)}`,
    ])
  })

  test('without touching updates that arrive meanwhile: they stay on top', async () => {
    const { relay, client, document, alice, second, third, other, push } = await begun()
    const snapshot = alice.snapshot([alice.upTo(second)])
    await push(snapshot)
    const c = client()
    await c.open(createAuthor(document))
    await relay.idle()
    const items = brief(c.items()).filter((item) => !item.startsWith('certificate'))
    expect(items[0]).toBe(`snapshot ${short(snapshot.id)}`)
    expect(items.slice(1).sort()).toEqual([third, other].map(({ id }) => `update ${short(id)}`).sort())
  })
})

describe('a snapshot is superseded', () => {
  test('when it does not name the active one as a parent', async () => {
    const { alice, second, third, push, superseded } = await begun()
    await push(alice.snapshot([alice.upTo(second)]))
    const two = alice.snapshot([alice.upTo(third)])
    expect(await push(two)).toEqual(superseded(two))
  })

  test('when it leaves out or goes behind a session that is open in the active one', async () => {
    const { alice, bob, first, second, third, other, push, superseded } = await begun()
    const one = alice.snapshot([alice.upTo(second), bob.upTo(other)])
    await push(one)
    const omitting = alice.snapshot([alice.upTo(third)], [one.id])
    const lower = alice.snapshot([alice.upTo(first), bob.upTo(other)], [one.id])
    expect(await push(omitting)).toEqual(superseded(omitting))
    expect(await push(lower)).toEqual(superseded(lower))
  })

  test('when it names what the relay does not hold, naming unknown sessions', async () => {
    const { document, alice, first, third, push, superseded, ended } = await begun()
    const ahead = alice.snapshot([alice.upTo(alice.update())])
    expect(await push(ahead)).toEqual(superseded(ahead))
    expect(ended()).toEqual([])
    const crossed = alice.snapshot([{ ...alice.upTo(first), head: third.id }])
    expect(await push(crossed)).toEqual(superseded(crossed))
    const stranger = createAuthor(document)
    const unknown = alice.snapshot([alice.upTo(first), stranger.upTo(stranger.update())])
    expect(await push(unknown)).toEqual(superseded(unknown))
    expect(ended()).toEqual([short(stranger.certificate.session)])
  })

  test('when it names a session that has ended, which is told', async () => {
    const { alice, bob, third, other, push, superseded, ended } = await begun()
    const one = alice.snapshot([alice.upTo(third), bob.upTo(other, true)])
    await push(one)
    const two = alice.snapshot([alice.upTo(third), bob.upTo(other)], [one.id])
    expect(await push(two)).toEqual(superseded(two))
    expect(ended()).toEqual([short(bob.certificate.session)])
  })

  test('when it ends a session before its head', async () => {
    const { alice, second, push, superseded } = await begun()
    const early = alice.snapshot([alice.upTo(second, true)])
    expect(await push(early)).toEqual(superseded(early))
  })
})

test('a snapshot of a reader, a stranger, or with a bad signature is refused', async () => {
  const { relay, client, document, alice, second, push } = await begun()
  const reader = createAuthor(document, { role: 'reader' })
  const r = client()
  await r.open(reader)
  r.clear()
  const fromReader = reader.snapshot([alice.upTo(second)])
  r.push({ type: 'snapshot', snapshot: fromReader })
  await relay.idle()
  expect(brief(r.items())).toEqual([`refused role ${short(fromReader.id)}`])
  const fromStranger = createAuthor(document).snapshot([alice.upTo(second)])
  expect(await push(fromStranger)).toEqual([`refused role ${short(fromStranger.id)}`])
  const forged = { ...alice.snapshot([alice.upTo(second)]), signature: new Uint8Array(64).fill(3) }
  expect(await push(forged)).toEqual([`refused invalid ${short(forged.id)}`])
})

test('an ended session makes room for another', async () => {
  const { relay, client } = setUp({ limits: { openSessions: 1 } })
  const document = createTestDocument()
  const [alice, bob] = [createAuthor(document), createAuthor(document)]
  const [a, b] = [client(), client()]
  await a.open(alice)
  await b.open(bob)
  const update = alice.update()
  a.push(update)
  a.push({ type: 'snapshot', snapshot: bob.snapshot([alice.upTo(update, true)]) })
  await relay.idle()
  b.push({ type: 'snapshot', snapshot: bob.snapshot([alice.upTo(update, true)]) })
  await relay.idle()
  const next = bob.update()
  b.clear()
  b.push(next)
  await relay.idle()
  expect(brief(b.items())).toEqual([`ack ${short(next.id)}`])
})
