/**
 * `sealsync/automerge`: a network adapter that makes an app on automerge-repo end-to-end encrypted, and a wrapper that
 * encrypts what its Repo stores.
 *
 * @packageDocumentation
 */
export { SealsyncNetworkAdapter } from './adapter.ts'
export type { AdapterEvents, AdapterStatus } from './adapter-events.ts'
export type { AdapterOptions, SecretOf } from './adapter-options.ts'
export {
  EncryptedStorageAdapter,
  type EncryptedStorageOptions,
  type InnerStorage,
} from './encrypted-storage.ts'
