/** What a member says to messages that the Repo addresses to it: that it has all of this. The relay carries the rest. */
import type { Message } from '@automerge/automerge-repo/slim'
import { decodeSyncMessage, encodeSyncMessage } from './sync-message.ts'

export const answerAsMember = (message: Message, send: (answer: Message) => void): void => {
  const { type, documentId, senderId, targetId, data } = message
  if (documentId === undefined) return
  const back = { documentId, senderId: targetId, targetId: senderId }
  if (type === 'request') send({ ...back, type: 'doc-unavailable' })
  if (type !== 'sync' || data === undefined) return
  const heard = decodeSyncMessage(data)
  if (!heard.ok) return
  const { heads } = heard.value
  send({ ...back, type: 'sync', data: encodeSyncMessage({ heads, have: [heads] }) })
}
