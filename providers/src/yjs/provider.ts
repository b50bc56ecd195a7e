/** The provider: a Y.Doc and its Awareness, end-to-end encrypted, behind the interface that Yjs apps already use. */
import { Awareness } from 'y-protocols/awareness'
import type { Doc, Transaction } from 'yjs'
import { type Client, createClient } from '../client/client.ts'
import type { ConnectionStatus, SyncDocument } from '../client/sync-document.ts'
import { isPermanent } from '../protocol/close.ts'
import type { PauseDirections, SyncStatus } from '../sync/effects.ts'
import type { Receipt } from '../sync/receipts.ts'
import { type Attributable, type Attribution, createAttribution } from './attribution.ts'
import type { Authorship } from './authors.ts'
import { type AwarenessBinding, bindAwareness } from './awareness.ts'
import { claimFrom, createClientIds } from './client-ids.ts'
import { createListeners, type Listeners } from './listeners.ts'
import { watchEdits } from './local-edits.ts'
import type { EditorAwareness, ProviderEvents, ProviderSnapshot } from './provider-events.ts'
import {
  checkProvider,
  connectionOptions,
  documentOptions,
  type ProviderOptions,
} from './provider-options.ts'
import { createProviderState, type ProviderState } from './provider-state.ts'
import type { RemoteChange } from './remote-changes.ts'
import { createYjsReplica } from './replica.ts'

/**
 * Syncs a Y.Doc through a relay that can read none of it.
 *
 * The constructor opens the document: it reads storage, if there is one, and connects unless told `connect: false`.
 * What others write is applied with the provider as transaction origin. A class, because editors demand an instance.
 *
 * @example
 * const provider = new SealsyncProvider('wss://relay.example', 'notes', doc, { secret })
 * await provider.whenSynced
 */
export class SealsyncProvider {
  readonly doc: Doc
  /** The same as `doc`. */
  readonly document: Doc
  readonly awareness: EditorAwareness
  /** The app's name for the document; never sent. */
  readonly roomname: string
  /** The same as `roomname`. */
  readonly room: string
  /** Resolves when all that the relay had was applied for the first time; rejects if destroyed before. */
  readonly whenSynced: Promise<void>

  private wanted: boolean
  private isDestroyed = false
  private isClosedForGood = false
  private readonly client: Client
  private readonly sharesClient: boolean
  protected readonly session: SyncDocument
  private readonly state: ProviderState
  private readonly attribution: Attribution
  private readonly presence: AwarenessBinding | undefined
  private readonly ownsAwareness: boolean
  private readonly stopWatching: () => void
  private readonly stopForwarding: () => void
  private readonly listeners: Listeners<ProviderEvents> = createListeners()
  private readonly onDocDestroy = (): void => this.destroy()

  constructor(url: string, room: string, doc: Doc, options: ProviderOptions) {
    checkProvider(url, doc, options)
    this.doc = doc
    this.document = doc
    this.roomname = room
    this.room = room
    this.wanted = options.connect ?? true

    const clientIds = createClientIds()
    const { listeners } = this
    const attribution = createAttribution({ doc, listeners, self: () => this.session.self() })
    this.attribution = attribution
    const replica = createYjsReplica(doc, this, {
      onClaims: (claims) => {
        clientIds.claimed(claims)
        attribution.onClaims(claims)
      },
      onPieces: attribution.onPieces,
      onRejected: (received, reason) => this.session.reject(received, reason),
    })
    const client = options.client ?? createClient({ relay: url, ...connectionOptions(options) })
    const session = client.open({ room, ...documentOptions(options, doc) }, replica)
    this.sharesClient = client === options.client
    if (this.sharesClient && !this.wanted) session.detach()
    const state = createProviderState(session, this.listeners)
    this.client = client
    this.session = session
    this.state = state
    this.whenSynced = state.whenSynced

    // Only now that nothing throws any more: an Awareness runs a timer from its first moment.
    const awareness = options.awareness ?? new Awareness(doc)
    this.awareness = awareness
    this.ownsAwareness = awareness !== options.awareness
    const { presence: present } = session
    const isShown = options.awareness !== null
    const presence = isShown ? bindAwareness({ awareness, doc, origin: this, clientIds, present }) : undefined
    this.presence = presence
    this.stopWatching = watchEdits({
      doc,
      origin: this,
      claim: (clientId) => {
        attribution.claimedByUs(clientId)
        session.claim(claimFrom(clientId))
      },
      push: state.push,
      // Later, because an app may borrow another client id for a moment, and a cursor should not jump for that.
      onClientId: () => queueMicrotask(() => presence?.follow()),
    })

    this.stopForwarding = this.forward()
    doc.on('destroy', this.onDocDestroy)
  }

  /** Address of the relay. */
  get url(): string {
    return this.client.relay
  }

  /** Of the connection: `connecting`, `connected` or `disconnected`. */
  get status(): ConnectionStatus {
    return this.getSnapshot().connection
  }

  /** Of the document: whether everything is saved, and if not, why. */
  get syncStatus(): SyncStatus {
    return this.getSnapshot().syncStatus
  }

  get wsconnected(): boolean {
    return this.status === 'connected'
  }

  get wsconnecting(): boolean {
    return this.status === 'connecting'
  }

  /** Whether the app wants a connection: `connect()` was called last, and not `disconnect()`. */
  get shouldConnect(): boolean {
    return this.wanted
  }

  /** All that the relay had is applied, on this connection. */
  get synced(): boolean {
    return this.getSnapshot().synced
  }

  /** The same as `synced`. */
  get isSynced(): boolean {
    return this.synced
  }

  /** Edits that are not yet both acknowledged by the relay and kept in storage; an edit counts as soon as it is made. */
  get unsyncedChanges(): number {
    return this.getSnapshot().unsyncedChanges
  }

  get hasUnsyncedChanges(): boolean {
    return this.unsyncedChanges > 0
  }

  /** The same as `hasUnsyncedChanges`. */
  get hasLocalChanges(): boolean {
    return this.hasUnsyncedChanges
  }

  /** Nothing was ever stored in this document: it is new, or secret or room are wrong. */
  get isNew(): boolean {
    return this.getSnapshot().isNew
  }

  /** Hex of the document id; `undefined` until the secret has arrived. */
  get docId(): string | undefined {
    return this.session.docId()
  }

  getYDoc(): Doc {
    return this.doc
  }

  /** All of the status at once; the same frozen object until something changes. */
  getSnapshot(): ProviderSnapshot {
    return this.state.snapshot()
  }

  /**
   * Connects, also after `disconnect()` and after the relay closed for good. When it is connected already, tells so
   * once more: editors subscribe first and call this then.
   */
  connect(): void {
    if (this.isDestroyed)
      throw new Error('this provider is destroyed: make another with new SealsyncProvider()')
    this.wanted = true
    // Whatever was closed for good is asked for once more on a new connection.
    if (this.isClosedForGood) this.leave()
    this.isClosedForGood = false
    const wasConnected = this.wsconnected
    if (this.sharesClient) this.session.attach()
    else this.client.connect()
    if (wasConnected) queueMicrotask(this.state.repeat)
  }

  /** Ends the connection. The document stays open, and what is written meanwhile is kept. */
  disconnect(): void {
    if (this.isDestroyed) return
    this.wanted = false
    this.leave()
  }

  /** Moves to another relay. */
  setUrl(url: string): void {
    if (this.isDestroyed) return
    this.client.setUrl(url)
  }

  /** Seals and sends what has gathered, now. */
  flush(): void {
    this.session.flush()
  }

  /** Resolves once every edit is both acknowledged by the relay and kept in storage, if there is one. */
  saved(): Promise<void> {
    return this.session.saved()
  }

  /**
   * What the other connected sessions have of what this one has written, as they told; empty without the option
   * `receipts`. The same array until something changes.
   */
  receipts(): readonly Receipt[] {
    return this.session.receipts()
  }

  /** Makes a snapshot as soon as one can be made; false when it turned out not to be needed. */
  snapshot(): Promise<boolean> {
    return this.session.snapshot()
  }

  /** Holds back what would be sent, or received, or both. */
  pause(directions: PauseDirections = { send: true, receive: true }): void {
    this.session.pause(directions)
  }

  resume(directions?: PauseDirections): void {
    this.session.resume(directions)
  }

  /** Sends what has gathered and stops for good; document and a given Awareness stay as they are. Idempotent. */
  destroy(): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.wanted = false
    this.doc.off('destroy', this.onDocDestroy)
    this.stopWatching()
    this.attribution.close()
    this.presence?.close()
    if (this.ownsAwareness) this.awareness.destroy()
    if (this.sharesClient) this.session.close()
    else this.client.close()
    this.stopForwarding()
    this.state.end()
    this.listeners.emit('destroy', [])
    this.listeners.clear()
  }

  /**
   * The device that writes under a client id, by its signed claim, or that wrote what stands at a place: `undefined` when
   * nobody has claimed the id, when only another device has signed what stands there, or when nothing does. Snapshots
   * carry claims on the word of their makers; see docs/attribution.md.
   */
  authorOf(what: Attributable): Authorship | undefined {
    return this.attribution.authorOf(what)
  }

  /** Whose changes a transaction applied, for observers: none when the app made it. */
  authorsOf(transaction: Transaction): readonly RemoteChange[] {
    return this.attribution.authorsOf(transaction)
  }

  on<Name extends keyof ProviderEvents>(name: Name, listener: (...args: ProviderEvents[Name]) => void): void {
    this.listeners.on(name, listener)
  }

  once<Name extends keyof ProviderEvents>(
    name: Name,
    listener: (...args: ProviderEvents[Name]) => void,
  ): void {
    this.listeners.once(name, listener)
  }

  /** Without `listener`: stops all of that name. */
  off<Name extends keyof ProviderEvents>(
    name: Name,
    listener?: (...args: ProviderEvents[Name]) => void,
  ): void {
    this.listeners.off(name, listener)
  }

  emit<Name extends keyof ProviderEvents>(name: Name, args: ProviderEvents[Name]): void {
    this.listeners.emit(name, args)
  }

  private leave(): void {
    if (this.sharesClient) this.session.detach()
    else this.client.disconnect()
  }

  private forward(): () => void {
    const { client, session, presence, listeners } = this
    session.on('presence', ({ from, payload }) => presence?.received(from, payload))
    session.on('status', ({ connection }) => {
      if (connection !== 'connected') presence?.disconnected()
    })
    session.on('alarm', (alarm) => listeners.emit('alarm', [alarm]))
    session.on('receipt', (receipts) => listeners.emit('receipt', [receipts]))
    session.on('progress', (progress) => listeners.emit('progress', [progress]))
    session.on('new', () => listeners.emit('new', []))
    session.on('storage-error', (error) => listeners.emit('storage-error', [error]))
    session.on('frame', (frame) => listeners.emit('frame', [frame]))
    session.on('closed', (event) => {
      if (!isPermanent(event.code)) return
      this.isClosedForGood = true
      listeners.emit('closed', [event, this])
    })
    // What happens to a shared connection is no news for a document that has left it.
    const isOurs = (): boolean => this.wanted || !this.sharesClient
    const stopClose = client.on('connection-close', (event) => {
      if (isOurs()) listeners.emit('connection-close', [event, this])
    })
    const stopError = client.on('connection-error', (error) => {
      if (isOurs()) listeners.emit('connection-error', [error, this])
    })
    return () => {
      stopClose()
      stopError()
    }
  }
}
