import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { decodeContent } from '../../src/yjs/encoding.ts'
import { createYjsReplica } from '../../src/yjs/replica.ts'
import { contentOf, createDice, createHistory, docFrom, edit, received } from './documents.ts'

const origin = 'provider'
const property = { numRuns: 200 }

const seeds = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  edits: fc.integer({ min: 1, max: 60 }),
  gc: fc.boolean(),
})

const half = (payload: Uint8Array): Uint8Array => payload.slice(0, payload.length >> 1)

describe('missing', () => {
  test('what a replica sends beyond the known makes the other document equal', () => {
    fc.assert(
      fc.property(seeds, ({ seed, edits, gc }) => {
        const dice = createDice(seed + 1)
        const history = createHistory(seed, edits, gc)
        const doc = docFrom(history, gc)
        const replica = createYjsReplica(doc, origin)
        replica.track()
        const known: Uint8Array[] = []
        const pending: Uint8Array[] = []
        for (const update of history) {
          const choice = dice(3)
          if (choice === 0) known.push(update)
          if (choice === 1) pending.push(update)
        }
        const batch = known.map((update, i) =>
          i % 2 === 0 ? received(update) : received(Y.convertUpdateFormatV1ToV2(update), 2),
        )
        expect(replica.apply(batch, true)).toEqual([])
        const [missing] = replica.missing(pending.map((payload) => ({ encoding: 1, payload })))
        const other = docFrom([], gc)
        const all = [...known, ...pending, ...(missing === undefined ? [] : [missing.payload])]
        createYjsReplica(other, origin).apply(
          all.map((update) => received(update)),
          false,
        )
        expect(contentOf(other)).toEqual(contentOf(doc))
      }),
      property,
    )
  })

  test('nothing is missing from a document that holds what is known, however it was told', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 2 }), ({ seed, edits, gc }, way) => {
        const history = createHistory(seed, edits, gc)
        const doc = docFrom(history, gc)
        const replica = createYjsReplica(doc, origin)
        replica.track()
        if (way === 0)
          replica.apply(
            history.map((update) => received(update)),
            true,
          )
        if (way === 1) replica.apply([received(Y.encodeStateAsUpdateV2(docFrom(history, gc)), 2)], true)
        const rest = way === 2 ? history : []
        expect(replica.missing(rest.map((payload) => ({ encoding: 1, payload })))).toEqual([])
      }),
      property,
    )
  })

  test('nothing is missing when all content came through apply into an empty document', () => {
    fc.assert(
      fc.property(seeds, ({ seed, edits }) => {
        const history = createHistory(seed, edits)
        const replica = createYjsReplica(new Y.Doc(), origin)
        replica.track()
        replica.apply(
          history.map((update) => received(update)),
          true,
        )
        expect(replica.missing([])).toEqual([])
      }),
      property,
    )
  })

  test('only what is new is sent: no struct that is wholly known', () => {
    fc.assert(
      fc.property(seeds, ({ seed, edits }) => {
        const history = createHistory(seed, edits)
        const doc = docFrom(history)
        const before = Y.encodeStateVector(doc)
        const known = Y.encodeStateAsUpdateV2(doc)
        edit(doc, createDice(seed + 1))
        const replica = createYjsReplica(doc, origin)
        replica.track()
        replica.apply([received(known, 2)], true)
        const [missing] = replica.missing([])
        if (missing === undefined) return
        const states = Y.decodeStateVector(before)
        for (const { id, length } of decodeContent(missing)?.structs ?? []) {
          expect(id.clock + length).toBeGreaterThan(states.get(id.client) ?? 0)
        }
        const other = docFrom([])
        Y.applyUpdateV2(other, known)
        Y.applyUpdate(other, missing.payload)
        expect(contentOf(other)).toEqual(contentOf(doc))
      }),
      property,
    )
  })

  test('deletions alone are sent, in a few bytes', () => {
    const doc = docFrom([])
    const text = doc.getText('text')
    for (let i = 0; i < 500; i++) text.insert(Math.floor(text.length / 2), 'letters')
    for (let i = 0; i < 500; i += 2) text.delete(i, 1)
    const known = Y.encodeStateAsUpdateV2(doc)
    text.delete(100, 20)
    const replica = createYjsReplica(doc, origin)
    replica.track()
    replica.apply([received(known, 2)], true)
    const [missing] = replica.missing([])
    expect(missing?.payload.length).toBeLessThan(120)
    const other = docFrom([])
    Y.applyUpdateV2(other, known)
    Y.applyUpdate(other, missing?.payload ?? new Uint8Array())
    expect(contentOf(other)).toEqual(contentOf(doc))
  })

  test('two authors who set one key at once have nothing to tell each other about the loser', () => {
    const updates: Uint8Array[] = []
    for (const value of [1, 2]) {
      const doc = new Y.Doc()
      doc.on('update', (update: Uint8Array) => updates.push(update))
      doc.getMap('map').set('key', value)
    }
    const replica = createYjsReplica(docFrom(updates), origin)
    replica.track()
    replica.apply(
      updates.map((update) => received(update)),
      true,
    )
    expect(replica.missing([])).toEqual([])
  })

  test('what was applied as not known is missing', () => {
    const history = createHistory(5, 20)
    const replica = createYjsReplica(docFrom([]), origin)
    replica.track()
    replica.apply(
      history.map((update) => received(update)),
      false,
    )
    const [missing] = replica.missing([])
    expect(contentOf(docFrom([missing?.payload ?? new Uint8Array()]))).toEqual(contentOf(docFrom(history)))
  })

  test('track forgets what was remembered before, missing stops remembering', () => {
    const history = createHistory(6, 20)
    const replica = createYjsReplica(docFrom(history), origin)
    const batch = history.map((update) => received(update))
    replica.track()
    replica.apply(batch, true)
    replica.track()
    expect(replica.missing([])).not.toEqual([])
    replica.track()
    replica.apply(batch, true)
    expect(replica.missing([])).toEqual([])
    expect(replica.missing([])).not.toEqual([])
  })

  test('content that Yjs has parked for a missing dependency is sent along', () => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    doc.getText('text').insert(0, 'first')
    doc.getText('text').insert(5, 'second')
    doc.getText('text').delete(5, 2)
    const [first = new Uint8Array(), ...later] = updates
    const replica = createYjsReplica(docFrom(later), origin)
    replica.track()
    const missing = replica.missing([])
    const other = docFrom([...missing.map(({ payload }) => payload), first])
    expect(other.getText('text').toString()).toBe('firstcond')
    replica.track()
    replica.apply(
      later.map((update) => received(update)),
      true,
    )
    expect(replica.missing([])).toEqual([])
  })
})

describe('apply', () => {
  const poison = (payload: Uint8Array): readonly Uint8Array[] => [
    new Uint8Array(0),
    new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
    half(payload),
    payload.slice(0, -1),
  ]

  test('content that cannot be read is named, changes nothing, and leaves the rest alone', () => {
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 60 }), ({ seed, edits }, noise) => {
        const history = createHistory(seed, edits)
        // An edit may turn out to change nothing; then there is no content to spoil.
        fc.pre(history.length > 0)
        const last = history.at(-1) ?? new Uint8Array()
        const bad = [...poison(last), ...poison(Y.convertUpdateFormatV1ToV2(last))]
        const doc = docFrom([])
        const replica = createYjsReplica(doc, origin)
        const batch = [
          ...bad.slice(0, 4).map((payload) => received(payload)),
          ...history.map((update) => received(update)),
          ...bad.slice(4).map((payload) => received(payload, 2)),
          received(last, 99),
        ]
        const unreadable = replica.apply(batch, false)
        expect(unreadable).toEqual([...[0, 1, 2, 3], ...[0, 1, 2, 3, 4].map((i) => 4 + history.length + i)])
        expect(contentOf(doc)).toEqual(contentOf(docFrom(history)))
        replica.apply([received(noise), received(noise, 2)], false)
        doc.getText('text').insert(0, 'still usable')
        expect(doc.getText('text').toString()).toContain('still usable')
      }),
      { ...property, numRuns: 60 },
    )
  })

  test('a struct that refers to what comes after it is refused before Yjs trips over it', () => {
    const encoder = new Y.UpdateEncoderV1()
    encoder.writeLen(1)
    encoder.writeLen(1)
    encoder.writeClient(7)
    encoder.writeLen(0)
    new Y.Item(
      Y.createID(7, 0),
      null,
      Y.createID(7, 50),
      null,
      null,
      null,
      null,
      new Y.ContentString('x'),
    ).write(encoder, 0)
    encoder.writeLen(0)
    const doc = docFrom([])
    expect(createYjsReplica(doc, origin).apply([received(encoder.toUint8Array())], false)).toEqual([0])
    expect(doc.store.clients.size).toBe(0)
  })

  test('a few bytes that claim billions of structs are refused at once', () => {
    const encoder = new Y.UpdateEncoderV2()
    const doc = docFrom([])
    // One repeated info and length, and a rest that announces 2³¹ structs of client 1.
    for (let i = 0; i < 2; i++) encoder.writeInfo(0)
    encoder.writeClient(1)
    const count = new Y.UpdateEncoderV1()
    count.writeLen(1)
    count.writeLen(2 ** 31)
    count.writeLen(0)
    const head = encoder.toUint8Array()
    const rest = count.toUint8Array()
    const payload = new Uint8Array(head.length + rest.length)
    payload.set(head)
    payload.set(rest, head.length)
    const started = performance.now()
    expect(createYjsReplica(doc, origin).apply([received(payload, 2)], false)).toEqual([0])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('authors whose edits wait for each other are integrated in whatever order they come', () => {
    const history = createHistory(933, 14, false)
    const dice = createDice(934)
    const parts: Uint8Array[][] = [[], [], []]
    for (const update of history) parts[dice(3)]?.push(update)
    const doc = docFrom([], false)
    const replica = createYjsReplica(doc, origin)
    for (const update of parts.flat()) replica.apply([received(update)], false)
    expect(contentOf(doc)).toEqual(contentOf(docFrom(history, false)))
  })

  test('a batch is one transaction with the origin given', () => {
    const history = createHistory(9, 30)
    const doc = docFrom([])
    const origins: unknown[] = []
    doc.on('afterTransaction', (transaction: Y.Transaction) => {
      if (!transaction.local) origins.push(transaction.origin)
    })
    createYjsReplica(doc, origin).apply(
      history.map((update) => received(update)),
      false,
    )
    expect(origins).toEqual([origin])
  })

  test('10,000 single-edit updates are applied in one go', () => {
    const source = new Y.Doc()
    const updates: Uint8Array[] = []
    source.on('update', (update: Uint8Array) => updates.push(update))
    const dice = createDice(1)
    for (let i = 0; i < 10_000; i++) source.getText('text').insert(dice(i + 1), 'x')
    const replica = createYjsReplica(docFrom([]), origin)
    replica.track()
    const started = performance.now()
    replica.apply(
      updates.map((update) => received(update)),
      true,
    )
    expect(replica.missing([])).toEqual([])
    expect(performance.now() - started).toBeLessThan(3000)
  })

  test('a listener of the app that throws does not reach the network', async () => {
    const doc = docFrom([])
    doc.getText('text').observe(() => {
      throw new Error('bug of the app')
    })
    const heard = new Promise((resolve) => {
      const previous = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        for (const listener of previous) process.on('uncaughtException', listener)
        resolve(error.message)
      })
    })
    const source = new Y.Doc()
    source.getText('text').insert(0, 'hello')
    expect(createYjsReplica(doc, origin).apply([received(Y.encodeStateAsUpdate(source))], false)).toEqual([])
    expect(doc.getText('text').toString()).toBe('hello')
    expect(await heard).toBe('bug of the app')
  })
})

describe('merge', () => {
  test('one edit stays as it is, several become one that is no longer than all of them', () => {
    fc.assert(
      fc.property(seeds, ({ seed, edits, gc }) => {
        const history = createHistory(seed, edits, gc)
        const replica = createYjsReplica(new Y.Doc(), origin)
        const contents = history.map((payload, i) =>
          i % 3 === 0
            ? { encoding: 2, payload: Y.convertUpdateFormatV1ToV2(payload) }
            : { encoding: 1, payload },
        )
        const [first] = contents
        if (first !== undefined) expect(replica.merge([first])).toBe(first)
        const merged = replica.merge(contents)
        const doc = docFrom([], gc)
        createYjsReplica(doc, origin).apply([received(merged.payload, merged.encoding)], false)
        expect(contentOf(doc)).toEqual(contentOf(docFrom(history, gc)))
      }),
      property,
    )
  })

  test('thousands of edits are merged without quadratic cost', () => {
    const source = new Y.Doc()
    const edits: { encoding: number; payload: Uint8Array }[] = []
    source.on('update', (payload: Uint8Array) => edits.push({ encoding: 1, payload }))
    for (let i = 0; i < 5000; i++) source.getText('text').insert(i, 'x')
    const started = performance.now()
    const merged = createYjsReplica(new Y.Doc(), origin).merge(edits)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(merged.encoding).toBe(2)
  })
})

describe('capture and isEmpty', () => {
  test('the whole state is captured as V2, but not while something is missing', () => {
    const source = new Y.Doc()
    const updates: Uint8Array[] = []
    source.on('update', (update: Uint8Array) => updates.push(update))
    source.getText('text').insert(0, 'a')
    source.getText('text').insert(1, 'b')
    const doc = docFrom([])
    const replica = createYjsReplica(doc, origin)
    expect(replica.isEmpty()).toBe(true)
    replica.apply(
      updates.slice(1).map((update) => received(update)),
      false,
    )
    expect(replica.isEmpty()).toBe(false)
    expect(replica.capture(false)).toBeUndefined()
    replica.apply(
      updates.map((update) => received(update)),
      false,
    )
    const captured = replica.capture(false)
    expect(captured?.encoding).toBe(2)
    const other = docFrom([])
    Y.applyUpdateV2(other, captured?.payload ?? new Uint8Array())
    expect(contentOf(other)).toEqual(contentOf(source))
  })
})
