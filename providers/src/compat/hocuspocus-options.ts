/** The options of Hocuspocus' classes, those that a sealed document has besides, and what becomes of each. */
import type { Awareness } from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import type { ClientOptions, Where } from '../client/client.ts'
import { checkOptions, takeOptions } from '../client/options.ts'
import type { Secret } from '../client/secret.ts'
import type { WebSocketConstructor } from '../client/socket.ts'
import type * as Told from './hocuspocus-events.ts'
import type { AttachedProvider, HocuspocusProviderWebsocket } from './hocuspocus-websocket.ts'

/** What the connection is told, alone or, with `url`, through its only provider. */
interface ConnectionConfiguration extends Pick<ClientOptions, 'storage' | 'identity' | 'params'> {
  /** Connect at once. Default: true. */
  autoConnect?: boolean
  /** Leave slashes at the end of `url` alone. Default: false. */
  preserveTrailingSlash?: boolean
  /** For places without a global WebSocket. */
  WebSocketPolyfill?: WebSocketConstructor
  /** Give up after so many failed attempts in a row; 0: never. Default: 0. */
  maxAttempts?: number
  /** Does nothing, nor do the others down to `handleTimeout`: docs/options.md has the fixed times of a connection. */
  messageReconnectTimeout?: number
  delay?: number
  initialDelay?: number
  factor?: number
  minDelay?: number
  maxDelay?: number
  jitter?: boolean
  timeout?: number
  handleTimeout?: (() => Promise<unknown>) | null
  onMaxAttemptsFailed?: (data: Told.onMaxAttemptsFailedParameters) => void
  /** Where the providers that are attached are noted, by name. Default: a new map. */
  providerMap?: Map<string, AttachedProvider>
}

interface ConnectionCallbacks {
  onOpen?: (data: Told.onOpenParameters) => void
  onConnect?: () => void
  onStatus?: (data: Told.onStatusParameters) => void
  onDisconnect?: (data: Told.onDisconnectParameters) => void
  onClose?: (data: Told.onCloseParameters) => void
  onDestroy?: () => void
  onMessage?: (data: Told.onMessageParameters) => void
  onOutgoingMessage?: (data: Told.onOutgoingMessageParameters) => void
  onAwarenessUpdate?: (data: Told.onAwarenessUpdateParameters) => void
  onAwarenessChange?: (data: Told.onAwarenessChangeParameters) => void
}

/** Options of `HocuspocusProviderWebsocket`. */
export interface HocuspocusProviderWebsocketConfiguration
  extends ConnectionConfiguration,
    ConnectionCallbacks {
  /** Address of the relay. */
  url: string
}

type Sealed = 'storage' | 'identity' | 'params'

/** As a connection shows them; `WebSocketPolyfill` is the global one, if any. */
export type CompleteHocuspocusProviderWebsocketConfiguration = Required<
  Omit<HocuspocusProviderWebsocketConfiguration, Sealed>
> &
  Pick<HocuspocusProviderWebsocketConfiguration, Sealed>

type SealedOptions = Pick<Where, 'create' | 'flushMs' | 'snapshot' | 'receipts' | 'compress' | 'pad'>

/** What a provider is told of its document. */
interface DocumentConfiguration extends SealedOptions, ConnectionCallbacks {
  /** The app's name for the document; never sent. */
  name: string
  /** Needed unless `setKeyResolver` was called: the text of `generateSecret()`, or ≥ 32 random bytes, now or later. */
  secret?: Secret
  /** Default: a new one. */
  document?: Doc
  /** `null`: no presence. Default: a new one. */
  awareness?: Awareness | null
  /** Sent in the greeting of a connection; a function is called at each attempt. */
  token?: string | (() => string) | (() => Promise<string>) | null
  /** Milliseconds: the same as `flushMs`. */
  flushDelay?: false | number
  /** Does nothing: the relay numbers what it delivers, so what is missing is noticed and asked for. */
  forceSyncInterval?: false | number
  /** Does nothing: one connection carries a document once. */
  sessionAwareness?: boolean
  onAuthenticated?: (data: Told.onAuthenticatedParameters) => void
  onAuthenticationFailed?: (data: Told.onAuthenticationFailedParameters) => void
  onSynced?: (data: Told.onSyncedParameters) => void
  onStateless?: (data: Told.onStatelessParameters) => void
  onUnsyncedChanges?: (data: Told.onUnsyncedChangesParameters) => void
}

/** Options of `HocuspocusProvider`: with `url` it has a connection of its own, else it joins that of `websocketProvider`. */
export type HocuspocusProviderConfiguration = DocumentConfiguration &
  (
    | (ConnectionConfiguration & { url: string; websocketProvider?: undefined })
    | { websocketProvider: HocuspocusProviderWebsocket; url?: string }
  )

/** Those that have a value even if none was given. */
export type DocumentDefaults = Required<
  Omit<DocumentConfiguration, 'name' | 'document' | 'awareness' | 'secret' | keyof SealedOptions>
>

/** As a provider shows them. */
export type CompleteHocuspocusProviderConfiguration = HocuspocusProviderConfiguration &
  DocumentDefaults &
  Required<Pick<DocumentConfiguration, 'document' | 'awareness'>> & {
    readonly websocketProvider: HocuspocusProviderWebsocket
  }

const CONNECTION: readonly ('url' | keyof ConnectionConfiguration)[] = [
  ...(['url', 'storage', 'identity', 'params', 'autoConnect', 'preserveTrailingSlash'] as const),
  ...(['WebSocketPolyfill', 'maxAttempts', 'messageReconnectTimeout', 'delay', 'initialDelay'] as const),
  ...(['factor', 'minDelay', 'maxDelay', 'jitter', 'timeout', 'handleTimeout'] as const),
  ...(['onMaxAttemptsFailed', 'providerMap'] as const),
]

const CALLBACKS: readonly (keyof ConnectionCallbacks)[] = [
  ...(['onOpen', 'onConnect', 'onStatus', 'onDisconnect', 'onClose', 'onDestroy', 'onMessage'] as const),
  ...(['onOutgoingMessage', 'onAwarenessUpdate', 'onAwarenessChange'] as const),
]

const SEALED = ['create', 'snapshot', 'receipts', 'compress', 'pad'] as const

const DOCUMENT: readonly (keyof DocumentConfiguration)[] = [
  ...(['name', 'secret', 'document', 'awareness', 'token', 'flushDelay', 'forceSyncInterval'] as const),
  ...(['sessionAwareness', 'onAuthenticated', 'onAuthenticationFailed', 'onSynced', 'onStateless'] as const),
  ...(['onUnsyncedChanges', 'flushMs', ...SEALED] as const),
]

/** Throws a `TypeError` for options that do not exist. */
export const checkWebsocketOptions = (options: HocuspocusProviderWebsocketConfiguration): void =>
  checkOptions('new HocuspocusProviderWebsocket', options, [...CONNECTION, ...CALLBACKS])

/** Throws a `TypeError` for options that do not exist, and for those that are the shared connection's. */
export const checkProviderOptions = (door: string, options: HocuspocusProviderConfiguration): void => {
  const { websocketProvider } = options
  const isAlone = websocketProvider === undefined
  const own = [...DOCUMENT, ...CALLBACKS, 'websocketProvider', 'url']
  checkOptions(
    isAlone ? door : `${door} with a websocketProvider`,
    options,
    isAlone ? [...own, ...CONNECTION] : own,
  )
  if (!isAlone || typeof options.url === 'string') return
  throw new TypeError(`${door}: pass url, the address of the relay, or a websocketProvider`)
}

/** Those that a connection of the provider's own gets. */
export const connectionOptions = (
  options: ConnectionConfiguration & { url: string },
): HocuspocusProviderWebsocketConfiguration => {
  return { ...takeOptions(options, CONNECTION), url: options.url, autoConnect: false }
}

/** Those that the document gets. */
export const documentOptions = (options: HocuspocusProviderConfiguration): Omit<Where, 'room' | 'secret'> => {
  const { flushDelay, flushMs = flushDelay } = options
  return { ...takeOptions(options, SEALED), ...(typeof flushMs === 'number' ? { flushMs } : {}) }
}
