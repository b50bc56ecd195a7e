import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../src/crypto.ts'
import type { Update } from '../../src/protocol/index.ts'
import type { Content } from '../../src/sync/content.ts'
import { decodeEntry } from '../../src/sync/keep.ts'
import { createOutbox, type Outbox } from '../../src/sync/outbox.ts'
import { createRandom } from '../../src/testing/random.ts'
import { sampleVault } from '../vectors/samples.ts'

beforeAll(() => cryptoReady)

const ENCODING = 64
const contentOf = (text: string): Content => ({
  encoding: ENCODING,
  payload: new TextEncoder().encode(text),
})
const textOf = ({ payload }: Content): string => new TextDecoder().decode(payload)

/** An outbox over a disk, of a CRDT whose edits are words. */
const createBench = (mostEdits?: number) => {
  const vault = sampleVault()
  const disk = new Map<string, Uint8Array>()
  let merged = 0
  let writes = 0
  let seq = 0
  const codec = {
    encodings: [ENCODING],
    merge: (contents: readonly Content[]) => {
      merged += contents.length
      return contentOf(contents.map(textOf).join(' '))
    },
  }
  const outbox = createOutbox({ vault, owner: 'me', codec, mostEdits })
  const sealNext = (): Update => {
    const portion = outbox.portion()
    const contents = portion.map(({ content }) => content)
    const content = contents.length === 1 && contents[0] ? contents[0] : codec.merge(contents)
    const header = { ...HEADER, session: new Uint8Array(8), seq: seq++ }
    const update = vault.sealUpdate(header, content.payload)
    outbox.seal(portion, content, update)
    return update
  }
  return {
    outbox,
    disk,
    sealNext,
    merged: () => merged,
    writes: () => writes,
    write: () => {
      for (const { key, value } of outbox.changes()) {
        writes += 1
        if (value === undefined) disk.delete(key)
        else disk.set(key, value)
      }
    },
    /** What another session would find. */
    stored: () =>
      [...disk.keys()].sort().flatMap((key) => {
        const entry = decodeEntry(disk.get(key) ?? new Uint8Array(0), vault)
        if (entry === undefined) return []
        if (entry.type === 'plain') return [{ edits: entry.edits, text: textOf(entry.content) }]
        const opened = vault.open(entry.update)
        return opened.ok ? [{ edits: entry.edits, text: new TextDecoder().decode(opened.value) }] : []
      }),
  }
}

const HEADER = {
  prev: new Uint8Array(32),
  base: new Uint8Array(32),
  logHeight: 0,
  deps: [],
  padded: false,
}

const wordsOf = (outbox: Outbox): string =>
  [...outbox.sealed(), ...outbox.loose()].map(({ content }) => textOf(content)).join(' ')
const count = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `w${from + i}`)

describe('what is typed for a long time offline', () => {
  test('becomes an entry for each hundred edits, in memory and on disk, and keeps its order and its count', () => {
    const { outbox, write, stored } = createBench()
    for (const word of count(0, 1050)) {
      outbox.add(contentOf(word), [])
      write()
    }
    expect(outbox.loose().length).toBe(60)
    expect(outbox.edits()).toBe(1050)
    expect(stored().map(({ edits }) => edits)).toEqual([...Array(10).fill(100), ...Array(50).fill(1)])
    expect(
      stored()
        .map(({ text }) => text)
        .join(' '),
    ).toBe(count(0, 1050).join(' '))
    expect(wordsOf(outbox)).toBe(count(0, 1050).join(' '))
  })

  test('costs the same for each edit, however many there are: each is merged once and written twice', () => {
    const bench = createBench()
    for (const word of count(0, 20_000)) {
      bench.outbox.add(contentOf(word), [])
      bench.write()
    }
    expect(bench.merged()).toBe(20_000)
    expect(bench.writes()).toBeLessThanOrEqual(20_000 * 2.01)
    while (bench.outbox.loose().length > 0) bench.sealNext()
    expect(bench.outbox.sealed().length).toBe(200)
    expect(bench.merged()).toBe(20_000)
    expect(bench.outbox.edits()).toBe(20_000)
  })

  test('is never more than 256 KiB in one entry, unless one edit is', () => {
    const { outbox } = createBench()
    const kilobytes = (size: number): Content => contentOf('x'.repeat(size * 1024))
    for (const size of [100, 100, 56, 1, 300, 255, 1, 2]) outbox.add(kilobytes(size), [])
    const sizes = outbox.loose().map(({ content }) => Math.round(content.payload.length / 1024))
    // One byte between any two words: the first three are 256 KiB before they are merged, and full.
    expect(sizes).toEqual([256, 1, 300, 256, 2])
  })

  test('is never more claims in one entry than an update can carry', () => {
    const { outbox } = createBench()
    const claims = Array.from({ length: 200 }, (_, i) => Uint8Array.of(i))
    for (const word of ['a', 'b', 'c']) outbox.add(contentOf(word), claims)
    outbox.add(contentOf('d'), [])
    expect(outbox.loose().map((entry) => [textOf(entry.content), entry.claims.length])).toEqual([
      ['a', 200],
      ['b', 200],
      ['c', 200],
      ['d', 0],
    ])
    const first = outbox.portion()
    expect(first.map(({ content }) => textOf(content))).toEqual(['a'])
  })

  test('is not merged with what only a newer version can read', () => {
    const { outbox } = createBench(3)
    const foreign: Content = { encoding: 99, payload: Uint8Array.of(1) }
    for (const content of [contentOf('a'), contentOf('b'), foreign, foreign, contentOf('c'), contentOf('d')])
      outbox.add(content, [])
    expect(outbox.loose().map(({ content }) => content.encoding)).toEqual([64, 99, 99, 64, 64])
    expect(outbox.portion().length).toBe(1)
  })

  test('is replaced as a whole when it turns out what the relay lacks, and no claim is lost', () => {
    const { outbox, write, stored } = createBench(10)
    for (const word of count(0, 25)) outbox.add(contentOf(word), [new TextEncoder().encode(word)])
    write()
    expect(outbox.replaceLoose([contentOf('one'), contentOf('two')], [])).toEqual([])
    write()
    expect(stored()).toEqual([
      { edits: 25, text: 'one' },
      { edits: 1, text: 'two' },
    ])
    expect(outbox.edits()).toBe(26)
    expect(outbox.loose()[0]?.claims.length).toBe(25)
    outbox.add(contentOf('three'), [])
    expect(wordsOf(outbox)).toBe('one two three')
    expect(outbox.replaceLoose([], []).length).toBe(25)
    write()
    expect([outbox.edits(), stored()]).toEqual([0, []])
  })
})

test('an outbox under random use holds every edit once, in order, and so does the disk', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed)
    const bench = createBench(2 + random.int(6))
    const { outbox, write, sealNext } = bench
    const gone = new Set<string>()
    let made = 0
    const left = (): string[] => count(0, made).filter((word) => !gone.has(word))
    for (let i = 0; i < 150; i++) {
      const dice = random()
      if (dice < 0.6) outbox.add(contentOf(`w${made++}`), [])
      else if (dice < 0.75 && outbox.loose().length > 0) sealNext()
      else if (dice < 0.88) {
        const entry = outbox.sealed()[0]
        if (entry === undefined) continue
        expect(outbox.find(entry.update.id)).toBe(entry)
        outbox.remove(entry)
        for (const word of textOf(entry.content).split(' ')) gone.add(word)
      } else if (dice < 0.94) outbox.loosen(outbox.sealed())
      if (random.chance(0.5)) write()
      expect(wordsOf(outbox), `seed ${seed}`).toBe(left().join(' '))
      expect(outbox.edits(), `seed ${seed}`).toBe(left().length)
    }
    outbox.loosen(outbox.sealed())
    write()
    const stored = bench.stored()
    expect(stored.map(({ text }) => text).join(' '), `seed ${seed}`).toBe(left().join(' '))
    expect(stored.reduce((sum, { edits }) => sum + edits, 0)).toBe(left().length)
  }
})

test('whoever reads the entries and deletes what was read loses nothing that is written meanwhile', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed)
    const { outbox, disk, write, sealNext, stored } = createBench(2 + random.int(6))
    const taken = new Set<string>()
    let made = 0
    const live = (steps: number): void => {
      for (let i = 0; i < steps; i++) {
        if (random.chance(0.75)) outbox.add(contentOf(`w${made++}`), [])
        else if (outbox.loose().length > 0) sealNext()
        if (random.chance(0.3)) write()
      }
    }
    live(random.int(30))
    write()
    const keys = [...disk.keys()]
    for (const { text } of stored()) for (const word of text.split(' ')) taken.add(word)
    live(random.int(30))
    write()
    for (const key of keys) disk.delete(key)
    const later = new Set(stored().flatMap(({ text }) => text.split(' ')))
    const lost = count(0, made).filter((word) => !taken.has(word) && !later.has(word))
    expect(lost, `seed ${seed}`).toEqual([])
  }
})
