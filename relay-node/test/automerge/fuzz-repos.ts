/** The Repos that a world can be made of: the released automerge-repo and the next one, as one shape. */
import {
  type NetworkAdapterInterface,
  type PeerId,
  Repo,
  type StorageAdapterInterface,
  type StorageId,
} from '@automerge/automerge-repo'
import { Repo as NextRepo } from 'automerge-repo-next'

/** What every document of a world looks like. Each edit leaves its name in `seen`, whatever else it does. */
export interface FuzzDoc {
  seen: Record<string, boolean>
  map: Record<string, string>
  list: string[]
  text: string
}

export interface FuzzHandle {
  readonly documentId: string
  readonly url: string
  isReady(): boolean
  doc(): FuzzDoc
  heads(): readonly string[]
  change(edit: (doc: FuzzDoc) => void): void
  broadcast(message: unknown): void
  /** What the Repo itself knows of the relay's heads. */
  relayHeads(storageId: StorageId): readonly string[] | undefined
  onEphemeral(listener: (message: unknown, senderId: string) => void): void
}

export interface FuzzRepo {
  create(initial: FuzzDoc): FuzzHandle
  /** `undefined` while it is not available. */
  find(url: string): Promise<FuzzHandle | undefined>
  link(adapter: NetworkAdapterInterface): void
  shutdown(): Promise<void>
}

interface FuzzRepoOptions {
  readonly peerId: PeerId
  readonly network: NetworkAdapterInterface[]
  readonly storage: StorageAdapterInterface | undefined
}

export type OpenRepo = (options: FuzzRepoOptions) => FuzzRepo

/** What both kinds of handle have in common. */
interface AnyHandle {
  readonly documentId: string
  readonly url: string
  isReady(): boolean
  doc(): FuzzDoc | undefined
  heads(): readonly string[] | undefined
  change(edit: (doc: FuzzDoc) => void): void
  broadcast(message: unknown): void
  getSyncInfo(storageId: StorageId): { readonly lastHeads: readonly string[] } | undefined
  on(
    name: 'ephemeral-message',
    listener: (event: { readonly message: unknown; readonly senderId: string }) => void,
  ): unknown
}

const EMPTY: FuzzDoc = { seen: {}, map: {}, list: [], text: '' }

const handleFrom = (handle: AnyHandle): FuzzHandle => ({
  documentId: handle.documentId,
  url: handle.url,
  isReady: () => handle.isReady(),
  doc: () => (handle.isReady() ? handle.doc() : undefined) ?? EMPTY,
  heads: () => (handle.isReady() ? handle.heads() : undefined) ?? [],
  change: (edit) => handle.change(edit),
  broadcast: (message) => handle.broadcast(message),
  relayHeads: (storageId) => handle.getSyncInfo(storageId)?.lastHeads,
  onEphemeral: (listener) => {
    handle.on('ephemeral-message', ({ message, senderId }) => listener(message, senderId))
  },
})

interface AnyRepo {
  create(initial: FuzzDoc): AnyHandle
  find(url: string): Promise<AnyHandle>
  link(adapter: NetworkAdapterInterface): void
  shutdown(): Promise<void>
}

const repoFrom = (repo: AnyRepo): FuzzRepo => {
  const handles = new Map<string, FuzzHandle>()
  const remember = (handle: AnyHandle): FuzzHandle => {
    const known = handles.get(handle.documentId) ?? handleFrom(handle)
    handles.set(handle.documentId, known)
    return known
  }
  return {
    create: (initial) => remember(repo.create(initial)),
    find: async (url) => {
      const handle = await repo.find(url).catch(() => undefined)
      return handle && remember(handle)
    },
    link: repo.link,
    shutdown: repo.shutdown,
  }
}

const isDocument = (url: string): url is `automerge:${string}` & { __documentUrl: true } => url.length > 0

export const openReleased: OpenRepo = ({ peerId, network, storage }) => {
  const repo = new Repo({ peerId, network, ...(storage === undefined ? {} : { storage }) })
  return repoFrom({
    create: (initial) => repo.create<FuzzDoc>(initial),
    find: async (url) => {
      if (!isDocument(url)) throw new TypeError(url)
      return repo.find<FuzzDoc>(url)
    },
    link: (adapter) => repo.networkSubsystem.addNetworkAdapter(adapter),
    shutdown: async () => {
      await repo.shutdown().catch(() => undefined)
      // What waits for a document that will never come would reject a minute later, to nobody.
      for (const handle of Object.values(repo.handles)) if (!handle.isReady()) handle.doneLoading()
    },
  })
}

export const openNext: OpenRepo = ({ peerId, network, storage }) => {
  const repo = new NextRepo({ peerId, network, ...(storage === undefined ? {} : { storage }) })
  return repoFrom({
    create: (initial) => repo.create<FuzzDoc>(initial),
    find: async (url) => {
      if (!isDocument(url)) throw new TypeError(url)
      return repo.find<FuzzDoc>(url)
    },
    link: (adapter) => repo.networkSubsystem.addNetworkAdapter(adapter),
    shutdown: () => repo.shutdown(),
  })
}
