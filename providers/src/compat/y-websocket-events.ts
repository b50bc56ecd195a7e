/** What a `WebsocketProvider` tells, with the payloads of y-websocket, and the events of the DOM that it hands out. */
import type { CloseEvent as Close, ProviderEvents } from '../yjs/provider-events.ts'
import type { WebsocketProvider } from './y-websocket.ts'

type Translated = 'sync' | 'synced' | 'closed' | 'connection-close' | 'connection-error'

/** Those that are handed on as they are. */
export type SameEvent = Exclude<keyof ProviderEvents, Translated>

// An object, so that an event which is new in ProviderEvents cannot be forgotten here.
const SAME: Readonly<Record<SameEvent, true>> = {
  ...{
    status: true,
    unsyncedChanges: true,
    'local-changes': true,
    change: true,
    alarm: true,
    new: true,
    progress: true,
  },
  ...{
    'storage-error': true,
    frame: true,
    destroy: true,
    update: true,
    reload: true,
    'remote-change': true,
    receipt: true,
  },
}

export const isSame = (name: string): name is SameEvent => Object.hasOwn(SAME, name)

/** The arguments of each event's listeners: those of y-websocket, and what only a `SealsyncProvider` has. */
export interface WebsocketProviderEvents
  extends Omit<ProviderEvents, 'synced' | 'closed' | 'connection-close' | 'connection-error'> {
  /** The same as `sync`, just before it. */
  readonly synced: readonly [isSynced: boolean]
  /** A connection or an attempt ended; `null` when the app itself disconnected. */
  readonly 'connection-close': readonly [event: CloseEvent | null, provider: WebsocketProvider]
  /** An attempt failed. */
  readonly 'connection-error': readonly [event: Event, provider: WebsocketProvider]
  /** The relay closed and `shouldReconnect` said no; `connect()` tries again. */
  readonly closed: readonly [event: Close, provider: WebsocketProvider]
}

/** A connection that was lost without a goodbye. */
const LOST = 1006

/** Made by hand: not every platform has the constructor `CloseEvent`. */
export const closeEventFrom = ({ code, reason }: Close): CloseEvent =>
  Object.assign(new Event('close'), { code, reason, wasClean: code !== LOST })

export const errorEventFrom = (error: Error): Event =>
  Object.assign(new Event('error'), { error, message: error.message })
