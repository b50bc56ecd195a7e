/** What the classes of `sealsync/compat/hocuspocus` tell, under the names and with the payloads of Hocuspocus. */
import type { Awareness } from 'y-protocols/awareness'
import type { ConnectionStatus } from '../client/sync-document.ts'
import type { CloseEvent, ProviderEvents } from '../yjs/provider-events.ts'

/** Of the connection. */
export const WebSocketStatus: {
  readonly Connecting: 'connecting'
  readonly Connected: 'connected'
  readonly Disconnected: 'disconnected'
} = { Connecting: 'connecting', Connected: 'connected', Disconnected: 'disconnected' }
/** The same as `ConnectionStatus`. */
export type WebSocketStatus = ConnectionStatus

/** What a client may do with a document. */
export type AuthorizedScope = 'read-write' | 'readonly'

/** Presence as a list; what a state holds is the app's business. */
export type StatesArray = ({ clientId: number } & ReturnType<typeof JSON.parse>)[]

export const statesOf = (awareness: Awareness): StatesArray =>
  [...awareness.getStates()].map(([clientId, state]) => ({ clientId, ...state }))

export type onStatusParameters = { status: WebSocketStatus }
export type onOpenParameters = { event: Event }
export type onDisconnectParameters = { event: CloseEvent }
export type onCloseParameters = { event: CloseEvent }
export type onMaxAttemptsFailedParameters = { error: unknown }
export type onAuthenticatedParameters = { scope: AuthorizedScope }
export type onAuthenticationFailedParameters = { reason: string }
/** Only ever told with `true`. */
export type onSyncedParameters = { state: boolean }
export type onUnsyncedChangesParameters = { number: number }
export type onAwarenessUpdateParameters = { states: StatesArray }
export type onAwarenessChangeParameters = { states: StatesArray }
export type onStatelessParameters = { payload: string }
/** A frame as it came, sealed. */
export type onMessageParameters = { event: { data: Uint8Array }; message: { data: Uint8Array } }
/** A frame as it left, sealed. */
export type onOutgoingMessageParameters = { message: { toUint8Array(): Uint8Array } }

const NORMAL = 1000
/** What a WebSocket says that was closed without a code, as Hocuspocus closes its own. */
const NO_CODE = 1005

export const closeEventFrom = ({
  code,
  reason,
  isLocal,
}: CloseEvent & { readonly isLocal: boolean }): CloseEvent => ({
  code: isLocal && code === NORMAL ? NO_CODE : code,
  reason,
})

/** Those that are handed on as they are. */
export type SameEvent = Exclude<keyof ProviderEvents, 'status'>

// An object, so that an event which is new in ProviderEvents cannot be forgotten here.
const SAME: Readonly<Record<SameEvent, true>> = {
  ...{ sync: true, synced: true, unsyncedChanges: true, 'local-changes': true, change: true, alarm: true },
  ...{
    new: true,
    receipt: true,
    closed: true,
    'connection-close': true,
    'connection-error': true,
    'storage-error': true,
  },
  ...{ progress: true, frame: true, destroy: true, update: true, reload: true, 'remote-change': true },
}

export const isSame = (name: string): name is SameEvent => Object.hasOwn(SAME, name)

/** The arguments of each event's listeners: those of Hocuspocus, and what only a `SealsyncProvider` has. */
export interface HocuspocusEvents extends ProviderEvents {
  readonly open: readonly [data: onOpenParameters]
  readonly connect: readonly []
  readonly disconnect: readonly [data: onDisconnectParameters]
  readonly close: readonly [data: onCloseParameters]
  /** The document was opened and is synced; the relay asks for no rights yet, so `scope` is `read-write`. */
  readonly authenticated: readonly [data: onAuthenticatedParameters]
  /** The relay refused document or connection with 4401 or 4403, or the token could not be had. */
  readonly authenticationFailed: readonly [data: onAuthenticationFailedParameters]
  readonly awarenessUpdate: readonly [data: onAwarenessUpdateParameters]
  readonly awarenessChange: readonly [data: onAwarenessChangeParameters]
  /** Another client called `sendStateless`. */
  readonly stateless: readonly [data: onStatelessParameters]
  readonly message: readonly [data: onMessageParameters]
  readonly outgoingMessage: readonly [data: onOutgoingMessageParameters]
}

/** The arguments of each event's listeners on a shared connection. */
export interface HocuspocusWebsocketEvents {
  readonly status: readonly [data: onStatusParameters]
  readonly open: readonly [data: onOpenParameters]
  readonly connect: readonly []
  readonly disconnect: readonly [data: onDisconnectParameters]
  readonly close: readonly [data: onCloseParameters]
  /** So many attempts in a row failed that it gives up; `connect()` tries again. */
  readonly maxAttemptsFailed: readonly [data: onMaxAttemptsFailedParameters]
  readonly destroy: readonly []
  /** Never fires: a frame belongs to a document, and its provider tells of it. */
  readonly message: readonly [data: onMessageParameters]
  /** Never fires. */
  readonly outgoingMessage: readonly [data: onOutgoingMessageParameters]
  /** Never fires. */
  readonly awarenessUpdate: readonly [data: onAwarenessUpdateParameters]
  /** Never fires. */
  readonly awarenessChange: readonly [data: onAwarenessChangeParameters]
}

/** Presence was switched off with `awareness: null`, and then used. */
export class AwarenessError extends Error {
  readonly code = 1001
}
