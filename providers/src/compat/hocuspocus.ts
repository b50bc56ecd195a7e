/**
 * `sealsync/compat/hocuspocus`: the classes of `@hocuspocus/provider` 4, end-to-end encrypted. An app changes the import.
 *
 * @packageDocumentation
 */
export type { Secret } from '../client/secret.ts'
export {
  type AuthorizedScope,
  AwarenessError,
  type HocuspocusEvents,
  type HocuspocusWebsocketEvents,
  type onAuthenticatedParameters,
  type onAuthenticationFailedParameters,
  type onAwarenessChangeParameters,
  type onAwarenessUpdateParameters,
  type onCloseParameters,
  type onDisconnectParameters,
  type onMaxAttemptsFailedParameters,
  type onMessageParameters,
  type onOpenParameters,
  type onOutgoingMessageParameters,
  type onStatelessParameters,
  type onStatusParameters,
  type onSyncedParameters,
  type onUnsyncedChangesParameters,
  type StatesArray,
  WebSocketStatus,
} from './hocuspocus-events.ts'
export type {
  CompleteHocuspocusProviderConfiguration,
  CompleteHocuspocusProviderWebsocketConfiguration,
  HocuspocusProviderConfiguration,
  HocuspocusProviderWebsocketConfiguration,
} from './hocuspocus-options.ts'
export { HocuspocusProvider } from './hocuspocus-provider.ts'
export { HocuspocusProviderWebsocket } from './hocuspocus-websocket.ts'
export { type KeyResolver, setKeyResolver } from './key-resolver.ts'
