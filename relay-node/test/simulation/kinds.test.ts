/** Every kind of document does what the simulation takes for granted, and the simulation finds out one that does not. */
import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import type { Received } from '../../../providers/src/sync/effects.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { createCounterDocument } from './counter-document.ts'
import { KIND_NAMES, KINDS } from './kinds.ts'
import { PROFILES, type Profile } from './knobs.ts'
import { createPlatformClock, type PlatformClock } from './platform-clock.ts'
import {
  type CreateSimDocument,
  difference,
  fingerprint,
  type SimDocument,
  type SimProvider,
} from './sim-document.ts'
import { runSeed } from './world.ts'

beforeAll(() => cryptoReady)

const receivedFrom = (content: Content): Received => ({
  ...content,
  kind: 'update',
  envelopeId: new Uint8Array(32),
  author: new Uint8Array(32),
  session: new Uint8Array(8),
  claims: [],
})

interface Opened {
  readonly document: SimDocument
  readonly contents: readonly Content[]
  readonly ids: readonly string[]
}

const open = (createDocument: CreateSimDocument, clock: PlatformClock, seed: number): Opened => {
  const contents: Content[] = []
  const ids: string[] = []
  const document = createDocument({
    clock,
    random: createRandom(seed),
    onEdited: (content, told) => {
      contents.push(content)
      ids.push(...told)
    },
    onSaved: () => undefined,
    onClaimed: () => undefined,
    onRejected: () => undefined,
  })
  const take = (missing: readonly Content[]): void => {
    contents.push(...missing)
    ids.push(...(document.idsIn?.(missing) ?? []))
  }
  // As a session does when there is nothing on the relay.
  document.replica.track()
  document.caughtUp?.()
  const missing = document.replica.missing([])
  if (missing instanceof Function) missing(take)
  else take(missing)
  return { document, contents, ids }
}

for (const name of KIND_NAMES) {
  const { createDocument } = KINDS[name]
  const withClock = (title: string, run: (clock: PlatformClock) => Promise<void>): void =>
    test(title, async () => {
      const clock = createPlatformClock()
      try {
        await run(clock)
      } finally {
        clock.restore()
      }
    })

  describe(`${name}: a document of the simulation`, () => {
    withClock('tells of an edit only with content that holds it, and of every edit', async (clock) => {
      const author = open(createDocument, clock, 1)
      const reader = open(createDocument, clock, 2)
      const made = Array.from({ length: 30 }, (_, i) => `7.${i};`)
      let delivered = 0
      for (const id of [...made, undefined]) {
        if (id !== undefined) author.document.edit(id)
        await clock.runUntil(clock.now() + (id === undefined ? 60_000 : 20))
        const told = [...author.ids]
        reader.document.replica.apply(author.contents.slice(delivered).map(receivedFrom), true)
        delivered = author.contents.length
        await clock.runUntil(clock.now() + 1000)
        expect([...reader.document.edits()]).toEqual(expect.arrayContaining(told))
      }
      expect([...author.ids].sort()).toEqual([...made].sort())
      expect(reader.document.isIncomplete()).toBe(false)
      expect(difference(author.document, reader.document)).toBe('')
      expect(fingerprint(author.document)).toBe(fingerprint(reader.document))
      author.document.edit('one more;')
      expect(difference(author.document, reader.document)).not.toBe('')
    })

    withClock('keeps what it holds when another provider takes it over', async (clock) => {
      const first = open(createDocument, clock, 1)
      first.document.edit('one;')
      await clock.runUntil(60_000)
      first.document.close()
      const second = open(first.document.reopen, clock, 2)
      second.document.edit('two;')
      await clock.runUntil(120_000)
      expect([...second.document.edits()].sort()).toEqual(['one;', 'two;'])
      expect([first.ids, second.ids]).toEqual([['one;'], ['two;']])
    })
  })
}

describe('the simulation finds out a document that', () => {
  const errorsOf = async (
    profile: Profile,
    change: (document: SimDocument, provider: SimProvider) => Partial<SimDocument>,
  ): Promise<string> => {
    const flawed =
      (create: CreateSimDocument): CreateSimDocument =>
      (provider) => {
        const document = create(provider)
        return { ...document, ...change(document, provider), reopen: flawed(document.reopen) }
      }
    const createDocument = flawed((provider) => createCounterDocument(provider))
    const errors: string[] = []
    // A flaw need not show in every world.
    for (let seed = 1; seed <= 20 && errors.length === 0; seed++) {
      errors.push(...(await runSeed(seed, profile, { kind: { createDocument, hasTimers: true } })).errors)
    }
    return errors.join('\n')
  }

  test('never hands an edit over', async () => {
    const errors = await errorsOf('plain', ({ edit }) => ({
      edit: (id) => (id.endsWith('7;') ? undefined : edit(id)),
    }))
    expect(errors).toMatch(/never handed over/)
  })

  test('says that it has handed an edit over, and has not', async () => {
    const errors = await errorsOf('plain', ({ edit, replica }, { onEdited }) => ({
      edit: (id) => (id.endsWith('7;') ? onEdited(replica.merge([]), [id]) : edit(id)),
    }))
    expect(errors).toMatch(/saved edit .* is lost/)
  })

  test('loses what it was given', async () => {
    let applied = 0
    const errors = await errorsOf('plain', ({ replica }) => ({
      replica: {
        ...replica,
        apply: (batch, known) => (++applied % 20 === 0 ? [] : replica.apply(batch, known)),
      },
    }))
    expect(errors).toMatch(/differs/)
  })

  test('does not know what the relay lacks', async () => {
    const errors = await errorsOf('wipe', ({ replica }) => ({ replica: { ...replica, missing: () => [] } }))
    expect(errors).toMatch(/is lost|differs/)
  })

  test('tells later what the relay lacks, of the state in which it was asked', async () => {
    const errors = await errorsOf('wipe', ({ replica }, { random }) => ({
      replica: {
        ...replica,
        missing: (pending) => {
          const missing = replica.missing(pending)
          return (tell) => {
            setTimeout(() => (missing instanceof Function ? missing(tell) : tell(missing)), random() * 200)
          }
        },
      },
    }))
    expect(errors).toMatch(/is lost|differs/)
  })
})

describe('the clock that carries the platform', () => {
  test('gives every world the same course as the clock without', async () => {
    for (const profile of PROFILES) {
      const plain = await runSeed(11, profile, { kind: KINDS.counter })
      const carried = await runSeed(11, profile, { kind: { ...KINDS.counter, hasTimers: true } })
      expect(carried).toEqual(plain)
      expect(carried.errors).toEqual([])
    }
  })

  test('gives a world of real Repos the same course every time, whatever ran before', async () => {
    const { random } = Math
    const course = () => runSeed(11, 'crowded', { kind: KINDS.automerge })
    const first = await course()
    await runSeed(12, 'crowded', { kind: KINDS.automerge })
    expect(await course()).toEqual(first)
    expect(Math.random).toBe(random)
  })

  test('runs timers, intervals and dates in simulated time, and gives the platform its own back', async () => {
    const realNow = Date.now()
    const own = setTimeout
    const clock = createPlatformClock()
    const course: string[] = []
    const note = (what: string): void => {
      course.push(`${what} ${clock.now()}`)
    }
    const startedAt = Date.now()
    try {
      setTimeout(note, 30, 'timeout')
      clock.after(20, () => note('event'))
      clearTimeout(setTimeout(note, 10, 'cleared'))
      const interval = setInterval(() => {
        note('interval')
        if (clock.now() >= 50) clearInterval(interval)
      }, 25)
      setTimeout(() => {
        void Promise.resolve()
          .then(() => setTimeout(note, 5, 'nested'))
          .then(() => note('promise'))
      }, 60)
      await clock.runUntil(100)
      expect([Date.now() - startedAt, performance.now()]).toEqual([100, 100])
      expect(new Date().toISOString()).toBe(new Date(startedAt + 100).toISOString())
    } finally {
      clock.restore()
    }
    expect(course).toEqual([
      'event 20',
      'interval 25',
      'timeout 30',
      'interval 50',
      'promise 60',
      'nested 65',
    ])
    expect(setTimeout).toBe(own)
    expect(Date.now()).toBeGreaterThanOrEqual(realNow)
  })
})
