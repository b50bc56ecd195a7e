/** What `configuration` shows of options that were not given: the values that Hocuspocus has for them. */
import type {
  CompleteHocuspocusProviderWebsocketConfiguration,
  DocumentDefaults,
} from './hocuspocus-options.ts'

const nothing = (): void => undefined

const CALLBACKS = {
  ...{ onOpen: nothing, onConnect: nothing, onStatus: nothing, onDisconnect: nothing, onClose: nothing },
  ...{ onDestroy: nothing, onMessage: nothing, onOutgoingMessage: nothing },
  ...{ onAwarenessUpdate: nothing, onAwarenessChange: nothing },
}

/** Of a connection. Those of the times do nothing, as the options themselves. */
export const websocketDefaults = (): Omit<
  CompleteHocuspocusProviderWebsocketConfiguration,
  'url' | 'providerMap' | 'storage' | 'identity' | 'params'
> => ({
  ...CALLBACKS,
  onMaxAttemptsFailed: nothing,
  autoConnect: true,
  preserveTrailingSlash: false,
  WebSocketPolyfill: globalThis.WebSocket,
  maxAttempts: 0,
  ...{ messageReconnectTimeout: 30_000, delay: 1_000, initialDelay: 0, factor: 2, minDelay: 1_000 },
  ...{ maxDelay: 30_000, jitter: true, timeout: 0, handleTimeout: null },
})

/** Of a document. */
export const documentDefaults: DocumentDefaults = {
  ...CALLBACKS,
  ...{ onAuthenticated: nothing, onAuthenticationFailed: nothing, onSynced: nothing, onStateless: nothing },
  onUnsyncedChanges: nothing,
  ...{ token: null, sessionAwareness: false, forceSyncInterval: false, flushDelay: false },
}
