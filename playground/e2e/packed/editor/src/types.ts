/** One use of each door that needs Yjs or none: their types are checked to the last declaration, libraries included. */
import { type Client, createClient, generateSecret, indexedDbStorage, type Storage } from 'sealsync'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from 'sealsync/compat/hocuspocus'
import { setKeyResolver, WebsocketProvider } from 'sealsync/compat/y-websocket'
import { fileStorage } from 'sealsync/node'
import { LIMITS } from 'sealsync/protocol'
import { storageSuite } from 'sealsync/testing'
import { SealsyncProvider } from 'sealsync/yjs'
import { type PresentClient, usePresence, useSealsyncStatus } from 'sealsync-react'
import { type RunningRelay, startRelay } from 'sealsync-relay'
import { storeSuite } from 'sealsync-relay/testing'
import { Doc } from 'yjs'

export const secret: string = generateSecret()
export const provider: SealsyncProvider = new SealsyncProvider('ws://localhost', 'room', new Doc(), {
  secret,
  connect: false,
})
setKeyResolver(() => secret)
export const websocket: WebsocketProvider = new WebsocketProvider('ws://localhost', 'room', new Doc(), {
  connect: false,
  shouldReconnect: ({ code }, { shouldConnect }) => code !== 4401 && shouldConnect,
})
export const websocketProvider: HocuspocusProviderWebsocket = new HocuspocusProviderWebsocket({
  url: 'ws://localhost',
  autoConnect: false,
})
export const hocuspocus: HocuspocusProvider = new HocuspocusProvider({
  websocketProvider,
  name: 'room',
  onStatus: ({ status }) => status === 'connected',
})
export const client: Client = createClient({ relay: 'ws://localhost' })
export const storages: readonly Storage[] = [indexedDbStorage(), fileStorage({ directory: '.' })]
export const names = (): readonly unknown[] =>
  usePresence(provider, (others: readonly PresentClient[]) => others.map(({ state }) => state.name))
export const unsynced = (): number => useSealsyncStatus(provider).unsyncedChanges
export const relay = (): Promise<RunningRelay> => startRelay({ port: 0, store: 'memory:' })
export const rest: readonly unknown[] = [LIMITS, storageSuite, storeSuite]

// @ts-expect-error no number is a secret: were the types lost, this would compile
export const mistake = new SealsyncProvider('ws://localhost', 'room', new Doc(), { secret: 5 })
// @ts-expect-error no number is a secret of this door either: its types are published apart
export const another = new WebsocketProvider('ws://localhost', 'room', new Doc(), { secret: 5 })
// @ts-expect-error nor is one of the third door's, in whose types it stands among other options
export const third = new HocuspocusProvider({ url: 'ws://localhost', name: 'room', secret: 5 })
