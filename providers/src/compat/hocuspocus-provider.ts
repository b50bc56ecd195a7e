/** The provider of Hocuspocus, end-to-end encrypted. */
import { Doc } from 'yjs'
import { utf8 } from '../bytes.ts'
import { CLOSE } from '../protocol/close.ts'
import { createListeners, type Listeners } from '../yjs/listeners.ts'
import { SealsyncProvider } from '../yjs/provider.ts'
import type { CloseEvent, ProviderEvents } from '../yjs/provider-events.ts'
import { createForwarding } from './forwarding.ts'
import { registerCallbacks } from './hocuspocus-callbacks.ts'
import { documentDefaults } from './hocuspocus-defaults.ts'
import {
  type AuthorizedScope,
  AwarenessError,
  closeEventFrom,
  type HocuspocusEvents,
  isSame,
  type SameEvent,
  statesOf,
} from './hocuspocus-events.ts'
import {
  type CompleteHocuspocusProviderConfiguration,
  checkProviderOptions,
  connectionOptions,
  documentOptions,
  type HocuspocusProviderConfiguration,
} from './hocuspocus-options.ts'
import { HocuspocusProviderWebsocket } from './hocuspocus-websocket.ts'
import { secretFor } from './key-resolver.ts'

type Listener<Name extends keyof HocuspocusEvents> = (...args: HocuspocusEvents[Name]) => void

const DOOR = 'new HocuspocusProvider'
/** Of the configuration, what cannot be changed later. */
const FIXED = ['name', 'document', 'awareness', 'websocketProvider', 'url', 'secret'] as const

/**
 * A `SealsyncProvider` with the constructor, events, callbacks and properties of Hocuspocus' provider. It has all that a
 * `SealsyncProvider` has besides. The secret is an option, or comes from `setKeyResolver`.
 *
 * With `url` it connects at once. With a `websocketProvider` it joins that connection with `attach()`; then `connect` and
 * `disconnect` are the connection's business, and do nothing here.
 *
 * @example
 * const provider = new HocuspocusProvider({ url: 'wss://relay.example', name: 'notes', document: doc, secret })
 * provider.on('synced', () => console.log('loaded'))
 */
export class HocuspocusProvider extends SealsyncProvider {
  /** As given, without the secret, and with the values of Hocuspocus for what was not. */
  readonly configuration: CompleteHocuspocusProviderConfiguration
  /** The document was opened and is synced, on this connection. */
  isAuthenticated = false
  authorizedScope: AuthorizedScope | undefined
  /** The connection is this provider's own. */
  readonly manageSocket: boolean
  /** Means nothing here. */
  readonly sessionId: string = Math.random().toString(36).slice(2)

  private attached = false
  private isEnded = false
  private readonly told: Listeners<HocuspocusEvents> = createListeners()
  private readonly handOn = createForwarding<SameEvent>({
    isHeard: this.told.has,
    start: (name) => {
      const listener = (...args: ProviderEvents[SameEvent]): void => this.told.emit(name, args)
      super.on(name, listener)
      return () => super.off(name, listener)
    },
  })
  private isUp = false
  /** What `synced` was set to, until the connection knows better. */
  private shownSynced: boolean | undefined
  private readonly onAwarenessUpdate = (): void =>
    this.told.emit('awarenessUpdate', [{ states: statesOf(this.awareness) }])
  private readonly onAwarenessChange = (): void =>
    this.told.emit('awarenessChange', [{ states: statesOf(this.awareness) }])
  private readonly onSocketDestroy = (): void => this.told.emit('destroy', [])

  /** Throws a `TypeError` for an unknown option, a wrong address, and when there is no secret. */
  constructor(configuration: HocuspocusProviderConfiguration) {
    checkProviderOptions(DOOR, configuration)
    const { name, document = new Doc(), awareness, token = null } = configuration
    // Apart: the configuration is shown, and what is shown gets logged.
    const { secret: given, ...shown } = configuration
    const secret = secretFor(DOOR, name, given)
    const alone = configuration.websocketProvider === undefined ? configuration : undefined
    const websocketProvider =
      configuration.websocketProvider ?? new HocuspocusProviderWebsocket(connectionOptions(configuration))
    const { client } = websocketProvider
    super(client.relay, name, document, {
      ...documentOptions(configuration),
      ...(awareness === undefined ? {} : { awareness }),
      secret,
      client,
      connect: false,
    })
    this.manageSocket = alone !== undefined
    this.configuration = {
      ...documentDefaults,
      ...shown,
      document,
      awareness: awareness === null ? null : this.awareness,
      token,
      websocketProvider,
    }
    this.translate()
    registerCallbacks(this, configuration)
    if (alone === undefined) return
    const { autoConnect = true } = alone
    websocketProvider.setConfiguration({ autoConnect })
    websocketProvider.shouldConnect = autoConnect
    this.attach()
  }

  get isAttached(): boolean {
    return this.attached
  }

  /** All that the relay had is applied, on this connection. Setting it to true tells listeners, and nothing else. */
  override get synced(): boolean {
    return this.shownSynced ?? super.synced
  }

  override set synced(isSynced: boolean) {
    if (isSynced === this.synced) return
    this.shownSynced = isSynced
    if (isSynced) this.told.emit('synced', [{ state: true }])
  }

  /** The name of the document. */
  get effectiveName(): string {
    return this.configuration.name
  }

  /** Joins the connection, which then connects if it may. Throws when it carries another document of this name. */
  attach(): void {
    this.checkAlive()
    if (this.attached) return
    const { websocketProvider } = this.configuration
    websocketProvider.attach(this)
    websocketProvider.on('destroy', this.onSocketDestroy)
    this.attached = true
    super.connect()
  }

  /** Leaves the connection; edits made meanwhile leave after the next `attach()`. */
  detach(): void {
    if (!this.attached) return
    this.attached = false
    super.disconnect()
    this.leaveSocket()
  }

  /** With a connection of its own: connects. Else it does nothing, but tells once more that it is connected, if it is. */
  override connect(): void {
    this.checkAlive()
    if (this.manageSocket) void this.configuration.websocketProvider.connect()
    if (this.attached && (this.manageSocket || this.wsconnected)) super.connect()
  }

  /** With a connection of its own: ends it. Else it does nothing. */
  override disconnect(): void {
    if (this.manageSocket) this.configuration.websocketProvider.disconnect()
  }

  /** Document and a given Awareness stay as they are. */
  override destroy(): void {
    this.awareness.off('update', this.onAwarenessUpdate)
    this.awareness.off('change', this.onAwarenessChange)
    super.destroy()
    this.told.clear()
    this.attached = false
    this.isEnded = true
    this.leaveSocket()
    if (this.manageSocket) this.configuration.websocketProvider.destroy()
  }

  /**
   * Changes what is read later: `token`. Callbacks stay those that were given first. Throws a `TypeError` for what
   * another provider would be needed for.
   */
  setConfiguration(configuration: Partial<HocuspocusProviderConfiguration> = {}): void {
    for (const name of FIXED) {
      if (name in configuration && configuration[name] !== this.configuration[name]) {
        throw new TypeError(`setConfiguration: "${name}" cannot be changed: make another provider`)
      }
    }
    Object.assign(this.configuration, configuration)
  }

  /** Sends now what gathers. */
  forceSync(): void {
    this.flush()
  }

  /** The same as `forceSync`. */
  startSync(): void {
    this.flush()
  }

  /** Sends now what gathers. */
  flushPendingUpdates(): void {
    this.flush()
  }

  async getToken(): Promise<string | null> {
    const { token } = this.configuration
    return typeof token === 'function' ? token() : token
  }

  /** Does nothing: a token belongs to the greeting, so another is sent with the next connection. */
  async sendToken(): Promise<void> {}

  /**
   * Sends a text, sealed, to the clients that have the document open now: their providers tell `stateless`. There is no
   * server that could read it. Without a connection it is dropped. Throws a `RangeError` above 62,947 bytes of UTF-8.
   */
  sendStateless(payload: string): void {
    this.session.broadcast(utf8(payload))
  }

  /** Throws an `AwarenessError` with `awareness: null`. */
  setAwarenessField(key: string, value: unknown): void {
    if (this.configuration.awareness === null) {
      throw new AwarenessError(
        `setAwarenessField: "${key}" cannot be shown, because awareness: null has switched presence off`,
      )
    }
    this.awareness.setLocalStateField(key, value)
  }

  /** Tells `authenticationFailed`. */
  permissionDeniedHandler(reason: string): void {
    this.isAuthenticated = false
    this.told.emit('authenticationFailed', [{ reason }])
  }

  override on<Name extends keyof HocuspocusEvents>(name: Name, listener: Listener<Name>): this {
    this.told.on(name, listener)
    if (isSame(name)) this.handOn(name)
    return this
  }

  override once<Name extends keyof HocuspocusEvents>(name: Name, listener: Listener<Name>): this {
    this.told.once(name, listener)
    if (isSame(name)) this.handOn(name)
    return this
  }

  /** Without `listener`: stops all of that name. */
  override off<Name extends keyof HocuspocusEvents>(name: Name, listener?: Listener<Name>): this {
    this.told.off(name, listener)
    if (isSame(name)) this.handOn(name)
    return this
  }

  override emit<Name extends keyof HocuspocusEvents>(name: Name, args: HocuspocusEvents[Name]): void {
    this.told.emit(name, args)
  }

  removeAllListeners(): void {
    this.told.clear()
  }

  private checkAlive(): void {
    if (!this.isEnded) return
    throw new Error('this provider is destroyed: make another with new HocuspocusProvider()')
  }

  private leaveSocket(): void {
    const { websocketProvider } = this.configuration
    websocketProvider.off('destroy', this.onSocketDestroy)
    websocketProvider.detach(this)
  }

  private translate(): void {
    const { told, awareness } = this
    super.on('sync', (isSynced) => {
      this.shownSynced = undefined
      this.admitted(isSynced)
    })
    super.on('status', (event) => {
      const wasUp = this.isUp
      this.isUp = event.status === 'connected'
      if (!this.isUp) this.isAuthenticated = false
      told.emit('status', [event])
      if (!this.isUp || wasUp) return
      told.emit('open', [{ event: new Event('open') }])
      told.emit('connect', [])
    })
    super.on('connection-close', (end) => {
      const event = closeEventFrom(end)
      told.emit('disconnect', [{ event }])
      told.emit('close', [{ event }])
    })
    super.on('closed', (event) => this.refused(event))
    super.on('frame', ({ direction, bytes }) => {
      if (direction === 'sent') told.emit('outgoingMessage', [{ message: { toUint8Array: () => bytes } }])
      else told.emit('message', [{ event: { data: bytes }, message: { data: bytes } }])
    })
    this.session.on('broadcast', ({ payload }) => {
      told.emit('stateless', [{ payload: new TextDecoder().decode(payload) }])
    })
    if (this.configuration.awareness === null) return
    awareness.on('update', this.onAwarenessUpdate)
    awareness.on('change', this.onAwarenessChange)
  }

  /** What is synced was admitted; told before `synced`, as Hocuspocus does. */
  private admitted(isSynced: boolean): void {
    if (!isSynced || this.isAuthenticated) return
    const scope = this.syncStatus === 'readonly' ? 'readonly' : 'read-write'
    this.isAuthenticated = true
    this.authorizedScope = scope
    this.told.emit('authenticated', [{ scope }])
  }

  private refused({ code, reason }: CloseEvent): void {
    const isRefusal = code === CLOSE.unauthorized || code === CLOSE.forbidden
    if (isRefusal) this.permissionDeniedHandler(reason)
  }
}
