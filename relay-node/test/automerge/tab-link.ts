/** Two Repos of one device, linked as tabs are by a MessageChannel: in order, a moment later, each message a copy. */
import { type Message, NetworkAdapter, type PeerId, type PeerMetadata } from '@automerge/automerge-repo/slim'

export interface TabLink {
  readonly adapters: readonly [NetworkAdapter, NetworkAdapter]
  /** Messages in both directions so far. */
  messages(): number
}

export const createTabLink = (): TabLink => {
  let messages = 0

  // A class, because the Repo demands an instance.
  class LinkedAdapter extends NetworkAdapter {
    other: LinkedAdapter | undefined
    isUp = false

    isReady(): boolean {
      return true
    }

    whenReady(): Promise<void> {
      return Promise.resolve()
    }

    connect(peerId: PeerId, peerMetadata?: PeerMetadata): void {
      this.peerId = peerId
      this.peerMetadata = peerMetadata ?? {}
      this.isUp = true
      const { other } = this
      if (other?.isUp !== true) return
      this.greet(other)
      other.greet(this)
    }

    greet({ peerId, peerMetadata = {} }: LinkedAdapter): void {
      if (peerId !== undefined) setTimeout(() => this.emit('peer-candidate', { peerId, peerMetadata }))
    }

    send(message: Message): void {
      const { other } = this
      if (!this.isUp || other?.isUp !== true) return
      messages += 1
      const copy = message.data === undefined ? { ...message } : { ...message, data: message.data.slice() }
      setTimeout(() => {
        if (other.isUp) other.emit('message', copy)
      })
    }

    disconnect(): void {
      if (!this.isUp) return
      this.isUp = false
      const { other } = this
      if (this.peerId !== undefined && other?.isUp === true) {
        other.emit('peer-disconnected', { peerId: this.peerId })
      }
      if (other?.peerId !== undefined) this.emit('peer-disconnected', { peerId: other.peerId })
    }
  }

  const [left, right] = [new LinkedAdapter(), new LinkedAdapter()]
  left.other = right
  right.other = left
  return { adapters: [left, right], messages: () => messages }
}
