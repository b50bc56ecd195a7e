/** One document of a Repo on its way through the relay: opened by the Repo's first message about it. */
import type { Client, Where } from '../client/client.ts'
import type { DocumentStatus, SyncDocument } from '../client/sync-document.ts'
import { MAX_EPHEMERAL_PAYLOAD } from '../sync/content.ts'
import type { Alarm, Progress } from '../sync/effects.ts'
import { decodeEphemeral, type Ephemeral, encodeEphemeral } from './ephemeral.ts'
import { createRecent } from './recent.ts'
import { createRepoReplica, type RepoReplica } from './repo-replica.ts'
import { decodeSyncMessage } from './sync-message.ts'

export interface RepoDocument {
  /** A `sync` or `request` message of the Repo. */
  heard(data: Uint8Array): void
  /** A broadcast of the Repo, or one that it passes on. */
  broadcast(ephemeral: Ephemeral): void
  status(): DocumentStatus
  docId(): string | undefined
  snapshot(): Promise<boolean>
  close(): void
}

interface RepoDocumentEvents {
  readonly sync: (data: Uint8Array) => void
  readonly unavailable: () => void
  readonly ephemeral: (ephemeral: Ephemeral) => void
  readonly status: (status: DocumentStatus) => void
  readonly alarm: (alarm: Alarm) => void
  readonly isNew: () => void
  readonly storageError: (error: Error) => void
  readonly progress: (progress: Progress) => void
  /** A broadcast was too large. */
  readonly dropped: (size: { readonly bytes: number; readonly limitBytes: number }) => void
  /** The Repo has lost what it held: open the document once more, from the start, with its last message. */
  readonly lost: (data: Uint8Array) => void
}

export interface RepoDocumentOptions {
  readonly client: Pick<Client, 'open'>
  readonly where: Where
  readonly graceMs: number
  readonly readyTimeoutMs: number
  readonly ackThrottleMs: number
  readonly inboundWindowMs: number | 'adaptive'
  readonly events: RepoDocumentEvents
}

/** A document of more changes than this goes up as a whole at first. */
const LARGE_CHANGES = 500
const SENDERS = 1_000

export const createRepoDocument = (first: Uint8Array, options: RepoDocumentOptions): RepoDocument => {
  const { client, where, graceMs, readyTimeoutMs, events } = options
  /** Highest count of each sender's run that the relay delivered: the Repo passes those on to us. */
  const delivered = createRecent<number>(SENDERS)
  let isRefreshing = false
  let isWanted = false
  let isLost = false
  let last = first
  let isClosed = false
  let unavailableTimer: ReturnType<typeof setTimeout> | undefined

  const replica: RepoReplica = createRepoReplica({
    emit: events.sync,
    push: (content) => document.push(content),
    claim: (actor) => document.claim(actor),
    onWaiting: () => {
      if (isRefreshing) return
      isRefreshing = true
      // Not amid what the core is doing.
      queueMicrotask(() => {
        isRefreshing = false
        if (!isClosed) refresh()
      })
    },
    isSaved: () => isSaved(),
    onRejected: (received, reason) => document.reject(received, reason),
    onLost: () => {
      isLost = true
      startAnew()
    },
    ackThrottleMs: options.ackThrottleMs,
    inboundWindowMs: options.inboundWindowMs,
  })

  const look = (data: Uint8Array): void => {
    const message = decodeSyncMessage(data)
    if (!message.ok || message.value.heads.length === 0) {
      isWanted = true
      return
    }
    isWanted = false
    replica.holdsContent((message.value.have[0]?.entries ?? 0) > LARGE_CHANGES)
  }
  look(first)

  const document: SyncDocument = client.open(where, replica)
  /** What waits for another tab to upload it is not saved. */
  const status = (): DocumentStatus => {
    const shown = document.status()
    const waiting = replica.waiting()
    if (waiting === 0) return shown
    return {
      ...shown,
      pending: shown.pending + waiting,
      sync: shown.sync === 'saved' ? 'saving' : shown.sync,
    }
  }
  const isSaved = (): boolean => document.status().pending === 0 && document.status().synced

  const startAnew = (): void => {
    // What the relay does not have yet is in our hands only.
    if (isLost && !isClosed && status().pending === 0) events.lost(last)
  }

  const giveUpAfter = (ms: number): void => {
    unavailableTimer ??= setTimeout(() => {
      unavailableTimer = undefined
      if (!isWanted || !replica.isEmpty()) return
      // A connection that has just come up may still bring it.
      const { connection, synced, sync } = document.status()
      if (connection === 'connected' && !synced && sync === 'loading') {
        giveUpAfter(graceMs)
        return
      }
      isWanted = false
      events.unavailable()
    }, ms)
  }

  const answerWanted = (): void => {
    if (!isWanted || isClosed) return
    const { synced, sync } = document.status()
    if (synced || (sync !== 'loading' && sync !== 'offline')) {
      clearTimeout(unavailableTimer)
      unavailableTimer = undefined
      giveUpAfter(graceMs)
    } else giveUpAfter(readyTimeoutMs)
  }

  const refresh = (): void => {
    const { sync } = document.status()
    if (sync !== 'loading') replica.begin(sync === 'offline')
    replica.settled()
    startAnew()
    answerWanted()
    events.status(status())
  }
  document.on('status', refresh)
  document.on('caught-up', () => {
    replica.begin(false)
    answerWanted()
  })
  document.on('new', events.isNew)
  document.on('storage-error', events.storageError)
  document.on('alarm', events.alarm)
  document.on('progress', events.progress)
  document.on('broadcast', ({ payload }) => {
    const ephemeral = decodeEphemeral(payload)
    if (!ephemeral.ok || replica.isEmpty()) return
    const { senderId, sessionId, count } = ephemeral.value
    const run = `${senderId} ${sessionId}`
    delivered.set(run, Math.max(count, delivered.get(run) ?? 0))
    events.ephemeral(ephemeral.value)
  })
  const beginTimer = setTimeout(() => replica.begin(!document.status().synced), readyTimeoutMs)
  answerWanted()

  return {
    heard: (data) => {
      last = data
      if (replica.isEmpty()) look(data)
      else replica.heard(data)
      answerWanted()
    },
    broadcast: (ephemeral) => {
      if (ephemeral.count <= (delivered.get(`${ephemeral.senderId} ${ephemeral.sessionId}`) ?? 0)) return
      const payload = encodeEphemeral(ephemeral)
      // The Repo has handed it over long ago: there is nobody left to throw to.
      if (payload.length <= MAX_EPHEMERAL_PAYLOAD) document.broadcast(payload)
      else events.dropped({ bytes: payload.length, limitBytes: MAX_EPHEMERAL_PAYLOAD })
    },
    status,
    docId: document.docId,
    snapshot: document.snapshot,
    close: () => {
      if (isClosed) return
      isClosed = true
      clearTimeout(beginTimer)
      clearTimeout(unavailableTimer)
      replica.close()
      document.close()
    },
  }
}
