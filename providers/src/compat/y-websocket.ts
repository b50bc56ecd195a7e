/**
 * `sealsync/compat/y-websocket`: the provider of y-websocket 3, end-to-end encrypted. An app changes the import.
 *
 * @packageDocumentation
 */
import type { Doc } from 'yjs'
import { isPermanent } from '../protocol/close.ts'
import { createListeners, type Listeners } from '../yjs/listeners.ts'
import { SealsyncProvider } from '../yjs/provider.ts'
import type { CloseEvent as Close, ProviderEvents } from '../yjs/provider-events.ts'
import { addressFrom, withoutSlashes } from './address.ts'
import { createForwarding } from './forwarding.ts'
import {
  closeEventFrom,
  errorEventFrom,
  isSame,
  type SameEvent,
  type WebsocketProviderEvents,
} from './y-websocket-events.ts'
import { providerOptions, type WebsocketProviderOptions } from './y-websocket-options.ts'

export type { Secret } from '../client/secret.ts'
export { type KeyResolver, setKeyResolver } from './key-resolver.ts'
export type { WebsocketProviderEvents } from './y-websocket-events.ts'
export type { WebsocketProviderOptions } from './y-websocket-options.ts'

type Listener<Args extends readonly unknown[]> = (...args: Args) => void

/** As y-websocket itself decides: 4400–4499 are for good. */
const reconnectsUnlessPermanent = ({ code }: Pick<CloseEvent, 'code'>): boolean => !isPermanent(code)

/**
 * A `SealsyncProvider` with the constructor, events and properties of y-websocket's provider. It has all that a
 * `SealsyncProvider` has besides. The secret is an option, or comes from `setKeyResolver`.
 *
 * @example
 * const provider = new WebsocketProvider('wss://relay.example', 'notes', doc, { secret })
 * provider.on('sync', (isSynced) => console.log(isSynced))
 */
export class WebsocketProvider extends SealsyncProvider {
  /** As it was given, without slashes at the end. */
  readonly serverUrl: string
  /** Read at the next close. */
  shouldReconnect: (event: CloseEvent, provider: WebsocketProvider) => boolean
  /** `serverUrl` and room; it leads nowhere. */
  readonly bcChannel: string
  /** See the option. */
  maxBackoffTime: number
  /** As given; they take effect in the constructor alone. */
  readonly protocols: readonly string[]
  /** Always `null`: what goes through the socket is sealed, and of no use to an app. */
  readonly ws: WebSocket | null = null
  /** Does nothing, as the option. */
  disableBc: boolean
  /** When something of this document came last, in milliseconds since 1970; 0: never. */
  wsLastMessageReceived = 0
  /** Always false: nothing is sent from tab to tab. */
  readonly bcconnected: boolean = false

  private readonly query: { params: { [name: string]: string } }
  private readonly told: Listeners<WebsocketProviderEvents> = createListeners()
  private readonly handOn = createForwarding<SameEvent>({
    isHeard: this.told.has,
    start: (name) => {
      const listener = (...args: ProviderEvents[SameEvent]): void => this.told.emit(name, args)
      super.on(name, listener)
      return () => super.off(name, listener)
    },
  })
  private isShownSynced = false
  private isWished: boolean
  /** There was a connection or an attempt, and none follows until `shouldConnect` says so again. */
  private isHalted = false
  /** The last connection ended for good, and `syncStatus` says so. */
  private isStopped = false
  private retry: ReturnType<typeof setTimeout> | undefined

  /** Throws a `TypeError` for an unknown option, a wrong address, and when there is no secret. */
  constructor(serverUrl: string, roomname: string, doc: Doc, options: WebsocketProviderOptions = {}) {
    const query = { params: options.params ?? {} }
    super(
      addressFrom(withoutSlashes(serverUrl)),
      roomname,
      doc,
      providerOptions(roomname, options, () => query.params),
    )
    this.query = query
    this.serverUrl = withoutSlashes(serverUrl)
    this.shouldReconnect = options.shouldReconnect ?? reconnectsUnlessPermanent
    this.bcChannel = `${this.serverUrl}/${roomname}`
    this.maxBackoffTime = options.maxBackoffTime ?? 2500
    this.protocols = options.protocols ?? []
    this.disableBc = options.disableBc ?? false
    this.isWished = options.connect ?? true
    this.translate()
  }

  /** Address of the relay with `params`, but without the room, whose name is never sent. */
  override get url(): string {
    const url = new URL(super.url)
    for (const [name, value] of Object.entries(this.params)) url.searchParams.set(name, value)
    return url.href
  }

  /** Added to the relay's address; read at each attempt to connect. */
  get params(): { [name: string]: string } {
    return this.query.params
  }

  set params(params: { [name: string]: string }) {
    this.query.params = params
  }

  /** All that the relay had is applied, on this connection. Setting it only tells listeners. */
  override get synced(): boolean {
    return this.isShownSynced
  }

  override set synced(isSynced: boolean) {
    if (isSynced !== this.isShownSynced) this.tellSynced(isSynced)
  }

  /**
   * Set to false, the connection stays, or the attempt that is under way, and no other follows it. Set to true again, it
   * goes on; what was never connected waits for `connect()`.
   */
  override get shouldConnect(): boolean {
    return this.isWished
  }

  override set shouldConnect(shouldConnect: boolean) {
    if (shouldConnect === this.isWished) return
    this.isWished = shouldConnect
    if (shouldConnect && this.isHalted) this.connect()
    else if (!shouldConnect) this.halt()
  }

  override connect(): void {
    this.cancelRetry()
    this.isWished = true
    this.isHalted = false
    this.isStopped = false
    super.connect()
  }

  override disconnect(): void {
    this.cancelRetry()
    if (super.shouldConnect) this.isHalted = true
    this.isWished = false
    super.disconnect()
  }

  override destroy(): void {
    this.cancelRetry()
    this.isWished = false
    super.destroy()
    this.isHalted = false
    if (this.isShownSynced) this.tellSynced(false)
    this.told.clear()
  }

  /** Does nothing: tabs meet through the relay. */
  connectBc(): void {}

  /** Does nothing: tabs meet through the relay. */
  disconnectBc(): void {}

  override on<Name extends keyof WebsocketProviderEvents, L extends Listener<WebsocketProviderEvents[Name]>>(
    name: Name,
    listener: L,
  ): L
  override on<Name extends keyof ProviderEvents>(name: Name, listener: Listener<ProviderEvents[Name]>): void
  override on<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    listener: Listener<WebsocketProviderEvents[Name]>,
  ): Listener<WebsocketProviderEvents[Name]> {
    this.told.on(name, listener)
    if (isSame(name)) this.handOn(name)
    return listener
  }

  override once<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    listener: Listener<WebsocketProviderEvents[Name]>,
  ): void
  override once<Name extends keyof ProviderEvents>(name: Name, listener: Listener<ProviderEvents[Name]>): void
  override once<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    listener: Listener<WebsocketProviderEvents[Name]>,
  ): void {
    this.told.once(name, listener)
    if (isSame(name)) this.handOn(name)
  }

  /** Without `listener`: stops all of that name. */
  override off<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    listener?: Listener<WebsocketProviderEvents[Name]>,
  ): void
  override off<Name extends keyof ProviderEvents>(name: Name, listener?: Listener<ProviderEvents[Name]>): void
  override off<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    listener?: Listener<WebsocketProviderEvents[Name]>,
  ): void {
    this.told.off(name, listener)
    if (isSame(name)) this.handOn(name)
  }

  override emit<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    args: WebsocketProviderEvents[Name],
  ): void
  override emit<Name extends keyof ProviderEvents>(name: Name, args: ProviderEvents[Name]): void
  override emit<Name extends keyof WebsocketProviderEvents>(
    name: Name,
    args: WebsocketProviderEvents[Name],
  ): void {
    this.told.emit(name, args)
  }

  private translate(): void {
    const { told } = this
    super.on('frame', ({ direction }) => {
      if (direction === 'received') this.wsLastMessageReceived = Date.now()
    })
    super.on('sync', (isSynced) => this.tellSynced(isSynced))
    super.on('connection-error', (error) => told.emit('connection-error', [errorEventFrom(error), this]))
    super.on('connection-close', (event) => {
      // What this side ended is nobody's question, but for a relay that cannot be talked to.
      this.isStopped = isPermanent(event.code)
      const isOurs = event.isLocal && !this.isStopped
      told.emit('connection-close', [isOurs ? null : closeEventFrom(event), this])
      if (!isOurs) this.ended(event)
      else if (!this.isWished) this.halt()
    })
    // With the connection still there: the relay has closed the document alone, and no 'connection-close' follows.
    super.on('closed', (event) => {
      if (this.wsconnected) this.ended(event)
    })
  }

  private tellSynced(isSynced: boolean): void {
    this.isShownSynced = isSynced
    this.told.emit('synced', [isSynced])
    this.told.emit('sync', [isSynced])
  }

  /** Connection or document were closed by the relay or the network. */
  private ended(event: Close): void {
    const isFinal = isPermanent(event.code)
    const goesOn = this.shouldReconnect(closeEventFrom(event), this)
    if (goesOn && isFinal) this.retry = setTimeout(() => this.connect(), this.maxBackoffTime)
    if (!goesOn) this.isWished = false
    if (!this.isWished) {
      this.halt()
      this.isHalted = true
    }
    if (!goesOn) this.told.emit('closed', [event, this])
  }

  /** No attempt follows; a connection or an attempt that there is stays. */
  private halt(): void {
    if (this.retry !== undefined) this.isHalted = true
    this.cancelRetry()
    if (this.status !== 'disconnected') return
    this.isHalted = true
    // A code that is for good has stopped it already, and remains to be seen.
    if (!this.isStopped) super.disconnect()
  }

  private cancelRetry(): void {
    clearTimeout(this.retry)
    this.retry = undefined
  }
}
