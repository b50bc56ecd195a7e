/**
 * How soon an alarm comes. Time begins when the victim is connected to the relay that lies, or to an honest one on which
 * the writer acts; or with the end of the row's `goOn`, if there is one. docs/threat-model.md shows both tables.
 */
import type { AlarmKind } from '../../../providers/src/sync/effects.ts'
import { ROLES, type Role } from './play.ts'

/** Seconds. Kinds that no row of the table raises have none. */
export const WITHIN: Readonly<Partial<Record<AlarmKind, number>>> = {
  forged: 1,
  rollback: 1,
  quarantined: 2,
  'snapshot-dropped': 2,
  'clientid-conflict': 1,
  diverged: 2,
  equivocation: 4,
  fork: 4,
  withheld: 9,
  excluded: 13,
}

interface SlowCells {
  readonly attack: string
  readonly roles: readonly Role[]
  readonly kind: AlarmKind
  /** Seconds. */
  readonly within: number
}

/** Cells that are slower than others of their kind. */
export const SLOWER: readonly SlowCells[] = [
  // What the holder has, a load does not show again: the first forgery that reaches it is the next edit, after 5 s.
  { attack: 'R alters signatures', roles: ['holder'], kind: 'forged', within: 6 },
  { attack: 'R strips signatures', roles: ['holder'], kind: 'forged', within: 6 },
  { attack: 'R signs with another key', roles: ['holder'], kind: 'forged', within: 6 },
  { attack: 'R alters signatures', roles: ['holder'], kind: 'withheld', within: 20 },
  { attack: 'R strips signatures', roles: ['holder'], kind: 'withheld', within: 20 },
  { attack: 'R signs with another key', roles: ['holder'], kind: 'withheld', within: 20 },
  // What is left out is written after 5 s or later, when the others have just spoken.
  { attack: 'R shows one reader nothing new any more', roles: ROLES, kind: 'withheld', within: 20 },
  { attack: 'R hides somebody who comes and writes once', roles: ROLES, kind: 'withheld', within: 20 },
  { attack: 'R parts the users, but not their presence', roles: ROLES, kind: 'withheld', within: 20 },
  {
    attack: "R acknowledges somebody else's edits and stores nothing",
    roles: ROLES,
    kind: 'withheld',
    within: 20,
  },
  {
    attack: 'R serves an older snapshot, and nothing that came after it',
    roles: ROLES,
    kind: 'withheld',
    within: 20,
  },
  // The reader has to miss it first, and says so every 15 s.
  {
    attack:
      "R keeps a client's edits from one of the others; all have `receipts`, and nobody writes any more",
    roles: ROLES,
    kind: 'excluded',
    within: 28,
  },
  // There is an answer each time, but never the right one.
  { attack: 'R alters the chunks of a snapshot', roles: ['cold', 'state'], kind: 'withheld', within: 50 },
  {
    attack: 'R gives one chunk of a snapshot for all',
    roles: ['cold', 'state'],
    kind: 'withheld',
    within: 50,
  },
  {
    attack: 'R gives each chunk of a snapshot the content of another',
    roles: ['cold', 'state'],
    kind: 'withheld',
    within: 50,
  },
  { attack: 'R cuts the chunks of a snapshot off', roles: ['cold', 'state'], kind: 'withheld', within: 50 },
]

/**
 * Alarms that did not come in their time, in words: before there was a reason, too late or, where a cell is called slow,
 * so early that it is not.
 */
export const untimely = (
  attack: string,
  role: Role,
  delays: ReadonlyMap<AlarmKind, number>,
): readonly string[] =>
  [...delays].flatMap(([kind, ms]) => {
    const usual = WITHIN[kind] ?? 0
    const slow = SLOWER.find((one) => one.attack === attack && one.kind === kind && one.roles.includes(role))
    const from = slow === undefined ? 0 : 1000 * usual + 1
    const isTimely = from <= ms && ms <= 1000 * (slow?.within ?? usual)
    return isTimely ? [] : [`${kind} after ${ms} ms`]
  })
