/**
 * A session certificate: the write or read key (or, later, the membership log's authority) says that this device
 * may act in this session. It does not expire, survives snapshots, and lets readers be verified too.
 */
import { createReader, createWriter, equalBytes } from '../bytes.ts'
import { isAdmissibleKey, type Verify } from '../crypto.ts'
import { err, ok, type Result } from '../result.ts'
import type { Genesis } from './genesis.ts'

export type Role = 'admin' | 'writer' | 'reader'

const ROLES: readonly Role[] = ['admin', 'writer', 'reader']
export const CERTIFICATE_BYTES = 143
const SIGNED_BYTES = 79

export interface Certificate {
  readonly role: Role
  readonly docId: Uint8Array
  /** The device's Ed25519 public key, 32 bytes. */
  readonly author: Uint8Array
  /** 8 random bytes: one run of one device on one document. */
  readonly session: Uint8Array
  /** The membership-log height at which it was issued; 0 without a log. */
  readonly logHeight: number
  readonly signature: Uint8Array
}

/** What the issuer signs: version 1 ‖ suite 1 ‖ role 1 ‖ docId 32 ‖ author 32 ‖ session 8 ‖ log height 4. */
export const certificateBody = (certificate: Omit<Certificate, 'signature'>): Uint8Array =>
  createWriter(SIGNED_BYTES)
    .u8(1)
    .u8(1)
    .u8(ROLES.indexOf(certificate.role) + 1)
    .bytes(certificate.docId)
    .bytes(certificate.author)
    .bytes(certificate.session)
    .u32(certificate.logHeight)
    .done()

/** The body, then the signature: 143 bytes. */
export const encodeCertificate = (certificate: Certificate): Uint8Array =>
  createWriter(CERTIFICATE_BYTES).bytes(certificateBody(certificate)).bytes(certificate.signature).done()

export const decodeCertificate = (bytes: Uint8Array): Result<Certificate> => {
  const reader = createReader(bytes)
  const version = reader.u8()
  const suite = reader.u8()
  const role = ROLES[reader.u8() - 1]
  const certificate = {
    docId: reader.bytes(32),
    author: reader.bytes(32),
    session: reader.bytes(8),
    logHeight: reader.u32(),
    signature: reader.bytes(64),
  }
  if (!reader.finished()) return err('certificate: wrong length')
  if (version !== 1 || suite !== 1) return err('certificate: unknown version or suite')
  if (role === undefined) return err('certificate: unknown role')
  return ok({ role, ...certificate })
}

/**
 * Whether the document's own rules admit this certificate. The role decides which key must have signed it;
 * admins need a membership log, which a genesis without an admin key does not have.
 */
export const isAdmitted = (
  certificate: Certificate,
  docId: Uint8Array,
  genesis: Genesis,
  verify: Verify,
): boolean => {
  if (!equalBytes(certificate.docId, docId) || certificate.logHeight !== 0) return false
  if (!isAdmissibleKey(certificate.author)) return false
  const issuer =
    certificate.role === 'writer'
      ? genesis.writeKey
      : certificate.role === 'reader'
        ? genesis.readKey
        : genesis.adminKey
  return verify('certificate', certificate.signature, issuer, certificateBody(certificate))
}

/** What a reader or writer signs with the read key, so that knowing an id is not enough to fetch ciphertext. */
export const readProofParts = (
  relayKey: Uint8Array,
  nonce: Uint8Array,
  certificate: Certificate,
): readonly Uint8Array[] => [relayKey, nonce, certificate.docId, certificateBody(certificate).subarray(2, 3)]

/** What the device signs once per opened document; its own envelopes are then admitted without their signature. */
export const deviceProofParts = (
  relayKey: Uint8Array,
  nonce: Uint8Array,
  certificate: Certificate,
): readonly Uint8Array[] => [relayKey, nonce, certificate.docId, certificate.session]
