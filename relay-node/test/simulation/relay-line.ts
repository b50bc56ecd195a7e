/** The line between a Repo and the one peer that it sees, with somebody else at its other end now and then. */
import { type DocumentId, type Message, NetworkAdapter, type PeerId } from '@automerge/automerge-repo'

export interface RelayLine {
  readonly adapter: NetworkAdapter
  /** The relay is there; `heard` gets each message of the Repo about the document. */
  plug(heard: (message: Message) => void): void
  unplug(): void
  sync(data: Uint8Array): void
  unavailable(): void
}

const RELAY = 'relay' as PeerId

export const createRelayLine = (documentId: DocumentId): RelayLine => {
  let heard: ((message: Message) => void) | undefined
  let targetId: PeerId | undefined
  let isAnnounced = false

  // A class, because the Repo demands an instance.
  class LineAdapter extends NetworkAdapter {
    isReady(): boolean {
      return true
    }
    whenReady(): Promise<void> {
      return Promise.resolve()
    }
    connect(peerId: PeerId): void {
      targetId = peerId
      announce()
    }
    send(message: Message): void {
      const hears = heard
      // Called deep inside of a change.
      queueMicrotask(() => {
        if (heard === hears && message.documentId === documentId) hears?.(message)
      })
    }
    disconnect(): void {}
  }
  const adapter = new LineAdapter()

  const announce = (): void => {
    if (isAnnounced || heard === undefined || targetId === undefined) return
    isAnnounced = true
    adapter.emit('peer-candidate', {
      peerId: RELAY,
      peerMetadata: { storageId: 'relay' as never, isEphemeral: false },
    })
  }
  const tell = (message: { readonly type: string; readonly data?: Uint8Array }): void => {
    if (targetId !== undefined) adapter.emit('message', { ...message, documentId, senderId: RELAY, targetId })
  }

  return {
    adapter,
    plug: (hears) => {
      heard = hears
      queueMicrotask(announce)
    },
    unplug: () => {
      heard = undefined
      if (!isAnnounced) return
      isAnnounced = false
      adapter.emit('peer-disconnected', { peerId: RELAY })
    },
    sync: (data) => tell({ type: 'sync', data }),
    unavailable: () => tell({ type: 'doc-unavailable' }),
  }
}
