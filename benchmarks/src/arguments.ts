/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander'

export const count = (value: string): number => {
  const parsed = Number(value)
  if (Number.isSafeInteger(parsed) && parsed >= 0) return parsed
  throw new InvalidArgumentError('pass a whole number')
}

/** `all` is 0. */
export const countOrAll = (value: string): number => (value === 'all' ? 0 : count(value))

export const atLeastOne = (value: string): number => {
  const parsed = count(value)
  if (parsed > 0) return parsed
  throw new InvalidArgumentError('pass at least 1')
}
