/**
 * Whom alarms name. Some accuse who has done it, others only say whose envelopes it is about: then the relay is at fault,
 * or nobody knows who is.
 */
import type { Alarm, AlarmKind } from '../../../providers/src/sync/effects.ts'
import type { Role } from './play.ts'

const ACCUSES: Readonly<Record<AlarmKind, boolean>> = {
  rollback: false,
  fork: false,
  withheld: false,
  equivocation: true,
  forged: false,
  'snapshot-dropped': true,
  diverged: true,
  quarantined: true,
  'clientid-conflict': true,
  'past-cutoff': true,
  excluded: false,
  'rate-limited': true,
  revoked: true,
}

const EVE = ['eve'] as const

/** What an attack makes alarms say of others than Alice and Eve. */
export interface Naming {
  /** Whose envelopes the attack is about, for kinds that accuse nobody. Default: Alice's. */
  readonly affects?: Readonly<Partial<Record<AlarmKind, readonly string[]>>>
  /** Whom the victim accuses, if it may be others than Eve. */
  readonly accuses?: (role: Role) => readonly string[]
  /**
   * Kinds of alarms, sorted, that other honest sessions hear while the attack goes on, by name; whom they name is checked
   * even where it may be `any` kind. Default: none.
   */
  readonly others?: Readonly<Record<string, string>> | 'any'
}

export interface Hearer {
  readonly name: string
  readonly alarms: readonly Alarm[]
}

export const kindsOf = (alarms: readonly Alarm[]): string =>
  [...new Set(alarms.map(({ kind }) => kind))].sort().join(', ')

/** Alarms of the others that there should not be, and those that there should be, in words. */
export const unexpected = ({ others = {} }: Naming, hearers: readonly Hearer[]): readonly string[] =>
  hearers.flatMap(({ name, alarms }) => {
    if (others === 'any') return []
    const [heard, expected] = [kindsOf(alarms), others[name] ?? '']
    return heard === expected ? [] : [`${name} hears '${heard}' in place of '${expected}'`]
  })

/** Alarms that name somebody else than they should, or nobody, and those that are raised again. */
export const misnamed = (
  { affects = {}, accuses = () => EVE }: Naming,
  role: Role,
  { name: hearer, alarms }: Hearer,
): readonly string[] => {
  const accused = hearer === 'victim' ? accuses(role) : EVE
  const said = new Set<string>()
  return alarms.flatMap(({ kind, author = 'nobody', envelopeId, message }) => {
    const named = ACCUSES[kind] ? accused : (affects[kind] ?? ['alice'])
    const words = `${hearer} hears ${kind} of ${author} (${message})`
    const again = `${kind} ${author} ${envelopeId}`
    const problems = [
      ...(named.includes(author) ? [] : [`${words}, which is about ${named.join(', ')}`]),
      ...(said.has(again) ? [`${words} again`] : []),
    ]
    said.add(again)
    return problems
  })
}
