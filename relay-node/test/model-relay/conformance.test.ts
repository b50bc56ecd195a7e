import { CLOSE, type Snapshot, type Update, utf8 } from 'sealsync/protocol'
import { createRandom } from 'sealsync/testing'
import { expect, test } from 'vitest'
import { type Author, certify, createAuthor, createTestDocument } from '../../src/testing/author.ts'
import { createTwins, type Twin, type TwinRelays } from './twins.ts'

interface Cast {
  readonly relays: TwinRelays
  readonly document: ReturnType<typeof createTestDocument>
  readonly alice: Author
  readonly bob: Author
  readonly a: Twin
  readonly b: Twin
}

/** A conversation that both relays must answer in the same way. */
const conversation = (name: string, say: (cast: Cast) => Promise<void>): void => {
  test(`both relays: ${name}`, async () => {
    const relays = createTwins()
    const document = createTestDocument()
    const cast = {
      relays,
      document,
      alice: createAuthor(document),
      bob: createAuthor(document),
      a: relays.client(),
      b: relays.client(),
    }
    await say(cast)
    const { real, model } = relays.transcripts()
    expect(model).toEqual(real)
    // A conversation in which nobody says anything would prove nothing.
    expect(real.some(({ frames }) => frames.length > 2)).toBe(true)
  })
}

const snapshotItem = (snapshot: Snapshot) => ({ type: 'snapshot', snapshot }) as const
const last = (updates: readonly Update[]): Update => {
  const update = updates.at(-1)
  if (update === undefined) throw new Error('no update')
  return update
}

conversation(
  'hello, a version that nobody speaks, and frames before hello',
  async ({ relays, a, b, alice }) => {
    await a.send(() => ({ type: 'hello', minVersion: 2, maxVersion: 3, token: '' }))
    await b.send(() => ({ type: 'ping', token: 1 }))
    const c = relays.client()
    await c.hello()
    await c.send(() => ({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' }))
    const d = relays.client()
    await d.hello()
    await d.send(() => ({ type: 'ping', token: 77 }))
    await d.open(alice)
    await d.raw(utf8('no frame at all'))
  },
)

conversation('certificates and proofs that are not admitted', async ({ document, relays, a, b, alice }) => {
  await a.open(alice, { deviceProof: new Uint8Array(64) })
  await a.open(alice, { readProof: new Uint8Array(64) })
  await a.open(alice, { certificate: certify(document, alice.device.publicKey, { issuer: alice.device }) })
  await b.open(alice, { create: false })
  await b.open(alice)
  const c = relays.client()
  await c.open(createAuthor(document), { create: false })
  await c.open(createAuthor(document, { role: 'reader' }))
})

conversation(
  'pushes, live and as a load, with and without a cursor',
  async ({ relays, document, ...cast }) => {
    const { a, b, alice, bob } = cast
    await a.open(alice)
    await b.open(bob)
    await a.push(...alice.updates(3))
    await b.push(bob.update())
    const early = b.place()
    await a.push(alice.update())
    for (const at of [undefined, early, b.place()]) {
      const c = relays.client()
      await c.open(createAuthor(document), { at })
      await a.push(alice.update())
    }
  },
)

conversation('every refusal and every repeated ack', async ({ relays, document, a, b, alice, bob }) => {
  await a.open(alice)
  await b.open(bob)
  const [first, second, third] = alice.updates(3)
  if (first === undefined || second === undefined || third === undefined) throw new Error('no updates')
  await a.push(second)
  await a.push(first, first, third, second)
  await b.push(first, createAuthor(document).update())
  const stranger = createAuthor(document)
  await b.push({ type: 'certificate', certificate: stranger.certificate })
  await b.push(stranger.update({ validSignature: false }), stranger.update())
  const reader = createAuthor(document, { role: 'reader' })
  const r = relays.client()
  await r.open(reader)
  await r.push(reader.update())
  await a.push({ type: 'ack', id: first.id })
})

conversation(
  'snapshots that fit, that do not, and that end sessions',
  async ({ relays, document, ...cast }) => {
    const { a, b, alice, bob } = cast
    await a.open(alice)
    await b.open(bob)
    const [mine, theirs] = [alice.updates(3), bob.updates(2)]
    await a.push(...mine)
    await b.push(...theirs)
    const early = b.place()
    const one = alice.snapshot([alice.upTo(last(mine)), bob.upTo(last(theirs))])
    await a.push(snapshotItem(one), snapshotItem(one))
    await a.push(snapshotItem(alice.snapshot([alice.upTo(last(mine))])))
    await a.push(snapshotItem(alice.snapshot([alice.upTo(last(mine))], [one.id])))
    await b.push(snapshotItem(bob.snapshot([alice.upTo(last(mine), true), bob.upTo(last(theirs))], [one.id])))
    await a.push(alice.update(), snapshotItem(alice.snapshot([alice.upTo(last(mine))], [one.id])))
    for (const at of [undefined, early, b.place()]) await relays.client().open(createAuthor(document), { at })
    await relays.prune()
    for (const at of [undefined, early, b.place()]) await relays.client().open(createAuthor(document), { at })
    const ids = [...mine, ...theirs].map(({ id }) => id)
    await b.send((channel) => ({ type: 'fetch', channel, ids: [one.id, ...ids, new Uint8Array(32)] }))
    await b.send((channel) => ({ type: 'fetch', channel, ids: [] }))
  },
)

conversation('chunks, and snapshots that list them', async ({ relays, document, a, b, alice, bob }) => {
  await a.open(alice)
  await b.open(bob)
  const early = b.place()
  const chunks = [0, 1, 2].map((index) => alice.chunk(index))
  const items = chunks.map((chunk) => ({ type: 'chunk', chunk }) as const)
  const ids = chunks.map(({ id }) => id)
  await a.push(...items)
  const update = alice.update()
  await a.push(update)
  const r = relays.client()
  const reader = createAuthor(document, { role: 'reader' })
  await r.open(reader)
  await r.push({ type: 'chunk', chunk: reader.chunk(0) })
  await b.push(...items.slice(0, 1))
  const one = alice.snapshot([alice.upTo(update)], [], { chunks: ids })
  await a.push(snapshotItem(one))
  await a.push(...items.slice(0, 2), snapshotItem(one), ...items, snapshotItem(one))
  const next = alice.update()
  await a.push(next)
  await relays.client().open(createAuthor(document), { at: early })
  await b.send((channel) => ({ type: 'fetch', channel, ids: [...ids, next.id, new Uint8Array(32)] }))
  const two = alice.snapshot([alice.upTo(next)], [one.id], { chunks: ids.slice(0, 1) })
  await a.push(snapshotItem(two))
  await relays.prune()
  await b.send((channel) => ({ type: 'fetch', channel, ids }))
  await relays.client().open(createAuthor(document), { at: early })
})

conversation('cursors that are not of this log', async ({ relays, document, a, alice }) => {
  await a.open(alice)
  await a.push(...alice.updates(3))
  const { real, model } = a.place()
  if (real === undefined || model === undefined) throw new Error('no place')
  const changes = [
    { logId: new Uint8Array(16) },
    { version: 4 },
    { digest: new Uint8Array(16) },
    { version: 2 },
    { version: 0 },
    { version: 0, digest: new Uint8Array(16) },
  ]
  for (const change of changes) {
    const at = { real: { ...real, ...change }, model: { ...model, ...change } }
    await relays.client().open(createAuthor(document), { at })
  }
})

conversation('a snapshot that ends a session before its head', async ({ a, alice }) => {
  await a.open(alice)
  const [first, second] = alice.updates(2)
  if (first === undefined || second === undefined) throw new Error('no updates')
  await a.push(first, second)
  await a.push(snapshotItem(alice.snapshot([alice.upTo(first, true)])))
  await a.push(snapshotItem(alice.snapshot([alice.upTo(first)])))
  await a.push(alice.update())
})

conversation(
  'who is there, what they show, and who has left',
  async ({ relays, document, a, b, alice, bob }) => {
    await a.open(alice)
    await b.open(bob)
    const [hers, his] = [alice.ephemeral(), bob.ephemeral()]
    await b.send((channel) => ({ type: 'ephemeral', channel, ephemeral: his }))
    await b.send((channel) => ({ type: 'ephemeral', channel, ephemeral: hers }))
    await b.open(bob, { attempt: 2 })
    await b.open(createAuthor(document, { device: bob.device }), { attempt: 3 })
    const c = relays.client()
    await c.open(createAuthor(document))
    await c.send((channel) => ({ type: 'close', channel }))
    await c.send((channel) => ({ type: 'ephemeral', channel, ephemeral: his }))
    b.disconnect()
  },
)

conversation('a document that nobody has written to is forgotten', async ({ relays, a, b, alice, bob }) => {
  await a.open(alice)
  a.disconnect()
  await b.open(bob, { create: false })
  await b.open(bob)
  const c = relays.client()
  await c.open(alice, { create: false })
  await b.push(bob.update())
  await c.open(alice, { create: false })
})

test('both relays answer the same to conversations that dice have written', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const relays = await speakAtRandom(seed)
    const { real, model } = relays.transcripts()
    expect(model, `seed ${seed}`).toEqual(real)
  }
})

const speakAtRandom = async (seed: number): Promise<TwinRelays> => {
  const random = createRandom(seed)
  const relays = createTwins()
  const document = createTestDocument()
  const people = Array.from({ length: 3 }, () => ({
    twin: relays.client(),
    author: createAuthor(document),
    made: [] as Update[],
    left: relays.client().place(),
    isOpen: false,
  }))
  const snapshots: Snapshot[] = []
  const heads = () =>
    people.flatMap(({ author, made }) => {
      const update = random.chance(0.9) ? made.at(-1) : random.pick(made)
      return update === undefined ? [] : [author.upTo(update, random.chance(0.15))]
    })
  for (let step = 0; step < 40; step++) {
    const one = random.pick(people)
    if (one === undefined) throw new Error('nobody')
    if (!one.isOpen) {
      await one.twin.open(one.author, { at: random.chance(0.3) ? undefined : one.left, attempt: step })
      one.isOpen = true
      continue
    }
    switch (random.int(8)) {
      case 0: {
        one.left = one.twin.place()
        one.twin.disconnect()
        one.twin = relays.client()
        one.isOpen = false
        if (random.chance(0.3)) {
          one.author = createAuthor(document)
          one.made = []
        }
        break
      }
      case 1: {
        const parents = snapshots.slice(-1).map(({ id }) => id)
        const pieces = random.chance(0.3) ? [one.author.chunk(0), one.author.chunk(1)] : []
        const pushed = pieces.slice(0, random.chance(0.8) ? 2 : 1)
        await one.twin.push(...pushed.map((chunk) => ({ type: 'chunk', chunk }) as const))
        const chunks = pieces.map(({ id }) => id)
        const options = { bytes: 500, chunks }
        const snapshot = one.author.snapshot(heads(), random.chance(0.9) ? parents : [], options)
        await one.twin.push(snapshotItem(snapshot))
        if (relays.model.log().some(({ envelope }) => envelope === snapshot)) snapshots.push(snapshot)
        break
      }
      case 2: {
        const ephemeral = one.author.ephemeral()
        await one.twin.send((channel) => ({ type: 'ephemeral', channel, ephemeral }))
        break
      }
      case 3: {
        const made = one.made.map(({ id }) => id)
        const ids = [...made, ...snapshots.flatMap(({ chunks }) => chunks)].filter(() => random.chance(0.3))
        await one.twin.send((channel) => ({ type: 'fetch', channel, ids }))
        break
      }
      case 4:
        await relays.prune()
        break
      case 5: {
        const again = random.pick(one.made)
        if (again !== undefined) await one.twin.push(again)
        break
      }
      default: {
        const made = one.author.updates(1 + random.int(3), 20 + random.int(200))
        one.made.push(...made)
        await one.twin.push(...made)
      }
    }
  }
  return relays
}

test('the model refuses what is too large', async () => {
  const relays = createTwins()
  const a = relays.client()
  await a.hello()
  await a.raw(new Uint8Array(70_000))
  const { real, model } = relays.transcripts()
  expect(model).toEqual(real)
  expect(model).toMatchObject([{ closed: CLOSE.tooLarge }])
})
