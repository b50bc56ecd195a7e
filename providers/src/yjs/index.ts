/**
 * `sealsync/yjs`: end-to-end encrypted sync for Yjs documents, behind the interface of the providers that apps know.
 *
 * @packageDocumentation
 */
export type { Awareness } from 'y-protocols/awareness'
export type { Doc } from 'yjs'
export type { ConnectionStatus } from '../client/sync-document.ts'
export type { Alarm, AlarmKind, PauseDirections, Progress, SyncStatus } from '../sync/effects.ts'
export type { Receipt } from '../sync/receipts.ts'
export type { Attributable } from './attribution.ts'
export type { Authorship } from './authors.ts'
export { SealsyncProvider } from './provider.ts'
export type { CloseEvent, EditorAwareness, ProviderEvents, ProviderSnapshot } from './provider-events.ts'
export type { ProviderOptions } from './provider-options.ts'
export type { RemoteChange } from './remote-changes.ts'
export type { ClientRange } from './structs.ts'
