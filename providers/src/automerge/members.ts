/**
 * The Repos of others that share our secret, for apps that want to see them as peers: each shows itself as presence in
 * a room of its own. A member: id and storage id lengths 2 each, 1 if ephemeral, then the texts in UTF-8.
 */
import type { PeerId, PeerMetadata } from '@automerge/automerge-repo/slim'
import { createReader, createWriter, toHex, utf8 } from '../bytes.ts'
import type { Client } from '../client/client.ts'
import type { Replica } from '../client/replica.ts'
import type { SessionName } from '../protocol/index.ts'
import { err, ok, type Result } from '../result.ts'
import { peerIdFrom, storageIdFrom } from './brand.ts'

export interface Member {
  readonly peerId: PeerId
  readonly peerMetadata: PeerMetadata
}

export interface Members {
  has(peerId: string): boolean
  /** Takes leave of all of them. */
  close(): void
}

/** Document ids never look like this. */
const ROOM = 'sealsync members'

/** Nothing is ever written here. */
const NOTHING: Replica = {
  isEmpty: () => true,
  encodings: [],
  merge: ([first]) => first ?? { encoding: 0, payload: new Uint8Array(0) },
  apply: (batch) => batch.map((_, position) => position),
  track: () => undefined,
  missing: () => [],
  capture: () => undefined,
}

export const createMembers = (options: {
  readonly client: Client
  readonly secret: () => Promise<Uint8Array>
  readonly self: Member
  readonly onJoined: (member: Member) => void
  readonly onLeft: (peerId: PeerId) => void
}): Members => {
  const { client, secret, self, onJoined, onLeft } = options
  const bySession = new Map<string, PeerId>()
  const room = client.open({ secret, room: ROOM, snapshot: false }, NOTHING)

  const isShown = (peerId: string): boolean => [...bySession.values()].some((shown) => shown === peerId)

  const leave = (session: string): void => {
    const peerId = bySession.get(session)
    bySession.delete(session)
    if (peerId !== undefined && !isShown(peerId)) onLeft(peerId)
  }

  room.on('presence', ({ from, payload }) => {
    const session = nameOf(from)
    const member = payload === undefined ? undefined : decodeMember(payload)
    if (!member?.ok || member.value.peerId === self.peerId) {
      leave(session)
      return
    }
    // The same Repo may be here twice for a moment, when it has connected anew.
    const isNews = !isShown(member.value.peerId)
    bySession.set(session, member.value.peerId)
    if (isNews) onJoined(member.value)
  })
  room.presence(encodeMember(self))

  return {
    has: isShown,
    close: () => {
      room.presence(undefined)
      room.close()
      for (const session of [...bySession.keys()]) leave(session)
    },
  }
}

const nameOf = ({ author, session }: SessionName): string => `${toHex(author)} ${toHex(session)}`

const encodeMember = ({ peerId, peerMetadata }: Member): Uint8Array => {
  const [id, storageId] = [utf8(peerId), utf8(peerMetadata.storageId ?? '')]
  return createWriter(5 + id.length + storageId.length)
    .u16(id.length)
    .u16(storageId.length)
    .u8(peerMetadata.isEphemeral === true ? 1 : 0)
    .bytes(id)
    .bytes(storageId)
    .done()
}

const decodeMember = (bytes: Uint8Array): Result<Member> => {
  const reader = createReader(bytes)
  const lengths = [reader.u16(), reader.u16()] as const
  const isEphemeral = reader.u8() === 1
  const [id, storageId] = [reader.bytes(lengths[0]), reader.bytes(lengths[1])]
  if (!reader.finished()) return err('member: malformed')
  const text = new TextDecoder()
  const metadata = storageId.length === 0 ? {} : { storageId: storageIdFrom(text.decode(storageId)) }
  return ok({ peerId: peerIdFrom(text.decode(id)), peerMetadata: { ...metadata, isEphemeral } })
}
