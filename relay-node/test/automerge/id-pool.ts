/** automerge-repo 2.5 makes ids of documents from what it draws at once for several: what is left of that is thrown away. */
import crypto from 'node:crypto'
import { generateAutomergeUrl } from '@automerge/automerge-repo'

/** As many ids are made of one draw. */
const IDS = 16

/** To be called before the dice are seeded: the next id is then the first of a new draw. */
export const emptyIdPool = (): void => {
  const { randomFillSync } = crypto
  let isDrawn = false
  Object.assign(crypto, {
    randomFillSync: (bytes: Uint8Array): Uint8Array => {
      isDrawn = true
      return randomFillSync(bytes)
    },
  })
  for (let i = 0; i < IDS && !isDrawn; i++) generateAutomergeUrl()
  Object.assign(crypto, { randomFillSync })
  if (!isDrawn) throw new Error('automerge-repo draws its ids otherwise')
  for (let i = 1; i < IDS; i++) generateAutomergeUrl()
}
