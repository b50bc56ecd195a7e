/** Where the secret of a document comes from when the line that makes a provider stays as it was. */
import type { Secret } from '../client/secret.ts'

/**
 * Gives the secret of a room: the text of `generateSecret()`, or ≥ 32 random bytes; now, or as a promise. `undefined`
 * for a room without one: its provider is then refused.
 */
export type KeyResolver = (room: string) => string | Uint8Array | Promise<string | Uint8Array> | undefined

let resolver: KeyResolver | undefined

/**
 * Says where all providers of `sealsync/compat/…` get the secrets of their rooms; called once when the app starts.
 * A provider that has the option `secret` does not ask. `undefined` ends it.
 *
 * @example
 * setKeyResolver((room) => secrets.get(room))
 */
export const setKeyResolver = (next: KeyResolver | undefined): void => {
  resolver = next
}

/** The option if it is there, else what the resolver gives; throws a `TypeError` when neither has one. */
export const secretFor = (door: string, room: string, option: Secret | undefined): Secret => {
  const secret = option ?? resolver?.(room)
  if (secret !== undefined) return secret
  const cause =
    resolver === undefined ? 'there is no secret' : `the key resolver has no secret for room "${room}"`
  throw new TypeError(
    `${door}: ${cause}. Pass the option secret, made once with generateSecret() of sealsync, or call ` +
      'setKeyResolver((room) => secret) when the app starts.',
  )
}
