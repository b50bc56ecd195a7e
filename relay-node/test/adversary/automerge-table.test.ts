/**
 * The attacks of the table, on documents of Repos in place of Yjs documents: what becomes of them is the same. Rows about
 * what a writer puts into an envelope are played with content of Automerge.
 */
import * as A from '@automerge/automerge'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { readChunks } from '../../../providers/src/automerge/chunk.ts'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import { sealChunk, senseless } from '../automerge/forger.ts'
import { seedDice } from '../automerge/seeded-dice.ts'
import { watchRejections } from '../automerge/stray-rejections.ts'
import { createAutomergeDocument } from '../simulation/automerge-document.ts'
import { createPlatformClock, type PlatformClock } from '../simulation/platform-clock.ts'
import type { SimProvider } from '../simulation/sim-document.ts'
import { untimely } from './bounds.ts'
import { type Attack, type Cast, type Outcome, play, ROLES, type Role } from './play.ts'
import { signTwice, TABLE, takePrunedSnapshot } from './table.ts'

const isLong = process.env.SEALSYNC_LONG === '1'
const AUTOMERGE = 3

beforeAll(() => cryptoReady)

let clock: PlatformClock
let endings: (() => void)[]
let stray: string[]
/** The last change that each actor was heard to make. */
let lastChanges: Map<string, Content>

/** A document of a Repo where the cast expects one of Yjs; nobody looks into the latter. */
const createDocument = (provider: SimProvider) => {
  const onEdited = (content: Content, ids: readonly string[]): void => {
    const chunks = readChunks(content.payload)
    for (const chunk of chunks.ok ? chunks.value : [])
      if (chunk.type === 'change')
        lastChanges.set(chunk.actor, { encoding: AUTOMERGE, payload: chunk.bytes.slice() })
    provider.onEdited(content, ids)
  }
  return { ...createAutomergeDocument({ ...provider, onEdited }), doc: new Y.Doc() }
}

beforeEach(() => {
  clock = createPlatformClock()
  stray = []
  lastChanges = new Map()
  endings = [watchRejections((error) => stray.push(error)), seedDice(1), clock.restore]
  // Where a Repo says that it could not take a message.
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
})
afterEach(() => {
  for (const end of endings) end()
  vi.restoreAllMocks()
})

const playHere = (attack: Attack, role: Role) => play(attack, role, { setting: { clock, createDocument } })

const evil = (payload: Uint8Array): Content => ({ encoding: AUTOMERGE, payload })
const actor = 'ee'.repeat(16)
const noteBy = (text: string, by = actor): A.Doc<{ evil: string }> => A.from({ evil: text }, { actor: by })
const changeBy = (text: string, by = actor): Content =>
  evil(A.getLastLocalChange(noteBy(text, by)) ?? new Uint8Array(0))
const twins = (): readonly [Content, Content] => [changeBy('this'), changeBy('that', 'ef'.repeat(16))]
const spoilt = (): Uint8Array => {
  const document = A.save(noteBy('spoilt'))
  for (let i = document.length - 1; ; i--) {
    const changed = document.slice()
    changed[i] = (changed[i] ?? 0) ^ 1
    try {
      A.load(sealChunk(changed))
    } catch {
      return sealChunk(changed)
    }
  }
}

const pushing =
  (push: (eve: ReturnType<Cast['evilWriter']>) => void) =>
  async (cast: Cast): Promise<void> => {
    push(cast.evilWriter())
    await cast.pass(5000)
  }

interface OwnRow extends Attack {
  readonly outcomes: readonly [cold: Outcome, state: Outcome, holder: Outcome]
}

/** As in the table, but for what is inside the seal. */
const OWN: readonly OwnRow[] = [
  {
    name: 'W signs two updates for one position, and R shows each to some',
    outcomes: ['equivocation', 'equivocation', 'equivocation'],
    ...signTwice({ hides: false, contents: twins }),
  },
  {
    name: 'W signs two updates for one position, and R hides that there are two',
    outcomes: ['fork', 'fork', 'fork'],
    ...signTwice({ hides: true, contents: twins }),
  },
  {
    name: 'W makes a snapshot that lacks what it covers',
    outcomes: ['prevented', 'prevented', 'snapshot-dropped'],
    others: { alice: 'snapshot-dropped', dave: 'snapshot-dropped' },
    prepare: pushing((eve) => eve.push(eve.snapshot(evil(A.save(A.init()))))),
  },
  {
    name: 'W makes a snapshot that nobody can read',
    outcomes: ['prevented', 'prevented', 'quarantined'],
    others: { alice: 'quarantined', dave: 'quarantined' },
    prepare: pushing((eve) => eve.push(eve.snapshot(evil(Uint8Array.of(9, 9, 9))))),
  },
  {
    name: 'W makes a snapshot that nobody can load',
    outcomes: ['prevented', 'prevented', 'quarantined'],
    others: { alice: 'quarantined', dave: 'quarantined' },
    prepare: pushing((eve) => eve.push(eve.snapshot(evil(spoilt())))),
  },
  {
    name: 'W writes content that does not decode',
    outcomes: ['quarantined', 'quarantined', 'quarantined'],
    others: { alice: 'quarantined', dave: 'quarantined' },
    prepare: pushing((eve) => eve.push(eve.garbage(), eve.update(evil(Uint8Array.of(9, 9, 9))))),
  },
  {
    name: 'W writes a change that Automerge cannot take',
    outcomes: ['quarantined', 'quarantined', 'quarantined'],
    others: { alice: 'quarantined', dave: 'quarantined' },
    prepare: pushing((eve) => eve.push(eve.update(evil(senseless(actor))))),
  },
  {
    name: 'W writes two changes for one place of an actor',
    outcomes: ['clientid-conflict', 'clientid-conflict', 'clientid-conflict'],
    others: { alice: 'clientid-conflict', dave: 'clientid-conflict' },
    prepare: pushing((eve) => eve.push(eve.update(changeBy('this')), eve.update(changeBy('that')))),
  },
]

const CELLS = OWN.flatMap((row) =>
  ROLES.map((role, i) => ({ name: row.name, role, row: row as Attack, expected: row.outcomes[i] ?? '' })),
)

/**
 * A Repo that imports what all begin with has sent that first. So where the snapshot goes for which the log was pruned, a
 * holder misses an envelope of its own first, and not Dave's.
 */
const ofRepos = (row: Attack): Attack =>
  row.prepare === takePrunedSnapshot ? { ...row, affects: { ...row.affects, rollback: ['victim'] } } : row

describe('a relay that lies', () => {
  // In a short run every third row is played against one kind of client: what a session does owes little to the CRDT.
  const rows = TABLE.filter(({ name }) => name.startsWith('R '))
  const cells = rows.flatMap((row, at) =>
    ROLES.filter((_, i) => isLong || (at % 3 === 0 && i === (at / 3) % ROLES.length)).map((role) => ({
      name: row.name,
      role,
      row: ofRepos(row),
      expected: row.outcomes[role],
    })),
  )
  test.each(cells)('$name: $role', async ({ row, role, expected }) => {
    const { outcome, violations, messages, delays } = await playHere(row, role)
    expect({ violations, stray }).toEqual({ violations: [], stray: [] })
    expect(outcome, messages.join('; ')).toBe(expected)
    expect(untimely(row.name, role, delays)).toEqual([])
  })
})

describe('a writer with bad intentions', () => {
  test.each(CELLS)('$name: $role', async ({ row, role, expected }) => {
    const { outcome, violations, messages, delays } = await playHere(row, role)
    expect({ violations, stray }).toEqual({ violations: [], stray: [] })
    expect(outcome, messages.join('; ')).toBe(expected)
    expect(untimely(row.name, role, delays)).toEqual([])
  })
})

test.each(isLong ? ROLES : (['holder'] as const))('without an attack nothing is wrong: %s', async (role) => {
  expect(await playHere({ name: 'nothing' }, role)).toEqual({
    outcome: 'prevented',
    violations: [],
    messages: [],
    delays: new Map(),
  })
})
