/** Who sits at this window. Kept per tab, so that two tabs are two people. */
export interface Person {
  readonly name: string
  /** `#rrggbb`: the only form that carets take. */
  readonly color: string
}

/** In the storage of the tab. */
export const PERSON_KEY = 'sealsync-playground/person'
const NAME_LIMIT = 32

const ADJECTIVES = [
  'Amber',
  'Brave',
  'Calm',
  'Dapper',
  'Eager',
  'Gentle',
  'Lucky',
  'Merry',
  'Quiet',
  'Swift',
  'Witty',
  'Zesty',
]
const ANIMALS = [
  'Badger',
  'Crane',
  'Dolphin',
  'Falcon',
  'Gecko',
  'Heron',
  'Ibex',
  'Lynx',
  'Otter',
  'Panda',
  'Raven',
  'Wombat',
]
// Each is dark enough for white letters on it and bright enough for a caret on a dark page.
const COLORS = ['#c2410c', '#a16207', '#15803d', '#0e7490', '#2563eb', '#7c3aed', '#c026d3', '#be185d']

const pick = (choices: readonly string[]): string => choices[Math.floor(Math.random() * choices.length)] ?? ''

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Others' presence was made by a stranger's window: anything may be in it. */
export const personFrom = (value: unknown): Person => {
  const { name, color } = isRecord(value) ? value : {}
  return {
    name: typeof name === 'string' && name.trim() !== '' ? name.slice(0, NAME_LIMIT) : 'Somebody',
    color: typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color) ? color : '#6b7280',
  }
}

export const loadPerson = (): Person => {
  const stored = sessionStorage.getItem(PERSON_KEY)
  if (stored !== null) return personFrom(JSON.parse(stored))
  return savePerson({ name: `${pick(ADJECTIVES)} ${pick(ANIMALS)}`, color: pick(COLORS) })
}

export const savePerson = (person: Person): Person => {
  sessionStorage.setItem(PERSON_KEY, JSON.stringify(person))
  return person
}

/** A person at one of the windows that are open. */
export interface Present extends Person {
  /** Which window it is. */
  readonly id: string
}

/**
 * Carets of one color look like one person's, and CodeMirror's even swap their names. Of two who have drawn the same, who
 * has the higher id takes one that nobody shows, if there is one: so only one of them changes.
 */
export const distinctColor = ({ id, color }: Present, others: readonly Present[]): string => {
  const isTaken = (wanted: string): boolean => others.some((other) => other.color === wanted)
  const mustYield = others.some((other) => other.color === color && other.id < id)
  return mustYield ? (COLORS.find((wanted) => !isTaken(wanted)) ?? color) : color
}

/** One or two letters for an avatar; whole characters, also of names beyond the Latin alphabet. */
export const initialsOf = (name: string): string =>
  name
    .trim()
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase()
