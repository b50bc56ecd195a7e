/** What the adapter has of one document, in simulated time: `repo-document.ts` itself, opened on the simulated session. */
import { writeHashes } from '../../../providers/src/automerge/hashes.ts'
import { createRepoDocument } from '../../../providers/src/automerge/repo-document.ts'
import { createWriter } from '../../../providers/src/bytes.ts'
import { createEmitter } from '../../../providers/src/client/emitter.ts'
import type { Replica } from '../../../providers/src/client/replica.ts'
import type {
  DocumentEvents,
  DocumentStatus,
  SyncDocument,
} from '../../../providers/src/client/sync-document.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import type { RelayLine } from './relay-line.ts'
import type { SimDocument, SimProvider } from './sim-document.ts'

const EVENTS = ['status', 'caught-up', 'new', 'alarm', 'broadcast', 'storage-error', 'progress'] as const

/** A Repo's first message about a document with these heads and as many changes: heads and a Bloom filter. */
const firstMessage = (heads: readonly string[], changes: number): Uint8Array => {
  const writer = createWriter(64).u8(0x42)
  writeHashes(writer, heads)
  writer.varint(0).varint(1).varint(0)
  writer.blob(createWriter(8).varint(changes).varint(10).varint(7).done())
  return writer.varint(0).done()
}

export const createSpokenDocument = (
  options: Omit<SimProvider, 'onEdited'> & {
    readonly onEdited: (content: Content) => void
    readonly line: RelayLine
    /** Of the Repo's document; none while it looks for it. */
    readonly heads: readonly string[]
  },
): Required<Pick<SimDocument, 'replica' | 'close' | 'caughtUp' | 'statusChanged'>> => {
  const { random, onEdited, onClaimed, onRejected, line, heads } = options
  const emitter = createEmitter<DocumentEvents>(EVENTS)
  let status: DocumentStatus = {
    sync: 'loading',
    reason: undefined,
    pending: heads.length === 0 ? 0 : 1,
    synced: false,
    isNew: false,
    upgradeNeeded: false,
    connection: 'connecting',
  }
  const session: SyncDocument = {
    push: onEdited,
    claim: onClaimed,
    reject: onRejected,
    presence: () => undefined,
    broadcast: () => undefined,
    snapshot: () => Promise.resolve(false),
    flush: () => undefined,
    saved: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    attach: () => undefined,
    detach: () => undefined,
    self: () => undefined,
    receipts: () => [],
    status: () => status,
    get connection() {
      return status.connection
    },
    on: emitter.on,
    close: () => undefined,
    docId: () => undefined,
  }

  /** What is said before the Repo has spoken: an adapter would not even be there. */
  let unsaid: Uint8Array[] | undefined = []
  let replica: Replica | undefined
  const document = createRepoDocument(firstMessage(heads, random.chance(0.3) ? 501 : 1), {
    client: {
      open: (_where, opened) => {
        replica = opened
        return session
      },
    },
    where: { secret: '', room: '' },
    graceMs: 500,
    readyTimeoutMs: 2_000,
    ackThrottleMs: random.pick([100, 1_000]) ?? 0,
    inboundWindowMs: random.pick(['adaptive', 0, 300] as const) ?? 0,
    events: {
      sync: (data) => (unsaid === undefined ? line.sync(data) : unsaid.push(data)),
      unavailable: line.unavailable,
      ephemeral: () => undefined,
      status: () => undefined,
      alarm: () => undefined,
      dropped: () => undefined,
      storageError: () => undefined,
      isNew: () => undefined,
      progress: () => undefined,
      lost: () => {
        throw new Error('a Repo is said to have lost what it held')
      },
    },
  })
  if (replica === undefined) throw new Error('no session was opened')

  line.plug(({ data }) => {
    if (data === undefined) return
    if (unsaid === undefined) {
      document.heard(data)
      return
    }
    // The one with which the document was opened already.
    const said = unsaid
    unsaid = undefined
    said.forEach(line.sync)
  })

  return {
    replica,
    caughtUp: () => emitter.emit('caught-up', undefined),
    statusChanged: (next) => {
      status = next
      emitter.emit('status', next)
    },
    close: () => {
      line.unplug()
      document.close()
    },
  }
}
