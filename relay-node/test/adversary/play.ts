/**
 * One attack, played against one kind of client. Alice and Dave are honest and stay; Alice writes before, while and after
 * the relay lies. The victim is honest as well.
 *
 *   cold     has never seen the document when the attack has begun
 *   state    has seen its beginning, was away while the attacked envelopes were written, and comes back with its storage
 *   holder   was there when they were written, and connects again
 */
import type { Script } from '../../../providers/src/testing/script.ts'
import { createDisk } from '../simulation/device.ts'
import { createStage, type Session, type Stage } from './stage.ts'

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

export interface Attack {
  /** As the first column of the table says it. */
  readonly name: string
  /** Before the attack, when the envelopes that it is about are written. */
  readonly prepare?: (cast: Cast) => Promise<void>
  /** What the relay does from then on; without it, what `prepare` has made it do. */
  readonly lie?: (cast: Cast) => readonly Script[]
  /** Snapshots above it travel in chunks of so many bytes. */
  readonly chunkBytes?: number
  /** Alice and Dave are away while it goes on, so that nobody can tell the victim anything. */
  readonly isAlone?: boolean
  /** While it goes on, after Alice's next edit. */
  readonly goOn?: (cast: Cast, victim: Session) => Promise<void>
  /** What the attack does to the victim, if it is something else than that it lacks edits of others, or Alice its own. */
  readonly harms?: (cast: Cast, victim: Session) => boolean
  /** Whether all is well a minute after the attack has ended. */
  readonly heals?: boolean
}

/** `prevented`, `not noticed`, or the kinds of the victim's alarms. */
export type Outcome = string

export interface Played {
  readonly outcome: Outcome
  /** What must never happen, and did. */
  readonly violations: readonly string[]
  readonly messages: readonly string[]
}

export const play = async (attack: Attack, role: Role, seed = 1): Promise<Played> => {
  const stage = createStage(seed, { chunkBytes: attack.chunkBytes ?? 0 })
  const [alice, dave] = [stage.open('alice'), stage.open('dave')]
  const disk = createDisk()
  const first = stage.open('victim', { disk })
  stage.connect('alice', alice)
  stage.connect('dave', dave)
  if (role !== 'cold') stage.connect('victim', first)
  await stage.pass(1000)
  stage.edit(alice, 'a1;', 'a2;')
  stage.edit(dave, 'd1;')
  await stage.pass(3000)
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
  await attack.prepare?.(cast())
  const held = new Set(role === 'holder' ? first.document.edits() : [])

  const set = cast()
  stage.disconnect(first)
  if (attack.lie !== undefined) stage.relay.lie(...attack.lie(set))
  const victim =
    role === 'holder' ? first : stage.open('victim', { disk: role === 'cold' ? createDisk() : disk })
  for (const id of victim.document.edits()) held.add(id)
  if (attack.isAlone) for (const other of [alice, dave]) stage.disconnect(other)
  stage.connect('victim', victim)
  await stage.pass(5000)
  if (!attack.isAlone) stage.edit(alice, 'c1;')
  await stage.pass(2000)
  stage.edit(victim, 'v1;')
  await attack.goOn?.(set, victim)
  await stage.pass(90_000)

  const outcome = classify(attack, set, victim)
  const violations = violationsOf(stage, victim, held)
  // Everybody meets an honest relay again, and goes on writing.
  stage.relay.lie()
  stage.relay.restart()
  if (attack.isAlone) for (const [name, other] of Object.entries({ alice, dave })) stage.connect(name, other)
  await stage.pass(5000)
  for (const [name, session] of Object.entries({ alice, dave, victim })) stage.edit(session, `${name} again;`)
  await stage.pass(60_000)
  if (attack.heals ?? true) violations.push(...unhealed(stage, { alice, dave, victim }))
  return { outcome, violations, messages: victim.alarms.map(({ kind, message }) => `${kind}: ${message}`) }
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
  const kinds = [...new Set(victim.alarms.map(({ kind }) => kind))].sort()
  if (kinds.length > 0) return kinds.join(', ')
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
