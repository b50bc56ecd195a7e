/** automerge-repo brands its strings; this is where ours become such. */
import type { PeerId, SessionId, StorageId } from '@automerge/automerge-repo/slim'

export const peerIdFrom = (text: string): PeerId => text as PeerId
export const sessionIdFrom = (text: string): SessionId => text as SessionId
export const storageIdFrom = (text: string): StorageId => text as StorageId
