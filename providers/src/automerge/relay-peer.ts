/** The one peer that the Repo sees: the relay. Its messages, by document. */
import type { DocumentId, Message, PeerId, SessionId } from '@automerge/automerge-repo/slim'
import type { Client } from '../client/client.ts'
import type { Emitter } from '../client/emitter.ts'
import type { AdapterEvents, AdapterStatus } from './adapter-events.ts'
import type { CheckedOptions } from './adapter-options.ts'
import { peerIdFrom, sessionIdFrom } from './brand.ts'
import { createRepoDocument, type RepoDocument } from './repo-document.ts'

export interface RelayPeer {
  heard(message: Message): void
  status(documentId: string): AdapterStatus | undefined
  forget(documentId: string): void
  compact(documentId: string): Promise<boolean>
  close(): void
}

type Entry =
  /** Its secret is being asked for; the last message is what counts. */
  | { readonly type: 'locked'; last: Message }
  | { readonly type: 'open'; readonly document: RepoDocument; status: AdapterStatus }

/** As automerge-repo knows messages, but for whom it is. */
export type Outbound = Omit<Message, 'targetId'> & { readonly count?: number; readonly sessionId?: SessionId }

export const createRelayPeer = (deps: {
  readonly client: Client
  readonly options: CheckedOptions
  readonly facts: Emitter<AdapterEvents>
  /** To the Repo. */
  readonly send: (message: Outbound) => void
  readonly relayPeerId: PeerId
}): RelayPeer => {
  const { client, options, facts, send, relayPeerId } = deps
  const { graceMs, readyTimeoutMs, ackThrottleMs, inboundWindowMs } = options
  const entries = new Map<string, Entry>()
  let isClosed = false

  const unavailable = (documentId: DocumentId): void =>
    send({ type: 'doc-unavailable', senderId: relayPeerId, documentId })

  const open = (documentId: DocumentId, data: Uint8Array, secret: Uint8Array): void => {
    const isCurrent = (): boolean => {
      const entry = entries.get(documentId)
      return entry?.type === 'open' && entry.document === document
    }
    const document = createRepoDocument(data, {
      client,
      where: { ...options.document, secret, room: documentId },
      graceMs,
      readyTimeoutMs,
      ackThrottleMs,
      inboundWindowMs,
      events: {
        sync: (bytes) => send({ type: 'sync', senderId: relayPeerId, documentId, data: bytes }),
        unavailable: () => unavailable(documentId),
        ephemeral: ({ senderId, sessionId, count, data: content }) =>
          send({
            type: 'ephemeral',
            senderId: peerIdFrom(senderId),
            sessionId: sessionIdFrom(sessionId),
            count,
            data: content,
            documentId,
          }),
        status: () => {
          const entry = entries.get(documentId)
          if (entry?.type !== 'open' || !isCurrent()) return
          entry.status = describe(documentId, document)
          facts.emit('status', entry.status)
        },
        alarm: (alarm) => facts.emit('alarm', { ...alarm, documentId }),
        progress: (progress) => facts.emit('progress', { ...progress, documentId }),
        dropped: (size) => facts.emit('broadcast-dropped', { documentId, ...size }),
        storageError: (error) => facts.emit('storage-error', { documentId, error }),
        isNew: () => facts.emit('new', { documentId, docId: document.docId() }),
        lost: (last) => {
          if (!isCurrent()) return
          document.close()
          entries.delete(documentId)
          void unlock(documentId, {
            type: 'sync',
            senderId: relayPeerId,
            targetId: relayPeerId,
            documentId,
            data: last,
          })
        },
      },
    })
    entries.set(documentId, { type: 'open', document, status: describe(documentId, document) })
  }

  const unlock = async (documentId: DocumentId, first: Message): Promise<void> => {
    const entry: Entry = { type: 'locked', last: first }
    entries.set(documentId, entry)
    const secret = await options.secretOf(documentId).catch((error: unknown) => {
      facts.emit('status', {
        documentId,
        docId: undefined,
        connection: client.status,
        syncStatus: 'needs-key',
        reason: error instanceof Error ? error.message : String(error),
        synced: false,
        unsyncedChanges: 0,
        isNew: false,
        upgradeNeeded: false,
      })
      return undefined
    })
    if (isClosed || entries.get(documentId) !== entry) return
    entries.delete(documentId)
    const { last } = entry
    if (secret !== undefined && last.data !== undefined) open(documentId, last.data, secret)
    // Without a secret it stays here: neither sent nor asked for.
    else if (last.type === 'request') unavailable(documentId)
  }

  const forget = (documentId: string): void => {
    const entry = entries.get(documentId)
    entries.delete(documentId)
    if (entry?.type === 'open') entry.document.close()
  }

  return {
    heard: (message) => {
      const { type, documentId, data } = message
      if (documentId === undefined) return
      const entry = entries.get(documentId)
      switch (type) {
        case 'sync':
        case 'request':
          if (data === undefined) return
          if (entry?.type === 'open') entry.document.heard(data)
          else if (entry?.type === 'locked') entry.last = message
          else void unlock(documentId, message)
          return
        case 'ephemeral':
          if (entry?.type !== 'open' || data === undefined || !isEphemeral(message)) return
          entry.document.broadcast({ ...message, data })
          return
        case 'doc-unavailable':
          // The share policy keeps this document from us.
          forget(documentId)
          return
      }
    },
    status: (documentId) => {
      const entry = entries.get(documentId)
      return entry?.type === 'open' ? entry.status : undefined
    },
    forget,
    compact: async (documentId) => {
      const entry = entries.get(documentId)
      return entry?.type === 'open' && (await entry.document.snapshot())
    },
    close: () => {
      isClosed = true
      for (const documentId of [...entries.keys()]) forget(documentId)
    },
  }
}

const isEphemeral = (message: Message): message is Message & { count: number; sessionId: string } =>
  'count' in message &&
  typeof message.count === 'number' &&
  'sessionId' in message &&
  typeof message.sessionId === 'string'

const describe = (documentId: string, document: RepoDocument): AdapterStatus => {
  const { connection, sync, reason, synced, pending, isNew, upgradeNeeded } = document.status()
  return Object.freeze({
    documentId,
    docId: document.docId(),
    connection,
    syncStatus: sync,
    reason,
    synced,
    unsyncedChanges: pending,
    isNew,
    upgradeNeeded,
  })
}
