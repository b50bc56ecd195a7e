/** A writer with valid keys who seals garbage, breaks signatures, and damages ciphertexts under valid signatures. */
import { equalBytes, type Update } from '../../../providers/src/protocol/index.ts'
import { decodeUpdateInner, encodeUpdateInner } from '../../../providers/src/sync/content.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import type { Random } from '../../../providers/src/testing/random.ts'

const KINDS = ['signature', 'layout', 'deflate', 'crdt'] as const

export const corrupt = (vault: Vault, random: Random): Vault => ({
  ...vault,
  sealUpdate: (fields, inner): Update => {
    const kind = random.chance(0.3) ? random.pick(KINDS) : undefined
    switch (kind) {
      case undefined:
        return vault.sealUpdate(fields, inner)
      case 'signature': {
        const update = vault.sealUpdate(fields, inner)
        const signature = random.bytes(64)
        return equalBytes(signature, update.signature ?? signature) ? update : { ...update, signature }
      }
      case 'layout':
        return vault.sealUpdate(fields, random.bytes(40))
      case 'deflate': {
        const payload = random.bytes(40)
        return vault.sealUpdate(
          fields,
          encodeUpdateInner({ encoding: 1, inflatedLength: 500, claims: [], payload }, fields.padded),
        )
      }
      case 'crdt': {
        const payload = random.bytes(40)
        const honest = decodeUpdateInner(inner, fields.padded)
        const encoding = honest.ok ? honest.value.encoding : 0
        return vault.sealUpdate(
          fields,
          encodeUpdateInner({ encoding, inflatedLength: undefined, claims: [], payload }, fields.padded),
        )
      }
    }
  },
})
