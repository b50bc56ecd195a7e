/**
 * Which certificates the document's rules admit. Those that were admitted are remembered: a relay shows all of them again
 * at every opening, and checking one takes longer than anything else in a frame.
 */
import {
  type Certificate,
  encodeCertificate,
  isAdmitted,
  LIMITS,
  toHex,
  type Verify,
} from '../protocol/index.ts'
import type { Vault } from './vault.ts'

export const createAdmission = (
  { docId, genesis }: Pick<Vault, 'docId' | 'genesis'>,
  verify: Verify,
): ((certificate: Certificate) => boolean) => {
  const admitted = new Set<string>()
  return (certificate) => {
    const name = toHex(encodeCertificate(certificate))
    if (admitted.has(name)) return true
    if (!isAdmitted(certificate, docId, genesis, verify)) return false
    if (admitted.size >= LIMITS.openSessions) admitted.clear()
    admitted.add(name)
    return true
  }
}
