/** A writer with valid keys that puts into a document what no Automerge has written. */
import { createHash } from 'node:crypto'
import * as A from '@automerge/automerge'
import { createClient, type SyncDocument } from 'sealsync'
import type { Random } from '../../../providers/src/testing/random.ts'
import type { TabNetwork } from './fuzz-socket.ts'

const CHUNKS = 3
const HEADER_BYTES = 8

/** A chunk with the right checksum around what may be anything. */
const sealChunk = (chunk: Uint8Array): Uint8Array => {
  const sealed = chunk.slice()
  sealed.set(createHash('sha256').update(sealed.subarray(HEADER_BYTES)).digest().subarray(0, 4), 4)
  return sealed
}

const change = (actor: string, text: string): Uint8Array => {
  const made = A.change(A.init<{ evil?: string }>({ actor }), (doc) => {
    doc.evil = text
  })
  return A.getLastLocalChange(made) ?? new Uint8Array(0)
}

/**
 * Automerge takes it, and writes it with other bytes than it has read. Linked Repos and disks then hold it under another
 * hash, which nobody can mend (docs/automerge.md, "Changes that spoil a document"): other tests write such changes.
 */
const isSpoiling = (chunk: Uint8Array): boolean => {
  let doc = A.init<unknown>()
  try {
    doc = A.loadIncremental(doc, chunk)
  } catch {
    return false
  }
  try {
    A.load(A.save(doc))
    return false
  } catch {
    return true
  }
}

const bend = (random: Random, valid: Uint8Array): Uint8Array => {
  const bent = valid.slice()
  for (let i = 0; i < 3; i++) bent[bent.length - 1 - random.int(20)] = random.int(256)
  return isSpoiling(sealChunk(bent)) ? bend(random, valid) : bent
}

const garbage = (random: Random): readonly { encoding: number; payload: Uint8Array }[] => {
  const actor = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const valid = change(actor, `evil ${random()}`)
  const bent = bend(random, valid)
  switch (random.int(6)) {
    case 0:
      return [{ encoding: CHUNKS, payload: random.bytes(random.int(200)) }]
    case 1:
      return [{ encoding: 9, payload: valid }]
    case 2:
      return [{ encoding: CHUNKS, payload: sealChunk(bent) }]
    case 3:
      return [{ encoding: CHUNKS, payload: bent }]
    case 4:
      // Two changes in one place of an actor: Automerge refuses whatever comes with the second.
      return [
        { encoding: CHUNKS, payload: valid },
        { encoding: CHUNKS, payload: change(actor, 'another') },
      ]
    default:
      return [{ encoding: CHUNKS, payload: valid }]
  }
}

export interface EvilWriter {
  write(documentId: string): void
  close(): void
}

export const createEvilWriter = (options: {
  readonly random: Random
  readonly secret: Uint8Array
  readonly network: TabNetwork
}): EvilWriter => {
  const { random, secret, network } = options
  const client = createClient({
    relay: 'ws://relay.test/',
    WebSocketPolyfill: network.WebSocketPolyfill,
  })
  const documents = new Map<string, SyncDocument>()
  return {
    write: (documentId) => {
      const document =
        documents.get(documentId) ??
        client.open(
          { secret: secret.slice(), room: documentId, snapshot: false },
          {
            isEmpty: () => true,
            encodings: [CHUNKS],
            merge: ([first]) => first ?? { encoding: CHUNKS, payload: new Uint8Array(0) },
            apply: () => [],
            track: () => undefined,
            missing: () => [],
            capture: () => undefined,
          },
        )
      documents.set(documentId, document)
      for (const content of garbage(random)) {
        document.push(content)
        document.flush()
      }
    },
    close: client.close,
  }
}
