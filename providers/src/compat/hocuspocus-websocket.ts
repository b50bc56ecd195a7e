/** The connection that several documents share, as Hocuspocus has it: a client with events. */
import { type Client, type ClientEvents, createClient } from '../client/client.ts'
import { createListeners, type Listeners } from '../yjs/listeners.ts'
import { addressFrom, withoutSlashes } from './address.ts'
import { websocketDefaults } from './hocuspocus-defaults.ts'
import { closeEventFrom, type HocuspocusWebsocketEvents, type WebSocketStatus } from './hocuspocus-events.ts'
import {
  type CompleteHocuspocusProviderWebsocketConfiguration,
  checkWebsocketOptions,
  type HocuspocusProviderWebsocketConfiguration,
} from './hocuspocus-options.ts'

/** A provider, as its connection sees it. */
export interface AttachedProvider {
  readonly effectiveName: string
  readonly isAuthenticated: boolean
  detach(): void
  getToken(): Promise<string | null>
  permissionDeniedHandler(reason: string): void
}

type Listener<Name extends keyof HocuspocusWebsocketEvents> = (
  ...args: HocuspocusWebsocketEvents[Name]
) => void

/**
 * One connection to a relay for several documents: each `HocuspocusProvider` that gets it as `websocketProvider` joins
 * with `attach()`. It has the constructor, events and properties of Hocuspocus' class.
 *
 * @example
 * const websocketProvider = new HocuspocusProviderWebsocket({ url: 'wss://relay.example' })
 * const provider = new HocuspocusProvider({ websocketProvider, name: 'notes', document: doc, secret })
 * provider.attach()
 */
export class HocuspocusProviderWebsocket {
  /** As given, with the values of Hocuspocus for what was not; and the providers that are attached now, by name. */
  readonly configuration: CompleteHocuspocusProviderWebsocketConfiguration
  /** What the documents share. */
  readonly client: Client
  /** Always `null`: what goes through the socket is sealed, and of no use to an app. */
  readonly webSocket: WebSocket | null = null

  private readonly listeners: Listeners<HocuspocusWebsocketEvents> = createListeners()
  private isUp = false
  private failures = 0
  private isWished: boolean
  /** There was a connection or an attempt, and none follows until `shouldConnect` says so again. */
  private isHalted = false
  /** The last connection ended for good, and its documents say so. */
  private isStopped = false
  private isEnded = false
  /** Ends of promises of a connection. */
  private readonly waiting = new Set<() => void>()

  /** Throws a `TypeError` for an unknown option or a wrong address. */
  constructor(configuration: HocuspocusProviderWebsocketConfiguration) {
    checkWebsocketOptions(configuration)
    const { storage, identity, params, WebSocketPolyfill } = configuration
    const { autoConnect = true, providerMap = new Map() } = configuration
    this.configuration = { ...websocketDefaults(), ...configuration, providerMap }
    this.isWished = autoConnect
    this.client = createClient({
      relay: this.address(),
      connect: false,
      token: () => this.token(),
      ...(storage === undefined ? {} : { storage }),
      ...(identity === undefined ? {} : { identity }),
      ...(params === undefined ? {} : { params }),
      ...(WebSocketPolyfill === undefined ? {} : { WebSocketPolyfill }),
    })
    this.client.on('status', (status) => this.changed(status))
    this.client.on('connection-close', (end) => this.ended(end))
    this.register(configuration)
    if (autoConnect) this.client.connect()
  }

  get status(): WebSocketStatus {
    return this.client.status
  }

  /** Address of the relay. */
  get url(): string {
    return this.client.relay
  }

  /** The same as `url`. */
  get serverUrl(): string {
    return this.url
  }

  /**
   * Set to false, the connection stays, or the attempt that is under way, and no other follows it. Set to true again, it
   * goes on; what was never connected waits for `connect()` or `provider.attach()`.
   */
  get shouldConnect(): boolean {
    return this.isWished
  }

  set shouldConnect(shouldConnect: boolean) {
    if (shouldConnect === this.isWished) return
    this.isWished = shouldConnect
    if (shouldConnect && this.isHalted) void this.connect()
    else if (!shouldConnect) this.halt()
  }

  /** Resolves once it is connected, or no attempt follows any more. */
  connect(): Promise<void> {
    const { client } = this
    if (this.isEnded) return Promise.resolve()
    this.isWished = true
    this.isHalted = false
    this.isStopped = false
    this.failures = 0
    client.connect()
    return new Promise((resolve) => {
      if (client.status === 'connected') resolve()
      else this.waiting.add(resolve)
    })
  }

  disconnect(): void {
    this.isHalted ||= this.isWished
    this.isWished = false
    this.client.disconnect()
    this.settle()
  }

  /** Ends the connection for all documents on it, for good. */
  destroy(): void {
    this.listeners.emit('destroy', [])
    this.isWished = false
    this.isEnded = true
    this.client.close()
    this.settle()
    this.listeners.clear()
  }

  /**
   * Called by `provider.attach()`. Throws when another document of this name is on the connection and synced; one that
   * is not makes way.
   */
  attach(provider: AttachedProvider): void {
    const { providerMap } = this.configuration
    const existing = providerMap.get(provider.effectiveName)
    if (existing !== undefined && existing !== provider) {
      if (existing.isAuthenticated) {
        throw new Error(
          `attach: this connection has "${provider.effectiveName}" already. Share that provider, destroy it first, or ` +
            'give this one a connection of its own with url instead of websocketProvider.',
        )
      }
      existing.detach()
    }
    providerMap.set(provider.effectiveName, provider)
    if (this.shouldConnect) this.client.connect()
  }

  /** Called by `provider.detach()`. */
  detach(provider: AttachedProvider): void {
    const { providerMap } = this.configuration
    if (providerMap.get(provider.effectiveName) === provider) providerMap.delete(provider.effectiveName)
  }

  /** A new `url` moves the connection at once, `maxAttempts` counts from now on; nothing else can be changed. */
  setConfiguration(configuration: Partial<HocuspocusProviderWebsocketConfiguration> = {}): void {
    Object.assign(this.configuration, configuration)
    if (configuration.url !== undefined) this.client.setUrl(this.address())
  }

  on<Name extends keyof HocuspocusWebsocketEvents>(name: Name, listener: Listener<Name>): this {
    this.listeners.on(name, listener)
    return this
  }

  /** Without `listener`: stops all of that name. */
  off<Name extends keyof HocuspocusWebsocketEvents>(name: Name, listener?: Listener<Name>): this {
    this.listeners.off(name, listener)
    return this
  }

  removeAllListeners(): void {
    this.listeners.clear()
  }

  private address(): string {
    const { url, preserveTrailingSlash = false } = this.configuration
    return addressFrom(preserveTrailingSlash ? url : withoutSlashes(url))
  }

  /** One greeting, one token: that of the first document which has one. */
  private async token(): Promise<string> {
    for (const provider of this.configuration.providerMap.values()) {
      try {
        const token = await provider.getToken()
        if (token !== null && token !== '') return token
      } catch (error) {
        provider.permissionDeniedHandler(`Failed to get token: ${String(error)}`)
        throw error
      }
    }
    return ''
  }

  private changed(status: WebSocketStatus): void {
    const { listeners } = this
    listeners.emit('status', [{ status }])
    if (status !== 'connected') return
    this.isUp = true
    this.failures = 0
    this.settle()
    listeners.emit('open', [{ event: new Event('open') }])
    listeners.emit('connect', [])
  }

  private ended(end: ClientEvents['connection-close']): void {
    const { listeners, configuration } = this
    const event = closeEventFrom(end)
    if (!this.isUp) this.failures += 1
    this.isUp = false
    this.isStopped = end.final
    listeners.emit('disconnect', [{ event }])
    listeners.emit('close', [{ event }])
    if (!this.isWished) this.halt()
    else if (end.final) this.settle()
    const { maxAttempts = 0 } = configuration
    const hasFailed = maxAttempts > 0 && this.failures >= maxAttempts
    if (!hasFailed) return
    this.disconnect()
    const error = new Error(
      `${this.failures} attempts to connect failed; the last: ${event.code} ${event.reason}`,
    )
    listeners.emit('maxAttemptsFailed', [{ error }])
  }

  /** No attempt follows; a connection or an attempt that there is stays. */
  private halt(): void {
    if (this.client.status !== 'disconnected') return
    this.isHalted = true
    // A code that is for good has stopped it already, and remains to be seen.
    if (!this.isStopped) this.client.disconnect()
    this.settle()
  }

  private settle(): void {
    for (const resolve of this.waiting) resolve()
    this.waiting.clear()
  }

  private register(configuration: HocuspocusProviderWebsocketConfiguration): void {
    const { onOpen, onConnect, onStatus, onDisconnect, onClose, onDestroy, onMaxAttemptsFailed } =
      configuration
    if (onOpen !== undefined) this.on('open', onOpen)
    if (onConnect !== undefined) this.on('connect', onConnect)
    if (onStatus !== undefined) this.on('status', onStatus)
    if (onDisconnect !== undefined) this.on('disconnect', onDisconnect)
    if (onClose !== undefined) this.on('close', onClose)
    if (onDestroy !== undefined) this.on('destroy', onDestroy)
    if (onMaxAttemptsFailed !== undefined) this.on('maxAttemptsFailed', onMaxAttemptsFailed)
  }
}
