/**
 * One attack, played against one kind of client. Alice and Dave are honest and stay; Alice writes before, while and after
 * the relay lies. The victim is honest as well.
 *
 *   cold     has never seen the document when the attack has begun
 *   state    has seen its beginning, was away while the attacked envelopes were written, and comes back with its storage
 *   holder   was there when they were written, and connects again
 */
import type { AlarmKind } from '../../../providers/src/sync/effects.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Script } from '../../../providers/src/testing/script.ts'
import { createDisk } from '../simulation/device.ts'
import { kindsOf, misnamed, type Naming, unexpected } from './named.ts'
import { createStage, type Session, type Stage, type StageSetting } from './stage.ts'

export type { Session } from './stage.ts'

export const ROLES = ['cold', 'state', 'holder'] as const
export type Role = (typeof ROLES)[number]

export interface Cast extends Stage {
  readonly alice: Session
  readonly dave: Session
  /** Version of the log when the victim of the role `state` went away. */
  readonly early: number
  /** Version of the log when the attack begins. */
  readonly late: number
}

export interface Attack extends Naming {
  /** As the first column of the table says it. */
  readonly name: string
  /** Before the attack, when the envelopes that it is about are written. */
  readonly prepare?: (cast: Cast) => Promise<void>
  /** What the relay does from then on; without it, what `prepare` has made it do. */
  readonly lie?: (cast: Cast) => readonly Script[]
  /** Snapshots above it travel in chunks of so many bytes. */
  readonly chunkBytes?: number
  /** All sessions run with the option of this name. */
  readonly receipts?: boolean
  /** Alice and Dave are away while it goes on, so that nobody can tell the victim anything. */
  readonly isAlone?: boolean
  /** While it goes on, after Alice's next edit. */
  readonly goOn?: (cast: Cast, victim: Session) => Promise<void>
  /** What the attack does to the victim, if it is something else than that it lacks edits of others, or Alice its own. */
  readonly harms?: (cast: Cast, victim: Session) => boolean
  /** Whether all is well a minute after the attack has ended. */
  readonly heals?: boolean
}

const LOOK_MS = 100

/** `prevented`, `not noticed`, or the kinds of the victim's alarms. */
export type Outcome = string

export interface Played {
  readonly outcome: Outcome
  /** What must never happen, and did. */
  readonly violations: readonly string[]
  readonly messages: readonly string[]
  /** How long each kind of alarm took, ms, as `bounds.ts` counts; less than 0 if it came before. */
  readonly delays: ReadonlyMap<AlarmKind, number>
}

export const play = async (
  attack: Attack,
  role: Role,
  { seed = 1, setting }: { readonly seed?: number; readonly setting?: StageSetting } = {},
): Promise<Played> => {
  const { chunkBytes = 0, receipts = false } = attack
  const stage = createStage(seed, { chunkBytes, receipts }, setting)
  const [alice, dave] = [stage.open('alice'), stage.open('dave')]
  const disk = createDisk()
  const first = stage.open('victim', { disk })
  let victim = first
  const alarmedAt = listen(stage.clock, () => victim)
  stage.connect('alice', alice)
  stage.connect('dave', dave)
  if (role !== 'cold') stage.connect('victim', first)
  await stage.pass(1000)
  // One after the other, so that the log begins the same whatever the dice say.
  stage.edit(dave, 'd1;')
  await stage.pass(500)
  stage.edit(alice, 'a1;', 'a2;')
  await stage.pass(2500)
  const early = stage.relay.log().length
  if (role !== 'holder') {
    stage.disconnect(first)
    first.kill()
  }
  for (const id of ['b1;', 'b2;', 'b3;']) {
    stage.edit(alice, id)
    await stage.pass(200)
  }
  stage.edit(dave, 'e1;')
  await stage.pass(2000)
  const cast = (): Cast => ({ ...stage, alice, dave, early, late: stage.relay.log().length })
  const preparedAt = stage.clock.now()
  const tooEarly: string[] = []
  const noteEarly = (): void => {
    for (const { name, alarms } of stage.hearers())
      if (alarms.length > 0) tooEarly.push(`${name} hears ${kindsOf(alarms)} before the attack`)
  }
  noteEarly()
  await attack.prepare?.(cast())
  const held = new Set(role === 'holder' ? first.document.edits() : [])

  const set = cast()
  stage.disconnect(first)
  if (attack.lie !== undefined) {
    noteEarly()
    stage.relay.lie(...attack.lie(set))
  }
  if (role !== 'holder') victim = stage.open('victim', { disk: role === 'cold' ? createDisk() : disk })
  for (const id of victim.document.edits()) held.add(id)
  if (attack.isAlone) for (const other of [alice, dave]) stage.disconnect(other)
  let since = role === 'holder' && attack.lie === undefined ? preparedAt : stage.clock.now()
  stage.connect('victim', victim)
  await stage.pass(5000)
  if (!attack.isAlone) stage.edit(alice, 'c1;')
  await stage.pass(2000)
  stage.edit(victim, 'v1;')
  if (attack.goOn !== undefined) {
    await attack.goOn(set, victim)
    since = stage.clock.now()
  }
  await stage.pass(90_000)
  const delays = new Map([...alarmedAt].map(([kind, at]) => [kind, at - since]))

  const outcome = classify(attack, set, victim)
  const honest = stage.hearers().filter(({ name }) => name !== 'eve')
  const others = honest.filter(({ name }) => name !== 'victim')
  const violations = [
    ...tooEarly,
    ...violationsOf(stage, victim, held),
    ...unexpected(attack, others),
    ...honest.flatMap((hearer) => misnamed(attack, role, hearer)),
  ]
  // Everybody meets an honest relay again, and goes on writing.
  stage.relay.lie()
  stage.relay.restart()
  if (attack.isAlone) for (const [name, other] of Object.entries({ alice, dave })) stage.connect(name, other)
  await stage.pass(5000)
  for (const [name, session] of Object.entries({ alice, dave, victim })) stage.edit(session, `${name} again;`)
  await stage.pass(60_000)
  if (attack.heals ?? true) violations.push(...unhealed(stage, { alice, dave, victim }))
  return {
    outcome,
    violations,
    messages: victim.alarms.map(({ kind, message }) => `${kind}: ${message}`),
    delays,
  }
}

/** When each kind of alarm was first heard of a session, as somebody knows who looks at it ten times a second. */
const listen = (clock: Clock, session: () => Session): ReadonlyMap<AlarmKind, number> => {
  const heardAt = new Map<AlarmKind, number>()
  const look = (): void => {
    for (const { kind } of session().alarms) if (!heardAt.has(kind)) heardAt.set(kind, clock.now())
    clock.after(LOOK_MS, look)
  }
  look()
  return heardAt
}

const lacks = (session: Session, edits: Iterable<string>): readonly string[] => {
  const held = session.document.edits()
  return [...edits].filter((id) => !held.has(id))
}

/** A client that has everything, or that shows that it has not, is not deceived. */
const isDeceived = ({ honest, alice }: Cast, victim: Session): boolean =>
  (lacks(victim, honest).length > 0 && victim.session.status().synced) ||
  // Edits that are called saved, and reach nobody who is there.
  (alice.isConnected() && lacks(alice, ['v1;']).length > 0 && victim.session.status().sync === 'saved')

const classify = (attack: Attack, cast: Cast, victim: Session): Outcome => {
  const kinds = kindsOf(victim.alarms)
  if (kinds !== '') return kinds
  return (attack.harms ?? isDeceived)(cast, victim) ? 'not noticed' : 'prevented'
}

const violationsOf = ({ honest }: Stage, victim: Session, held: ReadonlySet<string>): string[] => {
  const foreign = [...victim.document.edits()].filter((id) => !honest.has(id))
  return [
    ...foreign.map((id) => `holds what nobody honest has written: ${id}`),
    ...lacks(victim, held).map((id) => `has lost what it held: ${id}`),
    ...lacks(victim, ['v1;']).map((id) => `has lost its own edit: ${id}`),
  ]
}

const unhealed = ({ honest }: Stage, sessions: Readonly<Record<string, Session>>): readonly string[] =>
  Object.entries(sessions).flatMap(([name, session]) => {
    const { pending } = session.session.status()
    return [
      ...lacks(session, honest).map((id) => `${name} still lacks ${id}`),
      ...(pending > 0 ? [`${name} still has ${pending} edits to send`] : []),
    ]
  })
