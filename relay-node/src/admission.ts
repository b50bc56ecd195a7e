/** Who may open a document: the document's own rules decide, and nobody else is asked. */
import { deviceProofParts, isAdmitted, readProofParts, type ToRelay, type Verify } from 'sealsync/protocol'

export type Opening = ToRelay & { readonly type: 'open' }

export interface Greeting {
  readonly relayKey: Uint8Array
  /** Made for this connection, so that proofs cannot be used again elsewhere. */
  readonly nonce: Uint8Array
}

/** Why an opening is refused, for people; `undefined` when it is admitted. */
export const openingProblem = (
  opening: Opening,
  docId: Uint8Array,
  { relayKey, nonce, verify }: Greeting & { readonly verify: Verify },
): string | undefined => {
  const { genesis, certificate, deviceProof, readProof } = opening
  if (!isAdmitted(certificate, docId, genesis, verify)) {
    return 'the certificate does not come from the key that this document names for its role'
  }
  const deviceParts = deviceProofParts(relayKey, nonce, certificate)
  if (!verify('device-proof', deviceProof, certificate.author, ...deviceParts)) {
    return 'the device did not prove its key to this relay'
  }
  const readParts = readProofParts(relayKey, nonce, certificate)
  if (!verify('read-proof', readProof, genesis.readKey, ...readParts)) {
    return 'the read key was not proven to this relay'
  }
  return undefined
}
