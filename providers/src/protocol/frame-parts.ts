/** Pieces that frames of both directions are made of. */
import type { Reader } from '../bytes.ts'
import { CERTIFICATE_BYTES, type Certificate, decodeCertificate } from './certificate.ts'
import { isKind } from './envelope.ts'
import { decodeEphemeral, decodeHeads, type Ephemeral, type Heads } from './ephemeral.ts'

export const readCertificate = (reader: Reader): Certificate | undefined => {
  const certificate = decodeCertificate(reader.bytes(CERTIFICATE_BYTES))
  return certificate.ok ? certificate.value : undefined
}

/** What is forwarded and never stored: an ephemeral, or a heads message. */
export const readPassing = (reader: Reader, docId: Uint8Array | undefined): Ephemeral | Heads | undefined => {
  const bytes = reader.bytes(reader.remaining())
  const passing = isKind(bytes, 'heads') ? decodeHeads(bytes) : decodeEphemeral(bytes)
  if (!passing.ok || docId === undefined) return undefined
  return passing.value.docId.every((byte, i) => byte === docId[i]) ? passing.value : undefined
}

export const readIds = (reader: Reader, limit: number): readonly Uint8Array[] => {
  const count = reader.varint()
  if (count > limit || count * 32 > reader.remaining()) reader.fail()
  return Array.from({ length: reader.sound() ? count : 0 }, () => reader.bytes(32))
}

export const readFlag = (reader: Reader): boolean => {
  const flag = reader.u8()
  if (flag > 1) reader.fail()
  return flag === 1
}
