/**
 * `sealsync-relay`: a relay that orders, stores and forwards what it can neither read nor forge.
 *
 * @example
 * import { startRelay } from 'sealsync-relay'
 *
 * const relay = await startRelay({ port: 4455, store: 'sqlite:./sealsync.db' })
 * console.log(relay.url)
 *
 * @packageDocumentation
 */
export type { StartOptions } from './options.ts'
export {
  type Connection,
  createRelay,
  type Peer,
  type Relay,
  type RelayEvent,
  type RelayOptions,
  type RelayStats,
} from './relay.ts'
export { RELAY_LIMITS, type RelayLimits } from './relay-limits.ts'
export { type RunningRelay, startRelay } from './server.ts'
export {
  type CommitFault,
  createMemoryStore,
  type MemoryStore,
  type MemoryStoreOptions,
} from './store/memory.ts'
export { openSqliteStore } from './store/sqlite.ts'
export type * from './store/store.ts'
