/** The adapter: a Repo's documents, end-to-end encrypted, behind the interface that automerge-repo apps already use. */
import {
  type Message,
  NetworkAdapter,
  type NetworkAdapterEvents,
  type PeerId,
  type PeerMetadata,
  type StorageId,
} from '@automerge/automerge-repo/slim'
import { type Client, createClient } from '../client/client.ts'
import { createEmitter, type Emitter } from '../client/emitter.ts'
import type { ConnectionStatus } from '../client/sync-document.ts'
import type { AdapterEvents, AdapterStatus } from './adapter-events.ts'
import { type AdapterOptions, type CheckedOptions, checkAdapter } from './adapter-options.ts'
import { peerIdFrom, storageIdFrom } from './brand.ts'
import { createMemberAnswers } from './member-answer.ts'
import { createMembers, type Members } from './members.ts'
import { createRelayPeer, type RelayPeer } from './relay-peer.ts'

type Events = AdapterEvents & NetworkAdapterEvents

const FACTS = ['status', 'alarm', 'new', 'progress', 'storage-error', 'broadcast-dropped'] as const

type Unsubscribe = Readonly<Record<keyof AdapterEvents, Map<unknown, () => void>>>

const isFact = (name: string): name is keyof AdapterEvents => FACTS.some((fact) => fact === name)

/**
 * Syncs the documents of a Repo through a relay that can read none of them.
 *
 * Inert until the Repo calls `connect`. To the Repo it is one peer, the relay, which is there even while the connection
 * is down; documents are opened on the relay by the Repo's first message about them. A class, because the Repo demands
 * an instance.
 *
 * @example
 * const repo = new Repo({ network: [new SealsyncNetworkAdapter('wss://relay.example', { secret })] })
 */
export class SealsyncNetworkAdapter extends NetworkAdapter {
  /** The peer id under which the Repo knows the relay; one per adapter. For share policies. */
  readonly relayPeerId: PeerId
  /** The storage id under which `getSyncInfo` and `remote-heads` speak of the relay: the same for the same address. */
  readonly relayStorageId: StorageId

  private readonly url: string
  private readonly options: CheckedOptions
  private readonly facts: Emitter<AdapterEvents> = createEmitter(FACTS)
  private readonly unsubscribe: Unsubscribe = {
    status: new Map(),
    alarm: new Map(),
    new: new Map(),
    progress: new Map(),
    'storage-error': new Map(),
    'broadcast-dropped': new Map(),
  }
  private client: Client | undefined
  private relay: RelayPeer | undefined
  private members: Members | undefined
  private answerAsMember: ((message: Message) => void) | undefined
  private isAnnounced = false
  private readyTimer: ReturnType<typeof setTimeout> | undefined
  private isReadyNow = false
  private readyWaiters: (() => void)[] = []

  /** `url`: address of the relay, `wss://…` (or `ws://…`). Throws a `TypeError` for wrong options. */
  constructor(url: string, options: AdapterOptions) {
    super()
    this.options = checkAdapter(url, options)
    this.url = url
    const { host, pathname } = new URL(url)
    // Becomes part of a file name in some storages.
    const name = `sealsync-${`${host}${pathname}`.replaceAll(/[^a-z0-9.]+/gi, '-')}`
    this.relayStorageId = storageIdFrom(name)
    this.relayPeerId = peerIdFrom(`${name}-${Math.random().toString(36).slice(2)}`)
  }

  /** `AdapterEvents` tell the app; the other events are those by which the Repo hears an adapter. */
  override on<Name extends keyof AdapterEvents>(
    name: Name,
    listener: (event: AdapterEvents[Name]) => void,
  ): this
  override on<Name extends keyof NetworkAdapterEvents>(
    name: Name,
    listener: NetworkAdapterEvents[Name],
    context?: unknown,
  ): this
  override on(name: keyof Events, listener: (event: never) => void, context?: unknown): this {
    // The signatures above are what callers see; here both kinds of listeners are one.
    if (!isFact(name)) return super.on(name, listener as () => void, context)
    this.unsubscribe[name].get(listener)?.()
    this.unsubscribe[name].set(listener, this.facts.on(name, listener as (event: unknown) => void))
    return this
  }

  override off<Name extends keyof AdapterEvents>(
    name: Name,
    listener: (event: AdapterEvents[Name]) => void,
  ): this
  override off<Name extends keyof NetworkAdapterEvents>(
    name: Name,
    listener?: NetworkAdapterEvents[Name],
    context?: unknown,
  ): this
  override off(name: keyof Events, listener?: (event: never) => void, context?: unknown): this {
    if (!isFact(name)) return super.off(name, listener as () => void, context)
    this.unsubscribe[name].get(listener)?.()
    this.unsubscribe[name].delete(listener)
    return this
  }

  /** Of the connection: `connecting`, `connected` or `disconnected`. */
  get status(): ConnectionStatus {
    return this.client?.status ?? 'disconnected'
  }

  /** Where a document stands; `undefined` if the Repo has not spoken of it. The same frozen object until it changes. */
  documentStatus(documentId: string): AdapterStatus | undefined {
    return this.relay?.status(documentId)
  }

  /** True once the relay is connected, or `readyTimeoutMs` have passed. */
  isReady(): boolean {
    return this.isReadyNow
  }

  /** Always resolves: `find` waits for it. */
  whenReady(): Promise<void> {
    if (this.isReadyNow) return Promise.resolve()
    return new Promise((resolve) => {
      this.readyWaiters.push(resolve)
    })
  }

  /** Called by the Repo. Also after `disconnect`, with or without metadata. */
  connect(peerId: PeerId, peerMetadata?: PeerMetadata): void {
    this.disconnect()
    this.peerId = peerId
    if (peerMetadata !== undefined) this.peerMetadata = peerMetadata
    const { client: clientOptions, peers, readyTimeoutMs } = this.options
    const client = createClient({ relay: this.url, ...clientOptions, connect: false })
    this.client = client
    this.relay = createRelayPeer({
      client,
      options: this.options,
      facts: this.facts,
      send: (message) => {
        // Another Repo of ours may have passed on what this one broadcast.
        const isOwn = message.type === 'ephemeral' && message.senderId === peerId
        if (this.client === client && !isOwn) this.emit('message', { ...message, targetId: peerId })
      },
      relayPeerId: this.relayPeerId,
    })
    client.on('status', () => {
      if (client.status === 'connected' && !peers) this.becomeReady()
      this.facts.emit('status', { documentId: undefined, connection: client.status })
    })
    if (peers) this.meetMembers(client, peerId)
    this.readyTimer = setTimeout(() => this.becomeReady(), readyTimeoutMs)
    queueMicrotask(() => {
      if (this.client !== client) return
      // With members the relay comes after them: whoever waits for a first peer means one of those.
      if (!peers) this.announce()
      client.connect()
    })
  }

  private meetMembers(client: Client, peerId: PeerId): void {
    this.answerAsMember = createMemberAnswers((answer) => this.emit('message', answer))
    this.members = createMembers({
      client,
      secret: () => this.options.secretOf('').then((secret) => secret ?? new Uint8Array(0)),
      self: { peerId, peerMetadata: this.peerMetadata ?? {} },
      onJoined: (member) => {
        this.emit('peer-candidate', member)
        this.becomeReady()
      },
      onLeft: (left) => this.emit('peer-disconnected', { peerId: left }),
    })
  }

  private announce(): void {
    if (this.isAnnounced) return
    this.isAnnounced = true
    const peerMetadata = { storageId: this.relayStorageId, isEphemeral: false }
    this.emit('peer-candidate', { peerId: this.relayPeerId, peerMetadata })
  }

  private becomeReady(): void {
    clearTimeout(this.readyTimer)
    this.announce()
    this.isReadyNow = true
    const waiters = this.readyWaiters
    this.readyWaiters = []
    for (const resolve of waiters) resolve()
  }

  /** Called by the Repo, deep inside of a change: never throws, and does nothing before that has ended. */
  send(message: Message): void {
    const { relay, members, client } = this
    if (relay === undefined) return
    queueMicrotask(() => {
      if (this.client !== client) return
      if (message.targetId === this.relayPeerId) relay.heard(message)
      else if (members?.has(message.targetId)) this.answerAsMember?.(message)
    })
  }

  /** Called by the Repo when it shuts down. What has gathered is still sent. Idempotent. */
  disconnect(): void {
    const { client, relay, members } = this
    if (client === undefined) return
    clearTimeout(this.readyTimer)
    relay?.close()
    members?.close()
    client.close()
    this.client = undefined
    this.relay = undefined
    this.members = undefined
    this.answerAsMember = undefined
    this.isReadyNow = false
    if (!this.isAnnounced) return
    this.isAnnounced = false
    this.emit('peer-disconnected', { peerId: this.relayPeerId })
  }

  /**
   * Stops syncing a document until the Repo speaks of it again: call it beside `repo.delete`, which tells no adapter,
   * or the next change of somebody else brings the document back.
   */
  forget(documentId: string): void {
    this.relay?.forget(documentId)
  }

  /** Makes a snapshot as soon as one can be made; false when that turned out not to be needed. */
  async compact(documentId: string): Promise<boolean> {
    return this.relay?.compact(documentId) ?? false
  }
}
