/** One use of each door that needs Yjs or none: their types are checked to the last declaration, libraries included. */
import { type Client, createClient, generateSecret, indexedDbStorage, type Storage } from 'sealsync'
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
export const client: Client = createClient({ relay: 'ws://localhost' })
export const storages: readonly Storage[] = [indexedDbStorage(), fileStorage({ directory: '.' })]
export const names = (): readonly unknown[] =>
  usePresence(provider, (others: readonly PresentClient[]) => others.map(({ state }) => state.name))
export const unsynced = (): number => useSealsyncStatus(provider).unsyncedChanges
export const relay = (): Promise<RunningRelay> => startRelay({ port: 0, store: 'memory:' })
export const rest: readonly unknown[] = [LIMITS, storageSuite, storeSuite]

// @ts-expect-error no number is a secret: were the types lost, this would compile
export const mistake = new SealsyncProvider('ws://localhost', 'room', new Doc(), { secret: 5 })
