/**
 * `sealsync`: the front door for apps and bindings. Secrets, identities, storages, and a client that knows no CRDT.
 *
 * @packageDocumentation
 */
export {
  type Client,
  type ClientEvents,
  type ClientOptions,
  createClient,
  type Where,
} from './client/client.ts'
export { type IndexedDbStorageOptions, indexedDbStorage } from './client/indexeddb-storage.ts'
export { memoryStorage } from './client/memory-storage.ts'
export type { Later, Replica } from './client/replica.ts'
export type { Secret } from './client/secret.ts'
export type { WebSocketConstructor } from './client/socket.ts'
export type { Change, Storage } from './client/storage.ts'
export type {
  ConnectionStatus,
  DocumentEvents,
  DocumentStatus,
  SyncDocument,
} from './client/sync-document.ts'
export { createIdentity, type Identity } from './keys/identity.ts'
export { generateSecret } from './keys/secret.ts'
export type { SessionName } from './protocol/item.ts'
export type { Claim, Content } from './sync/content.ts'
export type {
  Alarm,
  AlarmKind,
  Codec,
  PauseDirections,
  Progress,
  Received,
  Rejection,
  SnapshotPolicy,
  SyncStatus,
} from './sync/effects.ts'
export type { Receipt } from './sync/receipts.ts'
