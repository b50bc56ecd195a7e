/**
 * One document in memory: how far its log is committed, and who listens. Nothing here is ever ahead of the store:
 * what is decided but not yet durable lives in a draft.
 */
import {
  type Certificate,
  chainStart,
  decodeCertificate,
  EMPTY_DIGEST,
  encodeCertificate,
  type Genesis,
  type SessionName,
  toHex,
} from 'sealsync/protocol'
import type { ActiveSnapshot, StoredDocument, StoredSession } from './store/store.ts'
import type { Subscriber } from './subscriber.ts'

export interface Document {
  /** The id as a map key. */
  readonly key: string
  readonly docId: Uint8Array
  readonly genesis: Genesis
  /** What stands for this document in frames, on all connections of this process. */
  readonly channel: number
  log: Log
  /** Something failed: read the log again before deciding anything. */
  isDoubtful: boolean
  readonly subscribers: Set<Subscriber>
  /** Openings and pushes under way; the document stays in memory while there is any. */
  holds: number
  /** By session: the first position that was answered `unavailable`, so that what follows is no `gap`. */
  readonly unavailable: Map<string, number>
}

/** The committed state of a log. */
export interface Log {
  /** False until the first commit: a log that exists in memory only. */
  readonly isStored: boolean
  readonly logId: Uint8Array
  readonly version: number
  readonly digest: Uint8Array
  readonly active: ActiveSnapshot | undefined
  readonly sessions: Map<string, StoredSession>
  /** How many sessions are open. */
  readonly open: number
}

export const sessionKey = ({ author, session }: SessionName): string => toHex(author) + toHex(session)

/** From its first update until a snapshot lists it as ended. */
export const isOpen = (session: StoredSession): boolean => session.seq >= 0 && !session.ended

/** A log of which nothing is stored yet. */
export const emptyLog = (logId: Uint8Array): Log => ({
  isStored: false,
  logId,
  version: 0,
  digest: EMPTY_DIGEST,
  active: undefined,
  sessions: new Map(),
  open: 0,
})

export const logFrom = ({ logId, version, digest, active, sessions }: StoredDocument): Log => ({
  isStored: true,
  logId,
  version,
  digest,
  active,
  sessions: new Map(sessions.map((session) => [sessionKey(session), session])),
  open: sessions.filter(isOpen).length,
})

export const createDocument = (
  identity: Pick<Document, 'key' | 'docId' | 'genesis' | 'channel'>,
  log: Log,
): Document => ({
  ...identity,
  log,
  isDoubtful: false,
  subscribers: new Set(),
  holds: 0,
  unavailable: new Map(),
})

export const newSession = (certificate: Certificate): StoredSession => ({
  author: certificate.author,
  session: certificate.session,
  seq: -1,
  head: chainStart(certificate.docId, certificate.author, certificate.session),
  ended: false,
  certificate,
})

/** A copy that does not keep the frame it came in alive. */
export const ownCertificate = (certificate: Certificate): Certificate => {
  const copy = decodeCertificate(encodeCertificate(certificate))
  return copy.ok ? copy.value : certificate
}
