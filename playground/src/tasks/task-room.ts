/** A shared task list: a Repo as any app on automerge-repo has one, and what the page shows of it. One per page. */
import { type DocHandle, type DocumentId, Repo } from '@automerge/automerge-repo'
import { IndexedDBStorageAdapter } from '@automerge/automerge-repo-storage-indexeddb'
import { indexedDbStorage } from 'sealsync'
import { EncryptedStorageAdapter, SealsyncNetworkAdapter } from 'sealsync/automerge'
import { type AlarmLog, createAlarmLog } from '../alarm-log.ts'
import { createLog } from '../log.ts'
import { FRAMES_KEPT, type Frame, type Wire } from '../wire.ts'
import { createLine, type Line } from './line.ts'
import { plainChanges } from './plain-changes.ts'
import type { TaskList } from './task-list.ts'

export interface TaskRoom extends Wire {
  readonly relayUrl: string
  readonly repo: Repo
  readonly handle: DocHandle<TaskList>
  readonly adapter: SealsyncNetworkAdapter
  readonly line: Line
  readonly alarms: AlarmLog
}

const find = (repo: Repo, documentId: DocumentId): DocHandle<TaskList> => {
  // That it is not there is no error: the relay may be away, and it comes later.
  repo.find(documentId).catch(() => undefined)
  return repo.findWithProgress<TaskList>(documentId).handle
}

/** Without a document id it makes a new list. Throws a `TypeError` when the secret is mistyped. */
export const openTaskRoom = (relayUrl: string, secret: string, documentId?: DocumentId): TaskRoom => {
  const frames = createLog<Frame>(FRAMES_KEPT)
  const alarms = createAlarmLog()
  let count = 0
  const line = createLine((direction, bytes) => frames.push({ id: ++count, direction, bytes }))
  const adapter = new SealsyncNetworkAdapter(relayUrl, {
    secret,
    storage: indexedDbStorage({ name: 'sealsync-playground' }),
    WebSocketPolyfill: line.Socket,
  })
  const kept = new IndexedDBStorageAdapter('sealsync-playground-tasks')
  const repo = new Repo({ network: [adapter], storage: new EncryptedStorageAdapter(kept, { secret }) })
  adapter.on('alarm', ({ kind, message }) => alarms.warn(kind, message))

  const handle = documentId === undefined ? repo.create<TaskList>({ tasks: [] }) : find(repo, documentId)
  const plainDocument = (): Uint8Array => (handle.isReady() ? plainChanges(handle.doc()) : new Uint8Array(0))
  const wire = { frames, typed: createLog<string>(1), plainDocument, crdt: 'Automerge' } as const
  return { relayUrl, repo, handle, adapter, line, alarms, ...wire }
}
