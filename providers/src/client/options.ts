/** Misuse is answered at the door, with what is wrong and what would be right. */

import { utf8 } from '../bytes.ts'
import { LIMITS } from '../protocol/limits.ts'

/** Throws for option names that do not exist: a misspelt option must not silently do nothing. */
export const checkOptions = (door: string, options: unknown, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${door}: pass an object with ${known.join(', ')}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new TypeError(`${door}: there is no option "${name}"; known: ${known.join(', ')}`)
  }
}

/** Those of the options that have these names, and a value. */
export const takeOptions = <Options extends object, Name extends keyof Options>(
  options: Options,
  names: readonly Name[],
): Pick<Options, Name> => {
  const known: readonly PropertyKey[] = names
  const taken = { ...options }
  for (const name in taken) if (!known.includes(name) || taken[name] === undefined) delete taken[name]
  return taken
}

/** A token as the greeting can carry it. */
export const checkToken = (token: unknown): string => {
  if (typeof token !== 'string') throw new TypeError('token: give a string, or a function that returns one')
  if (utf8(token).length <= LIMITS.tokenBytes) return token
  throw new TypeError(`token: it has more than ${LIMITS.tokenBytes} bytes`)
}

/** Throws unless `url` can be the address of a relay. */
export const checkUrl = (door: string, url: unknown): void => {
  const parsed = parse(url)
  if ((parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') && parsed.hash === '') return
  throw new TypeError(`${door}: "${String(url)}" is no relay address: pass ws://… or wss://… without #`)
}

const parse = (url: unknown): URL | undefined => {
  try {
    return new URL(String(url))
  } catch {
    return undefined
  }
}

export const checkRoom = (door: string, room: unknown): void => {
  if (typeof room === 'string' && room !== '') return
  throw new TypeError(`${door}: room is the name of the document in your app, a string that is not empty`)
}
