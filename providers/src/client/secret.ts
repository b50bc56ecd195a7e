/** What the app may pass as a secret: the thing itself, a promise of it, or a function that fetches it. */
import { secretFrom } from '../keys/secret.ts'

type Plain = string | Uint8Array

/** The text of `generateSecret()` or ≥ 32 random bytes, now or later. */
export type Secret = Plain | Promise<Plain> | (() => Plain | Promise<Plain>)

/** Its bytes, as a copy. Throws at once for a secret that is there and wrong; rejects for one that comes and is. */
export const readSecret = (secret: Secret): Promise<Uint8Array> => {
  if (typeof secret === 'function') return Promise.resolve().then(secret).then(secretFrom)
  if (secret instanceof Promise) return secret.then(secretFrom)
  return Promise.resolve(secretFrom(secret))
}
