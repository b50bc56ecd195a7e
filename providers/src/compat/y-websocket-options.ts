/** The options of y-websocket's provider, those that a sealed document has besides, and what becomes of each. */
import type { Awareness } from 'y-protocols/awareness'
import { checkOptions } from '../client/options.ts'
import type { Secret } from '../client/secret.ts'
import type { ProviderOptions } from '../yjs/provider-options.ts'
import { secretFor } from './key-resolver.ts'
import type { WebsocketProvider } from './y-websocket.ts'

type Sealed = Pick<
  ProviderOptions,
  'storage' | 'identity' | 'token' | 'create' | 'flushMs' | 'snapshot' | 'receipts' | 'compress' | 'pad'
>

/** Options of `WebsocketProvider`. */
export interface WebsocketProviderOptions extends Sealed {
  /** Needed unless `setKeyResolver` was called: the text of `generateSecret()`, or ≥ 32 random bytes, now or later. */
  readonly secret?: Secret | undefined
  /** Connect at once. Default: true. */
  readonly connect?: boolean | undefined
  /** `null`: no presence. Default: a new one. */
  readonly awareness?: Awareness | null | undefined
  /** Added to the relay's address at each attempt. */
  readonly params?: { [name: string]: string } | undefined
  /** WebSocket subprotocols, for a proxy in front of the relay; the relay itself does not look at them. */
  readonly protocols?: string[] | undefined
  /** For places without a global WebSocket. */
  readonly WebSocketPolyfill?: SubprotocolSocket | undefined
  /** Does nothing: the relay numbers what it delivers, so what is missing is noticed and asked for. */
  readonly resyncInterval?: number | undefined
  /**
   * How long to wait, ms, before another attempt after a close that is otherwise for good, but after which
   * `shouldReconnect` wants one. All other pauses are random, up to 30 s. Default: 2,500.
   */
  readonly maxBackoffTime?: number | undefined
  /** Does nothing: tabs meet through the relay, and nothing is sent from tab to tab. */
  readonly disableBc?: boolean | undefined
  /** Asked when the relay closes. Default: yes, unless the code is one of 4400–4499. */
  readonly shouldReconnect?: ((event: CloseEvent, provider: WebsocketProvider) => boolean) | undefined
}

/** The constructor of a WebSocket that takes subprotocols. */
type SubprotocolSocket = new (url: string, protocols?: string[]) => object

const DOOR = 'new WebsocketProvider'
const NAMES: readonly (keyof WebsocketProviderOptions)[] = [
  ...([
    'secret',
    'connect',
    'awareness',
    'params',
    'protocols',
    'WebSocketPolyfill',
    'resyncInterval',
  ] as const),
  ...(['maxBackoffTime', 'disableBc', 'shouldReconnect', 'storage', 'identity', 'token', 'create'] as const),
  ...(['flushMs', 'snapshot', 'receipts', 'compress', 'pad'] as const),
]

/** Those of the options that `SealsyncProvider` takes; throws a `TypeError` for unknown ones and without a secret. */
export const providerOptions = (
  room: string,
  options: WebsocketProviderOptions,
  readParams: () => Readonly<Record<string, string>>,
): ProviderOptions => {
  checkOptions(DOOR, options, NAMES)
  const { secret, connect = true, awareness, WebSocketPolyfill, protocols = [], ...others } = options
  const { params, resyncInterval, maxBackoffTime, disableBc, shouldReconnect, ...sealed } = others
  const socket = withProtocols(WebSocketPolyfill, protocols)
  return {
    ...sealed,
    secret: secretFor(DOOR, room, secret),
    connect,
    params: readParams,
    ...(awareness === undefined ? {} : { awareness }),
    ...(socket === undefined ? {} : { WebSocketPolyfill: socket }),
  }
}

const withProtocols = (
  polyfill: SubprotocolSocket | undefined,
  protocols: string[],
): SubprotocolSocket | undefined => {
  const Base: SubprotocolSocket | undefined = polyfill ?? globalThis.WebSocket
  if (protocols.length === 0 || Base === undefined) return polyfill
  // A class, because a WebSocket is constructed.
  return class extends Base {
    constructor(url: string) {
      super(url, protocols)
    }
  }
}
