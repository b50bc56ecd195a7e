/** The door to sealing a store that is not ours: it waits for the secret and for the cryptography. */
import { cryptoReady, wipe } from '../crypto.ts'
import { type AtRest, createAtRest } from '../keys/at-rest.ts'
import { readSecret, type Secret } from './secret.ts'

/** Throws at once for a secret that is there and wrong; rejects for one that comes and is. Keeps no copy of it. */
export const openAtRest = (secret: Secret): Promise<AtRest> =>
  Promise.all([readSecret(secret), cryptoReady]).then(([bytes]) => {
    const atRest = createAtRest(bytes)
    wipe(bytes)
    return atRest
  })
