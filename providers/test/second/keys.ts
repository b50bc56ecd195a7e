/** Sections 5, 6 and 7 of docs/protocol.md: genesis, keys from a shared secret, storage at rest, certificates, proofs. */
import { crc32 } from 'node:zlib'
import { bytesToHex } from '@noble/hashes/utils.js'
import {
  decode,
  encode,
  type Fields,
  isWellFormed,
  type Layout,
  list,
  MAX_U32,
  MAX_U53,
  must,
  NONE,
  named,
  type Plain,
  text,
  textOf,
} from './layout.ts'
import {
  aeadOpen,
  aeadSeal,
  hash,
  hexOfText,
  isAdmissibleKey,
  kdf,
  publicKeyOf,
  sign,
  verify,
} from './primitives.ts'

export const genesis: Layout = (io, f) => {
  io.constant('0101')
  return {
    adminKey: io.bytes(32, f.adminKey),
    writeKey: io.bytes(32, f.writeKey),
    readKey: io.bytes(32, f.readKey),
    keyCommitment: io.bytes(32, f.keyCommitment),
    tag: io.bytes(16, f.tag),
  }
}

export const docIdOf = (genesisBytes: string): string => hash('doc-id', genesisBytes)

const keyIdOf = (epochKey: string, docId: string): string => kdf('key-id', epochKey, 16, docId, '01')

/** The secret of a text, or `undefined`. */
export const secretOf = (secretText: string): string | undefined => {
  if (!/^ss1_[A-Za-z0-9_-]{48}$/.test(secretText)) return undefined
  const bytes = Buffer.from(secretText.slice(4), 'base64url')
  return crc32(bytes.subarray(0, 32)) === bytes.readUInt32BE(32)
    ? bytesToHex(bytes.subarray(0, 32))
    : undefined
}

export const keysOf = (secret: string, room: string): Fields => {
  const normalizedRoom = hexOfText(room.normalize('NFC'))
  const rootKey = hash('root-key', secret)
  const root = kdf('root', rootKey, 32, normalizedRoom)
  const writeSeed = kdf('write-seed', root, 32)
  const readSeed = kdf('read-seed', root, 32)
  const epochKey = kdf('epoch-key', root, 32)
  const rules = {
    adminKey: NONE,
    writeKey: publicKeyOf(writeSeed),
    readKey: publicKeyOf(readSeed),
    keyCommitment: kdf('key-commit', epochKey, 32),
    tag: kdf('room-tag', root, 16),
  }
  const docId = docIdOf(encode(genesis, rules))
  const keyId = keyIdOf(epochKey, docId)
  const storageKey = kdf('storage-key', root, 32)
  return { normalizedRoom, rootKey, root, docId, writeSeed, readSeed, epochKey, storageKey, ...rules, keyId }
}

/** The relay's running digest after each of these envelopes (14.1), that of version 0 first. */
export const logDigests = (ids: readonly string[]): readonly string[] => {
  const digests = ['00'.repeat(16)]
  for (const id of ids) digests.push(hash('log-digest', digests.at(-1) ?? '', id).slice(0, 32))
  return digests
}

const atRestInner: Layout = (io, f) => {
  const key = Array.isArray(f.key) ? f.key : undefined
  const count = io.varint(MAX_U53, key?.length)
  return { key: list(count, key, (component) => text(io, MAX_U53, component)), data: io.rest(f.data) }
}

export interface AtRest {
  seal(key: readonly string[], data: string, nonce: string): Fields
  open(masks: readonly string[], bytes: string): Fields
}

export const atRest = (secret: string): AtRest => {
  const root = hash('at-rest', secret)
  const sealingKey = kdf('at-rest-key', root, 32)
  const maskedKey = (key: readonly string[]): readonly string[] => {
    const masks: string[] = []
    for (const [i, component] of key.entries()) {
      must(isWellFormed(component), 'a component with half a character')
      const depth = i.toString(16).padStart(8, '0')
      masks.push(kdf('at-rest-mask', root, 16, depth, ...masks, hexOfText(component)))
    }
    return masks
  }
  const seal = (key: readonly string[], data: string, nonce: string): Fields => {
    const inner = encode(atRestInner, { key, data })
    const masks = maskedKey(key)
    return {
      ...{ root, sealingKey, maskedKey: masks, inner },
      bytes: `01${nonce}${aeadSeal(sealingKey, nonce, inner, `01${masks.join('')}`)}`,
    }
  }
  const open = (masks: readonly string[], bytes: string): Fields => {
    must(bytes.startsWith('01'), 'another version')
    const inner = aeadOpen(sealingKey, bytes.slice(2, 50), bytes.slice(50), `01${masks.join('')}`)
    must(inner !== undefined, 'it does not open')
    return decode(atRestInner, inner)
  }
  return { seal, open }
}

const ROLES: readonly Plain[] = ['admin', 'writer', 'reader']

const certificateBody: Layout = (io, f) => {
  io.constant('0101')
  return {
    role: named(io, 1, ROLES, f.role),
    docId: io.bytes(32, f.docId),
    author: io.bytes(32, f.author),
    session: io.bytes(8, f.session),
    logHeight: io.uint(4, [0, MAX_U32], f.logHeight),
  }
}

export const certificate: Layout = (io, f) => ({
  ...certificateBody(io, f),
  signature: io.bytes(64, f.signature),
})

export const issue = (
  issuerSeed: string,
  fields: Fields,
): { body: string; signature: string; bytes: string } => {
  const body = encode(certificateBody, fields)
  const signature = sign('certificate', issuerSeed, body)
  return { body, signature, bytes: body + signature }
}

export const isAdmitted = (bytes: string, genesisBytes: string): boolean => {
  const { docId, logHeight, author, role, signature } = decode(certificate, bytes)
  const { adminKey, readKey, writeKey } = decode(genesis, genesisBytes)
  const issuer = role === 'writer' ? writeKey : role === 'reader' ? readKey : adminKey
  if (docId !== docIdOf(genesisBytes) || logHeight !== 0 || !isAdmissibleKey(textOf(author))) return false
  return verify('certificate', textOf(signature), textOf(issuer), bytes.slice(0, 2 * 79))
}

/** What the two proofs of `open` are made over. */
export const proofMessages = (relay: Fields, cert: Fields): { device: string; read: string } => {
  const about = `${relay.relayKey}${relay.nonce}${cert.docId}`
  const role = (ROLES.indexOf(cert.role ?? null) + 1).toString(16).padStart(2, '0')
  return { device: `${about}${cert.session}`, read: about + role }
}
