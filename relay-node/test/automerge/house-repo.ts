/** Repos with our adapter in a house of relays in memory, with real timers, and everything that they say. */
import { type NetworkAdapterInterface, type PeerId, Repo, type RepoConfig } from '@automerge/automerge-repo'
import { type AdapterOptions, SealsyncNetworkAdapter } from 'sealsync/automerge'
import { decodeSyncMessage, type SyncMessage } from '../../../providers/src/automerge/sync-message.ts'
import type { House } from '../house/house.ts'

interface Said {
  /** `told`: by the Repo; `heard`: by it. */
  readonly direction: 'told' | 'heard'
  readonly type: string
  readonly documentId: string | undefined
  readonly sync: SyncMessage | undefined
}

export interface HouseRepo {
  readonly repo: Repo
  readonly adapter: SealsyncNetworkAdapter
  readonly said: readonly Said[]
  close(): void
}

export const openHouseRepo = (
  house: House,
  options: Omit<AdapterOptions, 'WebSocketPolyfill'>,
  config: Omit<RepoConfig, 'network' | 'peerId'> & {
    readonly peerId?: string
    readonly links?: readonly NetworkAdapterInterface[]
  } = {},
): HouseRepo => {
  const { peerId, links = [], ...others } = config
  const adapter = new SealsyncNetworkAdapter('ws://relay.test/', {
    ...options,
    WebSocketPolyfill: house.WebSocketPolyfill,
  })
  const said: Said[] = []
  const note = (direction: Said['direction'], type: string, documentId?: string, data?: Uint8Array): void => {
    const sync = type === 'sync' && data !== undefined ? decodeSyncMessage(data) : undefined
    said.push({ direction, type, documentId, sync: sync?.ok ? sync.value : undefined })
  }
  adapter.on('message', ({ type, documentId, data }) => note('heard', type, documentId, data))
  const { send } = adapter
  adapter.send = (message) => {
    note('told', message.type, message.documentId, message.data)
    send.call(adapter, message)
  }
  const repo = new Repo({
    network: [adapter, ...links],
    ...others,
    ...(peerId === undefined ? {} : { peerId: peerId as PeerId }),
  })
  return { repo, adapter, said, close: () => adapter.disconnect() }
}
