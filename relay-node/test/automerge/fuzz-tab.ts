/** One tab of a device: a real Repo over a real adapter, and a book of what its edits were called. */
import { type NetworkAdapterInterface, type PeerId, splice } from '@automerge/automerge-repo'
import type { Storage } from 'sealsync'
import { type AdapterOptions, SealsyncNetworkAdapter } from 'sealsync/automerge'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import type { FuzzHandle, FuzzRepo, OpenRepo } from './fuzz-repos.ts'
import type { TabNetwork } from './fuzz-socket.ts'
import type { RepoDisk } from './repo-storage.ts'

/** A change is told the adapter at most this much later: the Repo's throttle, and a little. */
const TAKEN_MS = 150

export interface FuzzTab {
  readonly name: string
  readonly adapter: SealsyncNetworkAdapter
  readonly network: TabNetwork
  readonly repo: FuzzRepo
  readonly handles: Map<string, FuzzHandle>
  /** It had another tab beside it from the start. */
  wasLinked(): boolean
  /** To a tab that was opened later. */
  link(adapter: NetworkAdapterInterface): void
  readonly alarms: string[]
  /** Names of edits that the tab was told are saved, and who said so. */
  readonly saved: ReadonlyMap<string, { readonly url: string; readonly by: string }>
  /** What was heard of others' broadcasts. */
  readonly heard: string[]
  isAlive(): boolean
  find(url: string): void
  own(handle: FuzzHandle): void
  edit(url: string, name: string): void
  broadcast(url: string): void
  /** Messages between Repo and adapter. */
  messages(): number
  /** As an app that is closed. */
  close(): void
  /** As a process that dies: nothing more reaches disk or wire. */
  kill(): void
}

/** Nothing is written once the tab is dead; its locks end with it. */
const gate = (storage: Storage, isAlive: () => boolean): { readonly storage: Storage; free(): void } => {
  const locks = new Set<() => void>()
  return {
    storage: {
      load: storage.load,
      write: (docId, changes) => (isAlive() ? storage.write(docId, changes) : new Promise(() => undefined)),
      clear: storage.clear,
      lock: async (name) => {
        const release = await storage.lock(name)
        if (release !== undefined) locks.add(release)
        return release
      },
    },
    free: () => {
      for (const release of locks) release()
    },
  }
}

const isSame = (a: readonly string[] | undefined, b: readonly string[]): boolean =>
  a !== undefined && a.length === b.length && a.every((head) => b.includes(head))

export const createFuzzTab = (deps: {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly openRepo: OpenRepo
  readonly network: TabNetwork
  readonly options: Omit<AdapterOptions, 'WebSocketPolyfill' | 'storage'>
  readonly disk: RepoDisk | undefined
  readonly storage: Storage | undefined
  readonly links: readonly NetworkAdapterInterface[]
  /** From then on nothing is lost any more: it keeps no book. */
  readonly isHealed: () => boolean
}): FuzzTab => {
  const { name, clock, random, openRepo, network, options, disk, links } = deps
  let isLinked = links.length > 0
  let isAlive = true
  let isClosed = false
  let messages = 0
  let broadcasts = 0
  const handles = new Map<string, FuzzHandle>()
  const made = new Map<string, Map<string, number>>()
  const saved = new Map<string, { readonly url: string; readonly by: string }>()
  const alarms: string[] = []
  const heard: string[] = []
  const gated = deps.storage === undefined ? undefined : gate(deps.storage, () => isAlive)
  const { WebSocketPolyfill } = network
  const adapter = new SealsyncNetworkAdapter('ws://relay.test/', {
    ...options,
    WebSocketPolyfill,
    ...(gated === undefined ? {} : { storage: gated.storage }),
  })
  adapter.on('message', () => {
    messages += 1
  })
  const { send } = adapter
  adapter.send = (message) => {
    messages += 1
    send.call(adapter, message)
  }
  adapter.on('alarm', ({ kind, message }) => alarms.push(`${kind}: ${message}`))

  const repo = openRepo({
    peerId: name as PeerId,
    network: [adapter, ...links],
    storage: disk?.adapter(() => isAlive),
  })

  const own = (handle: FuzzHandle): void => {
    if (handles.has(handle.url)) return
    handles.set(handle.url, handle)
    handle.onEphemeral((message) => {
      if (!isClosed) heard.push(String(message))
    })
  }

  const notice = (): void => {
    if (isClosed) return
    for (const [url, handle] of handles) {
      if (!handle.isReady()) continue
      // Asked for, not listened to: the heads are dear, so only where there is news.
      const mine = [...(made.get(url) ?? [])].filter(
        ([edit, at]) => !saved.has(edit) && clock.now() - at > TAKEN_MS,
      )
      if (mine.length === 0) continue
      const isSaved = adapter.documentStatus(handle.documentId)?.unsyncedChanges === 0
      const isKnown = isSame(handle.relayHeads(adapter.relayStorageId), handle.heads())
      if (!isSaved && !isKnown) continue
      for (const [edit] of mine) saved.set(edit, { url, by: isKnown ? 'getSyncInfo' : 'unsyncedChanges' })
    }
    if (!deps.isHealed()) clock.after(40, notice)
  }
  clock.after(40, notice)

  return {
    name,
    adapter,
    network,
    repo,
    handles,
    wasLinked: () => isLinked,
    link: (link) => {
      isLinked = true
      repo.link(link)
    },
    alarms,
    saved,
    heard,
    isAlive: () => !isClosed,
    own,
    find: (url) => {
      const look = async (): Promise<void> => {
        if (isClosed || handles.has(url)) return
        const handle = await repo.find(url)
        if (handle !== undefined) own(handle)
        else clock.after(300 + random() * 1200, () => void look())
      }
      void look()
    },
    edit: (url, edit) => {
      const handle = handles.get(url)
      // Of an evil writer's document there may be nothing yet but what that one wrote.
      if (isClosed || handle?.isReady() !== true || handle.doc().seen === undefined) return
      const dice = random.int(4)
      handle.change((doc) => {
        doc.seen[edit] = true
        if (dice === 0) doc.map[`key${random.int(4)}`] = edit
        if (dice === 1) doc.list.push(edit)
        if (dice === 2) splice(doc, ['text'], random.int(doc.text.length + 1), random.int(2), edit)
        if (dice === 3 && doc.list.length > 0) doc.list.splice(random.int(doc.list.length), 1)
      })
      const mine = made.get(url) ?? new Map<string, number>()
      made.set(url, mine.set(edit, clock.now()))
    },
    broadcast: (url) => {
      const handle = handles.get(url)
      if (!isClosed && handle?.isReady() === true) handle.broadcast(`${name} ${url} ${++broadcasts}`)
    },
    messages: () => messages,
    close: () => {
      if (isClosed) return
      isClosed = true
      void repo.shutdown().catch(() => undefined)
    },
    kill: () => {
      if (isClosed) return
      isAlive = false
      isClosed = true
      network.isOnline = false
      network.cut()
      gated?.free()
      void repo.shutdown().catch(() => undefined)
    },
  }
}
